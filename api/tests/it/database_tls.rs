//! TLS of database connections: verification of the server's certificate.

use std::{
    fs,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::Arc,
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::{app::SECRET, cli::text};

/// Reply of PostgreSQL to the request for TLS.
const TLS_ACCEPTED: &[u8] = b"S";

/// `ErrorResponse` of PostgreSQL with these fields.
fn error_response(text: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C28000\0M{text}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat()
}

/// Reads a message whose first four bytes are its length.
fn read_message(wire: &mut impl Read) -> io::Result<()> {
    let mut length = [0; 4];
    wire.read_exact(&mut length)?;
    let mut message = vec![0; u32::from_be_bytes(length) as usize - 4];
    wire.read_exact(&mut message)
}

/// PostgreSQL server that accepts TLS only, and then rejects each log-in with `encrypted`.
fn serve(listener: &TcpListener, config: &Arc<ServerConfig>) {
    let answer = |mut tcp: TcpStream| -> io::Result<()> {
        read_message(&mut tcp)?;
        tcp.write_all(TLS_ACCEPTED)?;
        let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(connection, tcp);
        read_message(&mut tls)?;
        tls.write_all(&error_response("encrypted"))?;
        tls.flush()
    };
    for tcp in listener.incoming() {
        // A client that does not trust the certificate ends the connection.
        drop(answer(tcp.unwrap()));
    }
}

/// Certificate authority of a test.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[test]
fn each_mode_of_verification_checks_the_certificate_without_a_panic() {
    let (ours, other) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    // The name is not the address of the server.
    let certificate =
        CertificateParams::new(vec!["db.example".to_owned()]).unwrap().signed_by(&key, &ours).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || serve(&listener, &Arc::new(config)));

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ours.pem"), ours.pem()).unwrap();
    fs::write(folder.path().join("other.pem"), other.pem()).unwrap();
    for (mode, root, connected) in [
        ("require", "ours.pem", true),
        ("verify-ca", "ours.pem", true),
        ("verify-ca", "other.pem", false),
        ("verify-full", "ours.pem", false),
    ] {
        let url = format!("postgres://scott:tiger@127.0.0.1:{port}/x?sslmode={mode}&sslrootcert={root}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_bookly"));
        command.args(["user", "list"]).env_clear().current_dir(folder.path());
        let output =
            command.envs([("DATABASE_URL", url.as_str()), ("APP_SECRETS", SECRET)]).output().unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{mode} {root}: {error}");
        assert_eq!(error.contains("encrypted"), connected, "{mode} {root}: {error}");
        assert_eq!(error.contains("invalid peer certificate"), !connected, "{mode} {root}: {error}");
        assert!(!error.contains("panicked") && !error.contains("tiger"), "{mode} {root}: {error}");
    }
}
