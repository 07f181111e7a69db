//! Link by which the owner of a new account chooses its password, where no mail is sent: an administrator hands it over.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Purpose, template, token};
use crate::{Context, Error, MailToken, Result, TokenLink, lifetime};
use entity::users::Model;

/// Token to choose the first password of an account. It is shown once, and works once.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordLink {
    /// Token for `POST /auth/password-reset/confirm`.
    #[schema(value_type = String)]
    pub token: MailToken,
    /// Link to the page of the frontend that sends the token; null without `PUBLIC_URL`.
    #[schema(value_type = Option<String>, format = "uri")]
    pub url: Option<TokenLink>,
    /// Time at which the token expires, UTC.
    #[schema(examples("2026-11-22T03:41:13Z"))]
    pub expires_at: DateTime<Utc>,
}

impl PasswordLink {
    /// Link for an account in its current state: any new address or password invalidates it.
    pub(crate) fn for_account(cx: &Context, user: &Model) -> Result<Self> {
        let purpose = Purpose::ResetPassword;
        let state = purpose.state(user).ok_or_else(|| Error::internal("a new account is active"))?;
        let expiry = (cx.clock().now() + lifetime::FIRST_PASSWORD).timestamp();
        let token = token::sign(cx.keys(), purpose, user.id, &state, expiry);
        let link = |base: &String| template::link(base, template::RESET_PAGE, &token).into();
        Ok(Self {
            url: cx.policy().public_url.as_ref().map(link),
            expires_at: DateTime::from_timestamp(expiry, 0).unwrap_or_default(),
            token,
        })
    }
}
