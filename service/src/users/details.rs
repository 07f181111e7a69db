//! Account as the operator sees it.

use serde::Serialize;
use uuid::Uuid;

use super::{User, find};
use crate::{Actor, Context, Result, access::Action, passwords, sessions};

/// Account with its state beyond the resource.
#[derive(Debug, Serialize)]
pub struct UserDetails {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// New address that is not confirmed yet.
    pub pending_email: Option<String>,
    /// True if the account has a password.
    pub has_password: bool,
    /// Number of active sessions.
    pub sessions: u64,
}

/// Reads an account with its details, for the operator only.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound).
pub async fn details(cx: &Context, actor: &Actor, id: Uuid) -> Result<UserDetails> {
    actor.require_operator(Action::GetUser)?;
    let row = find(cx, id).await?;
    Ok(UserDetails {
        pending_email: row.pending_email.clone(),
        has_password: !passwords::is_none_yet(&row.password_hash),
        sessions: sessions::active(cx, id).await?,
        user: row.into(),
    })
}
