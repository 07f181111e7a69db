//! Outbox: one row per mail, from the request until retention deletes it.
//!
//! Several processes may send from it. A process claims a row with a conditional UPDATE that sets a lease; after
//! the lease expires, any process may claim the row again.

use chrono::TimeDelta;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, prelude::DateTimeWithTimeZone, sea_query::Expr,
};
use uuid::Uuid;

use super::{Purpose, is_deliverable};
use crate::{Context, Result, db::Class, error::chain, lifetime};
use entity::{
    outbox::{ActiveModel, Column, Entity, Model},
    users,
};

/// Mails that are sent concurrently.
const BATCH: u64 = 8;

/// Duration of a claim: longer than an attempt may take.
const LEASE: TimeDelta = TimeDelta::seconds(90);

/// Delay of the second attempt.
const FIRST_DELAY: TimeDelta = TimeDelta::seconds(5);

/// Longest delay between two attempts.
const LONGEST_DELAY: TimeDelta = TimeDelta::minutes(10);

/// Longest delay after a permanent rejection by the server. It may reject this sender until its operator fixes the
/// configuration.
const LONGEST_DELAY_AFTER_REJECTION: TimeDelta = TimeDelta::hours(1);

/// Template of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    /// Token to verify the address of a new account.
    VerifyEmail,
    /// Token to confirm a new address.
    ChangeEmail,
    /// Token to choose a new password.
    PasswordReset,
    /// Notice of a requested change of address, to the old address.
    EmailChangeRequested,
    /// Notice of a completed change of address, to the old address.
    EmailChanged,
    /// Notice of a changed password.
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

    /// Name of the template, as it is stored.
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

    /// Reads a stored template name.
    pub(super) fn from_column(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == name)
    }

    /// Purpose of the token in the mail; a notice has none.
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

/// Enqueues a mail to the owner of an account. It replaces a waiting mail of the same template with a token.
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
        delete_waiting(txn, template, user.id, None).await?;
    }
    let row = row(now, template, address.to_owned());
    ActiveModel { user_id: Set(Some(user.id)), state: Set(state), ..row }.insert(txn).await?;
    Ok(())
}

/// Enqueues a mail for the account with an address, if there is one. The account is not looked up here: the work is
/// the same for every address.
pub(crate) async fn enqueue_for_address(cx: &Context, template: Template, address: String) -> Result<()> {
    let row = row(cx.clock().now(), template, address);
    cx.db
        .write(row, |txn, row| {
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

/// Deletes waiting mails of a template to an account, except `kept`.
pub(super) async fn delete_waiting(
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
    // Read first: on MariaDB, a DELETE without matches locks the gap, which can deadlock.
    if !waiting.is_empty() {
        Entity::delete_many().filter(Column::Id.is_in(waiting)).exec(txn).await?;
    }
    Ok(())
}

/// Claims mails that are due, up to a batch. Reads again if another process claimed the same rows first.
pub(super) async fn claim(cx: &Context) -> Result<Vec<Model>> {
    let mut claimed = Vec::new();
    let mut failed = 0;
    loop {
        let now = cx.clock().now();
        let left = BATCH - claimed.len() as u64;
        let due = Entity::find()
            .filter(Column::SentAt.is_null())
            .filter(Column::DueAt.lte(now))
            .filter(Column::ExpiresAt.gt(now))
            .order_by_asc(Column::DueAt)
            .limit(left);
        let due = cx.db.read(Class::List, due).all().await?;
        let seen = due.len();
        for mut row in due {
            let (id, attempts) = (row.id, row.attempts);
            row.attempts += 1;
            let columns =
                vec![(Column::Attempts, row.attempts.into()), (Column::DueAt, (now + LEASE).into())];
            match update_claimed(cx, id, attempts, columns).await {
                Ok(true) => claimed.push(row),
                Ok(false) => {}
                // The rows claimed so far must not wait for the end of their lease.
                Err(error) => {
                    log::debug!(target: "bookly::mail", id:%, error:% = chain(&error); "claiming a mail failed");
                    failed += 1;
                }
            }
        }
        if seen == 0 || claimed.len() as u64 >= BATCH || failed > BATCH {
            return Ok(claimed);
        }
    }
}

/// Marks a mail as sent.
pub(super) async fn mark_sent(cx: &Context, row: &Model) -> Result<()> {
    update_claimed(cx, row.id, row.attempts, vec![(Column::SentAt, cx.clock().now().into())]).await?;
    Ok(())
}

/// Postpones a mail after a failed attempt, and returns the delay.
pub(super) async fn postpone(cx: &Context, row: &Model, is_permanent: bool) -> Result<TimeDelta> {
    let doublings = u32::try_from(row.attempts - 1).unwrap_or(0).min(16);
    let longest = if is_permanent { LONGEST_DELAY_AFTER_REJECTION } else { LONGEST_DELAY };
    let pause = Ord::min(FIRST_DELAY * 2_i32.pow(doublings), longest);
    update_claimed(cx, row.id, row.attempts, vec![(Column::DueAt, (cx.clock().now() + pause).into())])
        .await?;
    Ok(pause)
}

/// Deletes a mail.
pub(super) async fn discard(cx: &Context, id: Uuid) -> Result<()> {
    cx.db
        .write((), move |txn, ()| {
            Box::pin(async move {
                Entity::delete_by_id(id).exec(txn).await?;
                Ok(())
            })
        })
        .await
}

/// Updates a row unless another process has claimed it since; returns whether it was updated.
async fn update_claimed(cx: &Context, id: Uuid, attempts: i64, columns: Vec<(Column, Expr)>) -> Result<bool> {
    cx.db
        .write(columns, move |txn, columns| {
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
