//! Operations of an account on itself.

use uuid::Uuid;
use validator::Validate;

use super::{
    Confirmation, ProfilePatch, User, UserPatch,
    change::{change, remove},
    confirm_password, find,
};
use crate::{Actor, Context, Error, Result, Versions, access::Action, security::Event};
use entity::users::Model;

/// Reads the actor's account.
///
/// # Errors
/// [`Error::InvalidToken`] if the account was deleted meanwhile.
pub async fn me(cx: &Context, actor: &Actor) -> Result<User> {
    Ok(find_own(cx, actor.require_account(Action::GetMe)?.id).await?.into())
}

/// Updates the actor's account, if `versions` accepts its version.
pub async fn update_me(
    cx: &Context,
    actor: &Actor,
    versions: Option<Versions>,
    patch: ProfilePatch,
) -> Result<User> {
    let id = actor.require_account(Action::UpdateMe)?.id;
    patch.validate()?;
    let ProfilePatch { first_name, last_name } = patch;
    let patch = UserPatch { first_name, last_name, ..UserPatch::default() };
    let (_, after) = change(cx, None, id, versions, patch).await.map_err(deleted_meanwhile)?;
    Ok(after)
}

/// Deletes the actor's account, after its password is confirmed. Its sessions end; its books stay without an owner.
///
/// # Errors
/// [`Error::Invalid`] for a wrong password, [`Error::LastAdmin`] for the last administrator.
pub async fn delete_me(
    cx: &Context,
    actor: &Actor,
    versions: Option<Versions>,
    confirmation: Confirmation,
) -> Result<()> {
    let id = actor.require_account(Action::DeleteMe)?.id;
    confirmation.validate()?;
    confirm_password(cx, id, confirmation.current_password).await?;
    remove(cx, None, id, versions).await.map_err(deleted_meanwhile)?;
    Event::UserDeleted { actor: actor.into(), user: id }.log();
    Ok(())
}

/// Reads the row of the actor's account.
///
/// # Errors
/// [`Error::InvalidToken`] if the account was deleted meanwhile.
pub(crate) async fn find_own(cx: &Context, id: Uuid) -> Result<Model> {
    find(cx, id).await.map_err(deleted_meanwhile)
}

/// Error of an operation of an account that does not exist any more.
fn deleted_meanwhile(error: Error) -> Error {
    match error {
        Error::NotFound => Error::InvalidToken,
        other => other,
    }
}
