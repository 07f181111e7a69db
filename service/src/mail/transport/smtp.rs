//! Client of an SMTP server: its address, its security, and the connections that are kept for the next mail.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use lettre::{
    Message,
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use percent_encoding::percent_decode_str;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::{SendFailure, bounded::Bounded};

/// Time in which a connection is set up, from the first packet to the log-in.
const CONNECT_DEADLINE: Duration = Duration::from_secs(15);

/// Time in which a kept connection proves that it is alive.
const TEST_DEADLINE: Duration = Duration::from_secs(3);

/// Time for which an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// SMTP server.
pub(super) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    client: ClientId,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

/// Security of a connection.
enum Security {
    Plain,
    StartTls(TlsParameters),
    Tls(Arc<ClientConfig>, ServerName<'static>),
}

impl Smtp {
    /// Server at `url`: `smtp://` or `smtps://`, optionally with user and password, and the client's own name as path.
    pub(super) fn new(url: &Url) -> Result<Self, String> {
        let uses_starttls = uses_starttls(url)?;
        let host = host(url)?;
        let security = match (url.scheme(), uses_starttls) {
            ("smtps", _) => Security::Tls(Arc::new(tls_config()?), server_name(&host)?),
            (_, true) => Security::StartTls(
                TlsParameters::new_rustls(host.clone()).map_err(|error| error.to_string())?,
            ),
            (_, false) => Security::Plain,
        };
        let default_port = match security {
            Security::Plain => 25,
            Security::StartTls(_) => 587,
            Security::Tls(..) => 465,
        };
        let client = match url.path().trim_matches('/') {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        let port = url.port().unwrap_or(default_port);
        Ok(Self { host, port, security, credentials: credentials(url)?, client, idle: Mutex::default() })
    }

    /// Sends a mail. The caller limits the time.
    pub(super) async fn send(&self, message: &Message) -> Result<(), SendFailure> {
        let mut connection = match self.kept().await {
            Some(connection) => connection,
            None => timeout(CONNECT_DEADLINE, self.connect())
                .await
                .unwrap_or_else(|_| Err(SendFailure::passing("the connection timed out")))?,
        };
        let sent = connection.send(message.envelope(), &message.formatted()).await;
        sent.map_err(|error| explain(&error))?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((connection, Instant::now()));
        Ok(())
    }

    /// Connection that was kept and is still alive.
    async fn kept(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let (mut connection, since) = kept?;
            let is_alive = since.elapsed() < IDLE
                && timeout(TEST_DEADLINE, connection.test_connected()).await.unwrap_or(false);
            if is_alive {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendFailure> {
        let failed = |error: std::io::Error| SendFailure::passing(format!("connecting failed: {error}"));
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(failed)?;
        let peer = tcp.peer_addr().map_err(failed)?;
        let client = &self.client;
        let connection = match &self.security {
            Security::Tls(config, name) => {
                let tls = TlsConnector::from(Arc::clone(config)).connect(name.clone(), tcp).await;
                let stream = Bounded::new(tls.map_err(failed)?, peer);
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), client).await
            }
            Security::Plain | Security::StartTls(_) => {
                let stream = Bounded::new(tcp, peer);
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), client).await
            }
        };
        let mut connection = connection.map_err(|error| explain(&error))?;
        if let Security::StartTls(parameters) = &self.security {
            connection.starttls(parameters.clone(), client).await.map_err(|error| explain(&error))?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|error| explain(&error))?;
        }
        Ok(connection)
    }
}

/// Whether the client switches to TLS by STARTTLS. For other hosts than this machine, `smtp://` requires it unless the
/// URL has a `tls` parameter.
fn uses_starttls(url: &Url) -> Result<bool, String> {
    let host = host(url)?;
    let is_local = host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    match (url.scheme(), url.query()) {
        ("smtps", None) | ("smtp", Some("tls=off")) => Ok(false),
        ("smtp", Some("tls=required")) => Ok(true),
        ("smtp", None) => Ok(!is_local),
        _ => Err("accepts tls=required or tls=off after smtp://, and no other parameter".to_owned()),
    }
}

/// Host name or IP address, an IPv6 address without its brackets.
fn host(url: &Url) -> Result<String, String> {
    match url.host() {
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
        Some(host) => Ok(host.to_string()),
        None => Err("has no host".to_owned()),
    }
}

fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(host.to_owned()).map_err(|_| "has a host that TLS cannot verify".to_owned())
}

fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let Some(password) = url.password() else { return Ok(None) };
    let decode = |text| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| "has a user or password that is not UTF-8".to_owned())
    };
    Ok(Some(Credentials::new(decode(url.username())?, decode(password)?)))
}

/// TLS with the root certificates of the system.
fn tls_config() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Failure without the server's own text, which may repeat an address.
fn explain(error: &lettre::transport::smtp::Error) -> SendFailure {
    let reason = match error.status() {
        Some(code) => format!("the server returned {code}"),
        None => error.to_string(),
    };
    SendFailure { reason, is_permanent: error.is_permanent() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_to_other_hosts_requires_tls_unless_the_url_disables_it() {
        let starttls_of = |url: &str| uses_starttls(&Url::parse(url).unwrap());
        for url in ["smtp://mail.example", "smtp://10.0.0.7:25", "smtp://mail.example:587?tls=required"] {
            assert_eq!(starttls_of(url), Ok(true), "{url}");
        }
        for url in [
            "smtps://mail.example",
            "smtp://localhost:25",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:25",
            "smtp://mail.example?tls=off",
        ] {
            assert_eq!(starttls_of(url), Ok(false), "{url}");
        }
        for url in ["smtp://mail.example?tls=opportunistic", "smtps://mail.example?tls=off", "smtp:mail"] {
            assert!(starttls_of(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_url_names_server_port_and_client() {
        for (url, host, port, client) in [
            ("smtp://127.0.0.1", "127.0.0.1", 25, None),
            ("smtp://[::1]:2525/books.example", "::1", 2525, Some("books.example")),
            ("smtp://mail.example/", "mail.example", 587, None),
            ("smtps://mail.example", "mail.example", 465, None),
        ] {
            let smtp = Smtp::new(&Url::parse(url).unwrap()).unwrap();
            let client = client.map_or_else(ClientId::default, |name| ClientId::Domain(name.to_owned()));
            assert_eq!((smtp.host.as_str(), smtp.port), (host, port), "{url}");
            assert_eq!(smtp.client.to_string(), client.to_string(), "{url}");
        }
    }

    #[test]
    fn credentials_are_percent_decoded() {
        let of = |url: &str| credentials(&Url::parse(url).unwrap());
        let expected = Credentials::new("mail@books".to_owned(), "a/b c".to_owned());
        assert_eq!(of("smtps://mail%40books:a%2Fb%20c@mail.example"), Ok(Some(expected)));
        assert_eq!(of("smtps://mail.example"), Ok(None));
        assert!(of("smtps://a:%ff@mail.example").is_err());
    }
}
