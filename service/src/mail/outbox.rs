//! The outbox: one row for each mail, from its occasion until it is cleared away.
//!
//! Several processes may send from it. Whoever claims a row, by a conditional UPDATE, has it for a while; if
//! that passes without word, somebody else may try.

use chrono::TimeDelta;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, prelude::DateTimeWithTimeZone, sea_query::Expr,
};
use uuid::Uuid;

use super::{Purpose, is_deliverable};
use crate::{Context, Result, error::chain, lifetime};
use entity::{
    outbox::{ActiveModel, Column, Entity, Model},
    users,
};

/// How many letters are sent at a time.
const BATCH: u64 = 8;

/// For so long a row belongs to whoever claimed it: longer than an attempt may take.
const LEASE: TimeDelta = TimeDelta::seconds(90);

/// How long the next attempt waits after the first.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);

/// The longest wait between two attempts.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);

/// The same for what a server has refused: it may refuse us, whose operator then has to do something.
const LONGEST_PAUSE_OF_REFUSED: TimeDelta = TimeDelta::hours(1);

/// Template of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    /// The address of a new account is to be verified.
    VerifyEmail,
    /// A new address is to be confirmed.
    ChangeEmail,
    /// A new password can be chosen.
    PasswordReset,
    /// Another address was asked for.
    EmailChangeRequested,
    /// Another address has taken the place of this one.
    EmailChanged,
    /// Another password has taken the place of the old one.
    PasswordChanged,
}

impl Template {
    const ALL: [Self; 6] = [
        Self::VerifyEmail,
        Self::ChangeEmail,
        Self::PasswordReset,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::PasswordChanged,
    ];

    /// The kind's name, as it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ChangeEmail => "change_email",
            Self::PasswordReset => "password_reset",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
        }
    }

    /// Reads a stored kind.
    pub(super) fn from_column(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == name)
    }

    /// What the letter's token is good for; a mere notice has none.
    pub(super) const fn purpose(self) -> Option<Purpose> {
        match self {
            Self::VerifyEmail => Some(Purpose::VerifyEmail),
            Self::ChangeEmail => Some(Purpose::ChangeEmail),
            Self::PasswordReset => Some(Purpose::ResetPassword),
            Self::EmailChangeRequested | Self::EmailChanged | Self::PasswordChanged => None,
        }
    }

    fn lifetime(self) -> TimeDelta {
        self.purpose().map_or(lifetime::NOTICE, Purpose::lifetime)
    }
}

/// Notes a letter to the owner of an account. One that waits already and says the same gives way to it.
pub(crate) async fn enqueue(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    template: Template,
    user: &users::Model,
    address: &str,
) -> Result<()> {
    if !is_deliverable(address) {
        return Ok(());
    }
    let state = template.purpose().and_then(|purpose| purpose.state(user));
    if template.purpose().is_some() {
        withdraw(txn, template, user.id, None).await?;
    }
    let row = row(now, template, address.to_owned());
    ActiveModel { user_id: Set(Some(user.id)), state: Set(state), ..row }.insert(txn).await?;
    Ok(())
}

/// Notes that somebody wants a letter for the account that has an address. Whether there is one is not
/// looked up here: what is done is the same for every address.
pub(crate) async fn enqueue_for_address(cx: &Context, template: Template, address: String) -> Result<()> {
    let row = row(cx.clock().now(), template, address);
    cx.db
        .write(move |txn| {
            Box::pin(async move {
                row.insert(txn).await?;
                Ok(())
            })
        })
        .await
}

fn row(now: DateTimeWithTimeZone, template: Template, address: String) -> ActiveModel {
    ActiveModel {
        kind: Set(template.as_str().to_owned()),
        address: Set(address),
        due_at: Set(now),
        created_at: Set(now),
        expires_at: Set(now + template.lifetime()),
        ..ActiveModel::new()
    }
}

