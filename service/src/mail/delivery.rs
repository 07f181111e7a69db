//! Background task that sends the mail of the outbox.

use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, sea_query::Expr};
use tokio::sync::watch;

use super::{
    outbox::{self, Template},
    template, token,
    transport::{Mailer, SendFailure},
};
use crate::{Context, Error, Result, db::Class, error::chain, passwords, security::Event};
use entity::{
    outbox::{Column, Entity, Model},
    users,
};

/// Time between two checks of the outbox without a wake-up.
const POLL: Duration = Duration::from_secs(5);

/// Reason for not sending a mail.
enum Unsent {
    /// The mail is obsolete: its account or its purpose no longer exists.
    Obsolete,
    Failed(SendFailure),
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Self {
        Self::Failed(SendFailure::passing(chain(&error)))
    }
}

impl From<SendFailure> for Unsent {
    fn from(failure: SendFailure) -> Self {
        Self::Failed(failure)
    }
}

/// Sends mail until `stop` changes or is dropped. Mail that is being sent is finished first.
pub async fn run(cx: &Context, mailer: &Mailer, mut stop: watch::Receiver<()>) {
    loop {
        if let Err(error) = send_due(cx, mailer, &stop).await {
            log::error!(target: "bookly::mail", error:% = chain(&error); "sending mail failed");
        }
        tokio::select! {
            () = cx.outbox_filled() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Sends all mail that is due.
async fn send_due(cx: &Context, mailer: &Mailer, stop: &watch::Receiver<()>) -> Result<()> {
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
            outbox::mark_sent(cx, &row).await
        }
        Err(Unsent::Obsolete) => outbox::discard(cx, id).await,
        Err(Unsent::Failed(SendFailure { reason, is_permanent })) => {
            let delay = outbox::postpone(cx, &row, is_permanent).await?.num_seconds();
            log::warn!(target: "bookly::mail", id:%, kind, attempt, reason, pause = delay; "sending failed; mail will be retried");
            Ok(())
        }
    }
}

async fn attempt_to_send(cx: &Context, mailer: &Mailer, row: &Model) -> std::result::Result<(), Unsent> {
    // A newer version that runs at the same time may know more templates.
    let template = Template::from_column(&row.kind)
        .ok_or_else(|| SendFailure::passing("this version does not have the template"))?;
    let user = match row.user_id {
        Some(id) => cx.db.read(Class::Key, users::Entity::find_by_id(id)).one().await?,
        None => find_account(cx, template, row).await?,
    };
    let user = user.ok_or(Unsent::Obsolete)?;
    if template == Template::ChangeEmail && is_verified_elsewhere(cx, &row.address).await? {
        return Err(Unsent::Obsolete);
    }
    let token = match template.purpose() {
        None => None,
        Some(purpose) => {
            // Requested mail is bound to the state of its account, which is read just before it is sent.
            let state = purpose.state(&user).ok_or(Unsent::Obsolete)?;
            if row.user_id.is_some() && row.state.as_ref() != Some(&state) {
                return Err(Unsent::Obsolete);
            }
            Some(token::sign(cx.keys(), purpose, user.id, &state, row.expires_at.timestamp()))
        }
    };
    let new = passwords::is_none_yet(&user.password_hash);
    // The name of an account without a password was chosen by an administrator.
    let proven = (user.is_verified || new) && template != Template::ChangeEmail;
    let username = proven.then_some(user.username.as_str());
    let message = template::render(template, new, username, mailer.public_url(), token.as_ref());
    Ok(mailer.send(row.id, &row.address, message).await?)
}

/// Whether an account has verified an address, which is then not offered to another account.
async fn is_verified_elsewhere(cx: &Context, address: &str) -> Result<bool> {
    let holder = users::Entity::find().filter(users::Column::Email.eq(address));
    let holder = cx.db.read(Class::Key, holder).one().await?;
    Ok(holder.is_some_and(|holder| holder.is_verified))
}

/// Finds the account with the requested address, and assigns the mail to it.
async fn find_account(cx: &Context, template: Template, row: &Model) -> Result<Option<users::Model>> {
    let (id, address) = (row.id, row.address.clone());
    let found = cx
        .db
        .write(address, move |txn, address| {
            Box::pin(async move { assign_account(txn, template, id, &address).await })
        })
        .await?;
    if template == Template::PasswordReset {
        Event::ResetRequested { actor: None, user: found.as_ref().map(|user| user.id) }.log();
    }
    Ok(found)
}

async fn assign_account(
    txn: &DatabaseTransaction,
    template: Template,
    id: uuid::Uuid,
    address: &str,
) -> Result<Option<users::Model>> {
    let user = users::Entity::find().filter(users::Column::Email.eq(address)).one(txn).await?;
    let Some(user) = user else { return Ok(None) };
    let Some(state) = template.purpose().and_then(|purpose| purpose.state(&user)) else { return Ok(None) };
    outbox::delete_waiting(txn, template, user.id, Some(id)).await?;
    Entity::update_many()
        .col_expr(Column::UserId, Expr::value(user.id))
        .col_expr(Column::State, Expr::value(state))
        .filter(Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(Some(user))
}
