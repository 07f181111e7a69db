//! Transports of mail: an SMTP server, or a folder of files for development.

use std::{
    fmt,
    io::Write,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
    transport::smtp::AsyncSmtpTransportBuilder,
};
use url::{Host, Url};
use uuid::Uuid;

use super::template::MessageContent;

/// Timeout of one SMTP command.
const COMMAND_DEADLINE: Duration = Duration::from_secs(15);

/// Timeout of sending one mail.
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

/// SMTP server. Its connections belong to the runtime that sends, so they are created there.
struct Smtp {
    builder: AsyncSmtpTransportBuilder,
    transport: OnceLock<AsyncSmtpTransport<Tokio1Executor>>,
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
                Way::Smtp(smtp) => {
                    let transport = smtp.transport.get_or_init(|| smtp.builder.clone().build());
                    transport.send(message).await.map(drop).map_err(|error| explain(&error))
                }
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
    let mut url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "file" => match url.to_file_path() {
            Ok(folder) => Ok(Way::Folder(folder)),
            Err(()) => Err("has no folder; write file:///folder".to_owned()),
        },
        "smtp" | "smtps" => {
            let query = tls(&url)?;
            url.set_query(query);
            let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str());
            let builder = builder.map_err(|_| "is not the URL of an SMTP server".to_owned())?;
            let builder = builder.timeout(Some(COMMAND_DEADLINE));
            Ok(Way::Smtp(Box::new(Smtp { builder, transport: OnceLock::new() })))
        }
        _ => Err("must begin with smtp://, smtps:// or file:///".to_owned()),
    }
}

/// TLS mode of the client, as a value of lettre's URL parameter. For other hosts than this machine, `smtp://` requires
/// STARTTLS unless the URL has a `tls` parameter.
fn tls(url: &Url) -> Result<Option<&'static str>, String> {
    let is_local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        // `Url` parses the host of a non-web scheme as a name, even an IP address.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => return Err("has no host".to_owned()),
    };
    match (url.scheme(), url.query()) {
        ("smtps", None) => Ok(None),
        ("smtp", Some("tls=required")) => Ok(Some("tls=required")),
        ("smtp", Some("tls=off")) => Ok(None),
        ("smtp", None) => Ok((!is_local).then_some("tls=required")),
        _ => Err("accepts tls=required or tls=off after smtp://, and no other parameter".to_owned()),
    }
}

/// Failure without the server's own text, which may repeat an address.
fn explain(error: &lettre::transport::smtp::Error) -> SendFailure {
    let reason = match error.status() {
        Some(code) => format!("the server returned {code}"),
        None => error.to_string(),
    };
    SendFailure { reason, is_permanent: error.is_permanent() }
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

    fn tls_of(url: &str) -> Result<Option<&'static str>, String> {
        tls(&Url::parse(url).unwrap())
    }

    #[test]
    fn mail_to_other_hosts_requires_tls_unless_the_url_disables_it() {
        for url in ["smtp://mail.example", "smtp://10.0.0.7:25", "smtp://mail.example:587?tls=required"] {
            assert_eq!(tls_of(url), Ok(Some("tls=required")), "{url}");
        }
        for url in [
            "smtps://mail.example",
            "smtp://localhost:25",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:25",
            "smtp://mail.example?tls=off",
        ] {
            assert_eq!(tls_of(url), Ok(None), "{url}");
        }
        for url in ["smtp://mail.example?tls=opportunistic", "smtps://mail.example?tls=off", "smtp:mail"] {
            assert!(tls_of(url).is_err(), "{url}");
        }
    }

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
