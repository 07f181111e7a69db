//! Templates of mail, as plain text and as HTML. They contain nothing that another person chose: even a username can
//! look like a link.

use html_escape::{encode_double_quoted_attribute, encode_text};

use super::{Purpose, outbox::Template};
use crate::{MailToken, lifetime::in_words};

/// Subject and text of a mail.
pub(super) struct MessageContent {
    pub(super) subject: &'static str,
    pub(super) text: String,
    pub(super) html: String,
}

/// Parts of a template: its paragraphs, and the page of its link.
struct Parts {
    subject: &'static str,
    opening: String,
    page: &'static str,
    closing: &'static str,
}

/// Page on which a password is chosen.
pub(super) const RESET_PAGE: &str = "reset-password";

/// Link to a page. The token follows `#`, which browsers do not send: no server's log has it.
pub(super) fn link(public_url: &str, page: &str, token: &MailToken) -> String {
    format!("{public_url}/{page}#token={}", token.reveal())
}

/// Renders a mail. `username` is given only to readers known to own the account; `new` marks an account without a
/// password yet.
pub(super) fn render(
    template: Template,
    new: bool,
    username: Option<&str>,
    public_url: &str,
    token: Option<&MailToken>,
) -> MessageContent {
    let Parts { subject, opening, page, closing } = parts(template, new);
    let link = token.map(|token| link(public_url, page, token));
    let account = username.map(|username| format!("Account: {username}"));
    let paragraphs: Vec<&str> = [Some(opening.as_str()), link.as_deref(), Some(closing), account.as_deref()]
        .into_iter()
        .flatten()
        .collect();
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
    MessageContent { subject, text, html }
}

/// Parts of a template. `new` marks an account without a password yet.
fn parts(template: Template, new: bool) -> Parts {
    let within = template.purpose().map_or_else(String::new, |purpose| in_words(Purpose::lifetime(purpose)));
    match template {
        Template::VerifyEmail => verify_email(&within),
        Template::ChangeEmail => change_email(&within),
        Template::PasswordReset if new => first_password(&within),
        Template::PasswordReset => password_reset(&within),
        Template::EmailChangeRequested => email_change_requested(),
        Template::EmailChanged => email_changed(),
        Template::PasswordChanged => password_changed(),
    }
}

fn verify_email(within: &str) -> Parts {
    Parts {
        subject: "Verify your e-mail address",
        opening: format!(
            "An account at Bookly has this e-mail address. If the account is yours, verify the address within \
             {within}:"
        ),
        page: "verify-email",
        closing: "Where you are not signed in, the page asks for the password of the account. If you do not know \
                  it, choose a new one there: the old password and all sessions of the account end. If you did \
                  not create the account, ignore this mail, or choose a new password to make it yours.",
    }
}

fn change_email(within: &str) -> Parts {
    Parts {
        subject: "Confirm your new e-mail address",
        opening: format!(
            "This e-mail address is to become the address of an account at Bookly. If you requested this, \
             confirm it within {within}:"
        ),
        page: "verify-email",
        closing: "Where you are not signed in, the page asks for the password of the account. If you did not \
                  request this, ignore this mail: nothing changes without the password.",
    }
}

fn first_password(within: &str) -> Parts {
    Parts {
        subject: "Choose a password",
        opening: format!("An account at Bookly was created for you. Choose its password within {within}:"),
        page: RESET_PAGE,
        closing: "If the link has expired, request another one with \u{201c}forgot password\u{201d}. If you \
                  did not expect an account, ignore this mail: the account cannot be used.",
    }
}

fn password_reset(within: &str) -> Parts {
    Parts {
        subject: "Choose a new password",
        opening: format!(
            "A new password was requested for your account at Bookly. Choose it within {within}:"
        ),
        page: RESET_PAGE,
        closing: "If you did not request this, ignore this mail: your password stays as it is.",
    }
}

fn email_change_requested() -> Parts {
    Parts {
        subject: "Another e-mail address was requested",
        opening: "Another e-mail address was requested for your account at Bookly, with your password. It \
                  changes as soon as the new address is confirmed."
            .to_owned(),
        page: "",
        closing: "If it was not you, change your password now: that stops the change.",
    }
}

fn email_changed() -> Parts {
    Parts {
        subject: "Your e-mail address was changed",
        opening: "Your account at Bookly now has another e-mail address. This is the last mail to this one."
            .to_owned(),
        page: "",
        closing: "If it was not you, contact the operator of the service.",
    }
}

fn password_changed() -> Parts {
    Parts {
        subject: "Your password was changed",
        opening: "The password of your account at Bookly was changed, and its other sessions have ended."
            .to_owned(),
        page: "",
        closing: "If it was not you, reset your password now.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_the_same_in_text_and_html_and_begins_with_the_public_url() {
        let token = MailToken::from("v1.reset.x".to_owned());
        let content =
            render(Template::PasswordReset, false, Some("alice"), "https://books.example/app", Some(&token));
        let link = "https://books.example/app/reset-password#token=v1.reset.x";
        assert!(content.text.lines().any(|line| line == link), "{}", content.text);
        assert!(content.html.contains(&format!("href=\"{link}\"")), "{}", content.html);
        assert!(content.text.contains("within 30 minutes"), "{}", content.text);
    }

    #[test]
    fn a_notice_has_no_link() {
        let content = render(Template::PasswordChanged, false, None, "https://books.example", None);
        assert!(!content.text.contains("://") && !content.html.contains("href"));
    }
}
