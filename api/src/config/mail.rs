//! Settings of mail, and of links to the frontend.

use std::net::SocketAddr;

use service::mail::Mailer;
use url::Url;

use super::{AppEnv, Config, Switch};

impl Config {
    /// Mail transport; none without `MAIL_URL`.
    ///
    /// # Errors
    /// One line with the name of the setting and without secrets.
    pub fn mailer(&self) -> Result<Option<Mailer>, String> {
        if self.mail_url.is_empty() {
            return Ok(None);
        }
        if self.mail_from.is_empty() {
            return Err("MAIL_FROM: required with MAIL_URL".to_owned());
        }
        let Some(public_url) = self.link_base() else {
            return Err("PUBLIC_URL: required with MAIL_URL, as the base of links in mail".to_owned());
        };
        Mailer::new(&self.mail_url, &self.mail_from, &public_url).map(Some)
    }

    /// Base of links to the frontend; in development, the server's own address without `PUBLIC_URL`.
    pub(super) fn link_base(&self) -> Option<Url> {
        let own = || Url::parse(&format!("http://{}", SocketAddr::new(self.host, self.port))).ok();
        match self.app_env {
            AppEnv::Development => self.public_url.clone().or_else(own),
            AppEnv::Production => self.public_url.clone(),
        }
    }

    /// Consequences of a server without mail; none with `MAIL_URL`.
    pub(super) fn mail_warning(&self) -> Option<&'static str> {
        match (self.mail_url.is_empty(), self.email_verification) {
            (false, _) => None,
            (true, Switch::Off) => Some("mail is disabled: MAIL_URL is not set"),
            (true, Switch::On) => Some(
                "mail is disabled: MAIL_URL is not set, so accounts that sign up cannot verify their address, and may \
                 not write. Verify them by `bookly user verify USERNAME`, or set MAIL_URL or EMAIL_VERIFICATION=off",
            ),
        }
    }
}
