//! What each letter says, as plain text and as HTML. Nothing that a stranger chose is in it: even a username
//! can look like a link.

use html_escape::{encode_double_quoted_attribute, encode_text};

use super::outbox::Kind;

/// A letter, but for its sender and its receiver.
pub(super) struct Letter {
    pub(super) subject: &'static str,
    pub(super) text: String,
    pub(super) html: String,
}

/// What a kind of letter says, and the page that its link leads to.
struct Form {
    subject: &'static str,
    opening: &'static str,
    page: &'static str,
    closing: &'static str,
}

/// Writes a letter. `username` names the account to one who is known to be its owner; `new` is an account
/// whose owner has not chosen a password yet. The token of a link stands behind `#`, which browsers keep to
/// themselves: no log of a server has it.
pub(super) fn write(
    kind: Kind,
    new: bool,
    username: Option<&str>,
    public_url: &str,
    token: Option<&str>,
) -> Letter {
    let Form { subject, opening, page, closing } = form(kind, new);
    let link = token.map(|token| format!("{public_url}/{page}#token={token}"));
    let account = username.map(|username| format!("Account: {username}"));
    let paragraphs: Vec<&str> =
        [Some(opening), link.as_deref(), Some(closing), account.as_deref()].into_iter().flatten().collect();
    let text = format!("{}\n", paragraphs.join("\n\n"));
    let html: String = paragraphs
        .iter()
        .map(|paragraph| match &link {
            Some(link) if link == paragraph => {
                format!("<p><a href=\"{}\">{subject}</a></p>\n", encode_double_quoted_attribute(link))
            }
            _ => format!("<p>{}</p>\n", encode_text(paragraph)),
        })
        .collect();
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{subject}</title></head>\n\
         <body>\n{html}</body>\n</html>\n"
    );
    Letter { subject, text, html }
}

const fn form(kind: Kind, new: bool) -> Form {
    match kind {
        Kind::VerifyEmail => Form {
            subject: "Verify your e-mail address",
            opening: "An account at Bookly was opened with this e-mail address. \
                      If it is yours, verify the address within 24 hours:",
            page: "verify-email",
            closing: "If you did not open it, do not follow the link. Nobody can use the address until it is \
                      verified, and resetting the password makes the account yours.",
        },
        Kind::ChangeEmail => Form {
            subject: "Confirm your new e-mail address",
            opening: "This e-mail address is to become the address of an account at Bookly. \
                      If that is what you want, confirm it within 24 hours:",
            page: "verify-email",
            closing: "If you know nothing of it, do not follow the link.",
        },
        Kind::PasswordReset if new => Form {
            subject: "Choose a password",
            opening: "An account at Bookly was opened for you. Choose its password within 30 minutes:",
            page: "reset-password",
            closing: "If the time is over, have another mail sent as one who forgot the password. If you know \
                      nothing of the account, ignore this: nobody can use it.",
        },
        Kind::PasswordReset => Form {
            subject: "Choose a new password",
            opening: "A new password was asked for, for your account at Bookly. Choose it within 30 minutes:",
            page: "reset-password",
            closing: "If you did not ask, ignore this: your password stays as it is.",
        },
        Kind::EmailChangeRequested => Form {
            subject: "Another e-mail address was asked for",
            opening: "Somebody who knows your password asked for another e-mail address for your account at \
                      Bookly. It changes as soon as the new address is confirmed.",
            page: "",
            closing: "If it was not you, change your password now: that stops the change.",
        },
        Kind::EmailChanged => Form {
            subject: "Your e-mail address was changed",
            opening: "Your account at Bookly now has another e-mail address. This is the last mail to this one.",
            page: "",
            closing: "If it was not you, tell those who run the service.",
        },
        Kind::PasswordChanged => Form {
            subject: "Your password was changed",
            opening: "The password of your account at Bookly was changed, and its other sessions have ended.",
            page: "",
            closing: "If it was not you, reset your password now.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_the_same_in_text_and_html_and_begins_with_the_public_url() {
        let letter =
            write(Kind::PasswordReset, false, Some("alice"), "https://books.example/app", Some("v1.reset.x"));
        let link = "https://books.example/app/reset-password#token=v1.reset.x";
        assert!(letter.text.lines().any(|line| line == link), "{}", letter.text);
        assert!(letter.html.contains(&format!("href=\"{link}\"")), "{}", letter.html);
    }

    #[test]
    fn a_notice_has_no_link() {
        let letter = write(Kind::PasswordChanged, false, None, "https://books.example", None);
        assert!(!letter.text.contains("://") && !letter.html.contains("href"));
    }
}
