//! Passwords and tokens: text hidden from `Debug` and from logs.

use std::fmt;

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidateLength, ValidationError};

use crate::{Result, input};

macro_rules! secrets {
    ($($(#[$doc:meta])* $secret:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $secret(String);

        impl $secret {
            /// The text itself.
            #[must_use]
            pub fn reveal(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $secret {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Debug for $secret {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($secret), "(…)"))
            }
        }

        impl ValidateLength<u64> for $secret {
            fn length(&self) -> Option<u64> {
                self.0.length()
            }
        }
    )+};
}

secrets! {
    /// Password as a client sends it.
    Password;
    /// Access token of a session (RFC 9068).
    AccessToken;
    /// Refresh token of a session.
    RefreshToken;
    /// Token of a device on which an account logged in.
    DeviceToken;
    /// Token of a link in a mail.
    MailToken;
    /// Link with such a token.
    TokenLink;
}

impl Password {
    /// Rejects a new password that is too short, too long, or more than one line.
    pub(crate) fn check_form(&self) -> Result<()> {
        #[derive(Validate)]
        struct New<'p> {
            #[validate(length(min = 8, max = 256), custom(function = "one_line"))]
            password: &'p Password,
        }
        Ok(New { password: self }.validate()?)
    }
}

/// Validates that a password is one line of text.
pub(crate) fn one_line(password: &Password) -> std::result::Result<(), ValidationError> {
    input::line(password.reveal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_text() {
        let text = "correct horse battery staple".to_owned();
        assert_eq!(format!("{:?}", Password::from(text.clone())), "Password(…)");
        assert_eq!(format!("{:?}", Some(MailToken::from(text))), "Some(MailToken(…))");
    }
}
