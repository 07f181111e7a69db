//! Transports of mail: an SMTP server, or a folder of files for development.

mod bounded;
mod smtp;

use std::{
    fmt,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use url::Url;
use uuid::Uuid;

use self::smtp::Smtp;
use super::template::MessageContent;

/// Time in which one mail is sent, however slowly the server replies.
const DEADLINE: Duration = Duration::from_secs(45);

/// Sender of mail.
pub struct Mailer {
    way: Way,
    from: Mailbox,
    public_url: String,
}

enum Way {
    Smtp(Box<Smtp>),
    Folder(PathBuf),
}

/// Failed attempt to send a mail.
pub(super) struct SendFailure {
    /// Reason, without any address.
    pub(super) reason: String,
    /// True if the server or the mail itself makes success impossible.
    pub(super) is_permanent: bool,
}

impl SendFailure {
    pub(super) fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_permanent: false }
    }
}

impl Mailer {
    /// Mailer for `url`: `smtp://` or `smtps://`, optionally with user and password, or `file:///folder`. Links begin
    /// with `public_url`.
    ///
    /// # Errors
    /// The invalid setting and the reason, without a password.
    pub fn new(url: &str, from: &str, public_url: &Url) -> Result<Self, String> {
        let way = way(url).map_err(|error| format!("MAIL_URL: {error}"))?;
        let from = from.parse().map_err(|_| format!("MAIL_FROM: {from:?} is not an e-mail address"))?;
        let plain = public_url.query().is_none()
            && public_url.fragment().is_none()
            && public_url.username().is_empty()
            && public_url.password().is_none();
        if !matches!(public_url.scheme(), "http" | "https") || !public_url.has_host() || !plain {
            return Err("PUBLIC_URL: links in mail need an http or https URL without a query".to_owned());
        }
        Ok(Self { way, from, public_url: public_url.as_str().trim_end_matches('/').to_owned() })
    }

    pub(super) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Sends a mail. Its id becomes the `Message-ID`, so that duplicates can be recognized.
    pub(super) async fn send(
        &self,
        id: Uuid,
        address: &str,
        content: MessageContent,
    ) -> Result<(), SendFailure> {
        let message = self
            .message(id, address, content)
            .map_err(|reason| SendFailure { reason, is_permanent: true })?;
        let sending = async {
            match &self.way {
                Way::Smtp(smtp) => smtp.send(&message).await,
                Way::Folder(folder) => {
                    let folder = folder.clone();
                    let write = move || write(&folder, id, &message.formatted());
                    let written = tokio::task::spawn_blocking(write).await;
                    written
                        .map_err(|error| SendFailure::passing(error.to_string()))?
                        .map_err(|error| SendFailure::passing(error.to_string()))
                }
            }
        };
        tokio::time::timeout(DEADLINE, sending)
            .await
            .unwrap_or_else(|_| Err(SendFailure::passing("the timeout has elapsed")))
    }

    fn message(&self, id: Uuid, address: &str, content: MessageContent) -> Result<Message, String> {
        let to: Address = address.parse().map_err(|_| "the address is not valid".to_owned())?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(content.subject)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .date_now()
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(content.text, content.html))
            .map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// Header that suppresses automatic replies (RFC 3834, section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn way(text: &str) -> Result<Way, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "file" => match url.to_file_path() {
            Ok(folder) => Ok(Way::Folder(folder)),
            Err(()) => Err("has no folder; write file:///folder".to_owned()),
        },
        "smtp" | "smtps" => Smtp::new(&url).map(|smtp| Way::Smtp(Box::new(smtp))),
        _ => Err("must begin with smtp://, smtps:// or file:///".to_owned()),
    }
}

/// Writes a mail into a folder, atomically, readable by its owner only.
fn write(folder: &Path, id: Uuid, message: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let (part, whole) = (folder.join(format!(".{id}.part")), folder.join(format!("{id}.eml")));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    file.write_all(message)?;
    file.sync_all()?;
    std::fs::rename(part, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_setting_without_its_password() {
        let public = Url::parse("https://books.example/").unwrap();
        for (url, from, expected) in [
            ("nonsense", "a@example.com", "MAIL_URL: relative URL without a base"),
            (
                "http://mail.example",
                "a@example.com",
                "MAIL_URL: must begin with smtp://, smtps:// or file:///",
            ),
            ("smtp://u:hush@mail.example?tls=maybe", "a@example.com", "MAIL_URL: accepts tls=required"),
            ("smtp://mail.example", "nobody", "MAIL_FROM: \"nobody\" is not an e-mail address"),
        ] {
            let error = Mailer::new(url, from, &public).unwrap_err();
            assert!(error.starts_with(expected) && !error.contains("hush"), "{error}");
        }
        for public in ["ftp://books.example", "https://books.example/?a=b", "https://u@books.example"] {
            let public = Url::parse(public).unwrap();
            let error = Mailer::new("smtps://mail.example", "a@example.com", &public).unwrap_err();
            assert!(error.starts_with("PUBLIC_URL: "), "{error}");
        }
    }
}
