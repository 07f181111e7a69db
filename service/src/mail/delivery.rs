//! The task that sends what is in the outbox.

use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, sea_query::Expr};
use tokio::sync::watch;

use super::{
    outbox::{self, Template},
    template, token,
    transport::{Failure, Mailer},
};
use crate::{Context, Error, Result, error::chain, passwords, security::Event};
use entity::{
    outbox::{Column, Entity, Model},
    users,
};

/// How often the outbox is looked into when nobody says that there is something.
const POLL: Duration = Duration::from_secs(5);

/// Why there is nothing to send.
enum Unsent {
    /// There is no occasion any more, or never was.
    Moot,
    Failed(Failure),
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Self {
        Self::Failed(Failure::passing(chain(&error)))
    }
}

impl From<Failure> for Unsent {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Sends mail until `stop` changes or is dropped; a letter under way is finished first.
pub async fn run(cx: &Context, mailer: &Mailer, mut stop: watch::Receiver<()>) {
    loop {
        if let Err(error) = pass(cx, mailer, &stop).await {
            log::error!(target: "bookly::mail", error:% = chain(&error); "the outbox cannot be read");
        }
        tokio::select! {
            () = cx.outbox_filled() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Sends all that is due.
async fn pass(cx: &Context, mailer: &Mailer, stop: &watch::Receiver<()>) -> Result<()> {
    while stop.has_changed().is_ok_and(|changed| !changed) {
        let claimed = outbox::claim(cx).await?;
        if claimed.is_empty() {
            break;
        }
        let settled = join_all(claimed.into_iter().map(|row| deliver(cx, mailer, row))).await;
        settled.into_iter().collect::<Result<()>>()?;
    }
    Ok(())
}

async fn deliver(cx: &Context, mailer: &Mailer, row: Model) -> Result<()> {
    let (id, kind, attempt) = (row.id, row.kind.as_str(), row.attempts);
    match attempt_to_send(cx, mailer, &row).await {
        Ok(()) => {
            log::info!(target: "bookly::mail", id:%, kind, attempt; "mail sent");
            outbox::sent(cx, &row).await
        }
        Err(Unsent::Moot) => outbox::discard(cx, id).await,
        Err(Unsent::Failed(Failure { reason, refused })) => {
            let pause = outbox::put_off(cx, &row, refused).await?.num_seconds();
            log::warn!(target: "bookly::mail", id:%, kind, attempt, reason, pause; "mail not sent yet");
            Ok(())
        }
    }
}

async fn attempt_to_send(cx: &Context, mailer: &Mailer, row: &Model) -> std::result::Result<(), Unsent> {
    // A newer version that runs beside this one may know more of them.
    let template = Template::from_column(&row.kind)
        .ok_or_else(|| Failure::passing("this version does not know the template"))?;
    let user = match row.user_id {
        Some(id) => cx.db.read(async |conn| users::Entity::find_by_id(id).one(conn).await).await?,
        None => addressee(cx, template, row).await?,
    };
    let user = user.ok_or(Unsent::Moot)?;
    let token = match template.purpose() {
        None => None,
        Some(purpose) => {
            // A letter that was merely asked for is bound to what its account was a moment ago.
            let state = purpose.state(&user).ok_or(Unsent::Moot)?;
            if row.user_id.is_some() && row.state.as_ref() != Some(&state) {
                return Err(Unsent::Moot);
            }
            Some(token::sign(cx.keys(), purpose, user.id, &state, row.expires_at.timestamp()))
        }
    };
    let new = passwords::is_none_yet(&user.password_hash);
    // The name of an account without a password was chosen by an administrator.
    let known = (user.is_verified || new) && template != Template::ChangeEmail;
    let username = known.then_some(user.username.as_str());
    let message = template::render(template, new, username, mailer.public_url(), token.as_ref());
    Ok(mailer.send(row.id, &row.address, message).await?)
}

/// Finds the account that has the address somebody named, and makes the letter one of its own.
async fn addressee(cx: &Context, template: Template, row: &Model) -> Result<Option<users::Model>> {
    let (id, address) = (row.id, row.address.clone());
    let found = cx
        .db
        .write(move |txn| Box::pin(async move { find_addressee(txn, template, id, &address).await }))
        .await?;
    if template == Template::PasswordReset {
        Event::ResetRequested { actor: None, user: found.as_ref().map(|user| user.id) }.log();
    }
    Ok(found)
}

async fn find_addressee(
    txn: &DatabaseTransaction,
    template: Template,
    id: uuid::Uuid,
    address: &str,
) -> Result<Option<users::Model>> {
    let user = users::Entity::find().filter(users::Column::Email.eq(address)).one(txn).await?;
    let Some(user) = user else { return Ok(None) };
    let Some(state) = template.purpose().and_then(|purpose| purpose.state(&user)) else { return Ok(None) };
    outbox::withdraw(txn, template, user.id, Some(id)).await?;
    Entity::update_many()
        .col_expr(Column::UserId, Expr::value(user.id))
        .col_expr(Column::State, Expr::value(state))
        .filter(Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(Some(user))
}
