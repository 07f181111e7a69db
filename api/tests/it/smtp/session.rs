//! Connection of the SMTP server: RFC 5321 with STARTTLS and AUTH PLAIN, as far as the client needs it.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use base64::prelude::{BASE64_STANDARD, Engine};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::Smtp;

const OK: &str = "250 OK";

/// Plain or TLS connection.
trait Wire: Read + Write {}

impl<T: Read + Write> Wire for T {}

pub struct Session {
    smtp: Smtp,
    tcp: TcpStream,
    wire: BufReader<Box<dyn Wire>>,
    authenticated: bool,
}

impl Session {
    pub fn new(smtp: Smtp, tcp: TcpStream) -> io::Result<Self> {
        let wire = BufReader::new(Box::new(tcp.try_clone()?) as Box<dyn Wire>);
        Ok(Self { smtp, tcp, wire, authenticated: false })
    }

    /// Answers commands until the client disconnects.
    pub fn run(mut self) -> io::Result<()> {
        self.reply("220 localhost")?;
        loop {
            let line = self.line()?;
            let line = String::from_utf8_lossy(line.trim_ascii_end());
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.greet()?,
                "STARTTLS" => self.start_tls()?,
                "AUTH" => self.authenticate(argument)?,
                "MAIL" if self.smtp.credentials.is_some() && !self.authenticated => {
                    self.reply("530 log in first")?;
                }
                "MAIL" => match self.smtp.begin() {
                    "" => self.flood()?,
                    reply => self.reply(reply)?,
                },
                "RCPT" => {
                    let (_, address) = argument.split_once('<').unwrap();
                    self.smtp.desk().recipients.push(address.split_once('>').unwrap().0.to_owned());
                    self.reply(OK)?;
                }
                "DATA" => self.data()?,
                "NOOP" | "RSET" => self.reply(OK)?,
                "QUIT" => return self.reply("221 bye"),
                _ => self.reply("500 unknown command")?,
            }
        }
    }

    fn reply(&mut self, line: &str) -> io::Result<()> {
        let wire = self.wire.get_mut();
        wire.write_all(format!("{line}\r\n").as_bytes())?;
        wire.flush()
    }

    /// Sends a line until the client disconnects.
    fn flood(&mut self) -> io::Result<()> {
        loop {
            self.wire.get_mut().write_all(&[b'2'; 8192])?;
        }
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        match self.wire.read_until(b'\n', &mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }

    fn greet(&mut self) -> io::Result<()> {
        if self.smtp.tls.is_some() {
            self.reply("250-STARTTLS")?;
        }
        if self.smtp.credentials.is_some() {
            self.reply("250-AUTH PLAIN")?;
        }
        self.reply("250 8BITMIME")
    }

    fn start_tls(&mut self) -> io::Result<()> {
        let Some(config) = self.smtp.tls.clone() else { return self.reply("502 no TLS here") };
        self.reply("220 ready")?;
        let connection = ServerConnection::new(config).map_err(io::Error::other)?;
        self.wire = BufReader::new(Box::new(StreamOwned::new(connection, self.tcp.try_clone()?)));
        Ok(())
    }

    fn authenticate(&mut self, argument: &str) -> io::Result<()> {
        let given = argument.strip_prefix("PLAIN ").and_then(|text| BASE64_STANDARD.decode(text).ok());
        let known =
            self.smtp.credentials.map(|(name, password)| format!("\0{name}\0{password}").into_bytes());
        self.authenticated = given.is_some() && given == known;
        self.reply(if self.authenticated { "235 welcome" } else { "535 invalid credentials" })
    }

    fn data(&mut self) -> io::Result<()> {
        self.reply("354 go ahead")?;
        let mut mail = Vec::new();
        loop {
            match self.line()?.as_slice() {
                b".\r\n" => break,
                line => mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(line)),
            }
        }
        self.smtp.desk().mails.push(mail);
        self.reply(OK)
    }
}

/// Reads certificate and key in PEM.
pub fn tls(certificate: &std::path::Path, key: &std::path::Path) -> Arc<ServerConfig> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth();
    Arc::new(config.with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap()).unwrap())
}
