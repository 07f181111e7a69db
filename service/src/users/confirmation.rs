//! Confirmation of the current password by a signed-in account.

use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::{
    Context, Error, FieldCode, Password, Result,
    db::Class,
    limit::RateLimit,
    passwords::{Client, Verdict},
    security::Event,
    throttle::Subject,
};
use entity::users::{Entity, Model};

/// Reads an account whose current password is `password`.
///
/// # Errors
/// [`Error::Invalid`] for a wrong password, [`Error::Throttled`] after too many attempts.
pub(crate) async fn confirm_password(cx: &Context, id: Uuid, password: Password) -> Result<Model> {
    cx.throttle().admit(RateLimit::Password, Subject::User(id)).await?;
    let user = cx.db.read(Class::Key, Entity::find_by_id(id)).one().await?;
    let user = user.ok_or(Error::InvalidToken)?;
    match cx.passwords().verify(Client::Account(id), password, Some(user.password_hash.clone())).await? {
        Verdict::Right { .. } => Ok(user),
        Verdict::Wrong => {
            Event::PasswordRefused { user: id }.log();
            Err(wrong_password())
        }
    }
}

/// Error of a wrong current password.
pub(crate) fn wrong_password() -> Error {
    Error::invalid("/current_password", FieldCode::WrongPassword, "is not the password of the account")
}