/// Takes back letters of a kind to an account that wait to be sent, all but one.
pub(super) async fn withdraw(
    txn: &DatabaseTransaction,
    template: Template,
    user_id: Uuid,
    kept: Option<Uuid>,
) -> Result<()> {
    let mut waiting: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::UserId.eq(user_id))
        .filter(Column::Kind.eq(template.as_str()))
        .filter(Column::SentAt.is_null())
        .into_tuple()
        .all(txn)
        .await?;
    waiting.retain(|id| Some(*id) != kept);
    // Read first: a DELETE that finds nothing would lock the gap on MariaDB, and two would wait for each other.
    if !waiting.is_empty() {
        Entity::delete_many().filter(Column::Id.is_in(waiting)).exec(txn).await?;
    }
    Ok(())
}

/// Claims letters that are due, as many as are sent at a time. Where others were quicker with what it saw, it
/// looks again.
pub(super) async fn claim(cx: &Context) -> Result<Vec<Model>> {
    let mut claimed = Vec::new();
    let mut failed = 0;
    loop {
        let now = cx.clock().now();
        let left = BATCH - claimed.len() as u64;
        let due = cx
            .db
            .read(async |conn| {
                Entity::find()
                    .filter(Column::SentAt.is_null())
                    .filter(Column::DueAt.lte(now))
                    .filter(Column::ExpiresAt.gt(now))
                    .order_by_asc(Column::DueAt)
                    .limit(left)
                    .all(conn)
                    .await
            })
            .await?;
        let seen = due.len();
        for mut row in due {
            let (id, attempts) = (row.id, row.attempts);
            row.attempts += 1;
            let columns =
                vec![(Column::Attempts, row.attempts.into()), (Column::DueAt, (now + LEASE).into())];
            match touch(cx, id, attempts, columns).await {
                Ok(true) => claimed.push(row),
                Ok(false) => {}
                // Somebody else was in the way of this one; what is claimed so far must not wait for its lease.
                Err(error) => {
                    log::debug!(target: "bookly::mail", id:%, error:% = chain(&error); "a letter was not claimed");
                    failed += 1;
                }
            }
        }
        if seen == 0 || claimed.len() as u64 >= BATCH || failed > BATCH {
            return Ok(claimed);
        }
    }
}

/// Notes that a letter was sent.
pub(super) async fn sent(cx: &Context, row: &Model) -> Result<()> {
    touch(cx, row.id, row.attempts, vec![(Column::SentAt, cx.clock().now().into())]).await?;
    Ok(())
}

/// Puts a letter off that could not be sent, and says for how long.
pub(super) async fn put_off(cx: &Context, row: &Model, refused: bool) -> Result<TimeDelta> {
    let doublings = u32::try_from(row.attempts - 1).unwrap_or(0).min(16);
    let longest = if refused { LONGEST_PAUSE_OF_REFUSED } else { LONGEST_PAUSE };
    let pause = Ord::min(FIRST_PAUSE * 2_i32.pow(doublings), longest);
    touch(cx, row.id, row.attempts, vec![(Column::DueAt, (cx.clock().now() + pause).into())]).await?;
    Ok(pause)
}

/// Takes a letter out of the outbox.
pub(super) async fn discard(cx: &Context, id: Uuid) -> Result<()> {
    cx.db
        .write(move |txn| {
            Box::pin(async move {
                Entity::delete_by_id(id).exec(txn).await?;
                Ok(())
            })
        })
        .await
}

/// Changes a row that nobody else has claimed since, and says whether that was so.
async fn touch(cx: &Context, id: Uuid, attempts: i64, columns: Vec<(Column, Expr)>) -> Result<bool> {
    cx.db
        .write(move |txn| {
            Box::pin(async move {
                let mut update = Entity::update_many();
                for (column, value) in columns {
                    update = update.col_expr(column, value);
                }
                let update = update
                    .filter(Column::Id.eq(id))
                    .filter(Column::Attempts.eq(attempts))
                    .filter(Column::SentAt.is_null());
                Ok(update.exec(txn).await?.rows_affected == 1)
            })
        })
        .await
}
