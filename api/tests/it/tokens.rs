//! Invalid tokens: signed with the server's key, so that each fails for a single reason, and with single bits flipped.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::Utc;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::app::{Client, SECRET, TestApp};

/// Key for access tokens, derived as in the server.
fn key_of(secret: &str) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, secret.as_bytes()).expand(b"access token", &mut key).unwrap();
    key
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn hs256(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

/// JWT of these texts, signed with HS256 regardless of its header.
fn signed_with(key: &[u8], header: &str, claims: &str) -> String {
    let text = format!("{}.{}", base64(header), base64(claims));
    format!("{text}.{}", base64(hs256(key, &text)))
}

fn signed(header: &str, claims: &str) -> String {
    signed_with(&key_of(SECRET), header, claims)
}

/// Parts of a valid token.
struct Parts {
    token: String,
    header: Value,
    claims: Value,
}

impl Parts {
    fn of(client: &Client<'_>) -> Self {
        let token = client.token.clone().unwrap();
        let mut parts = token.split('.');
        let mut part = || -> Value {
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap()).unwrap()
        };
        let (header, claims) = (part(), part());
        Self { token, header, claims }
    }

    /// Token with one header member changed, or removed if the new value is null.
    fn header(&self, name: &str, value: Value) -> String {
        signed(&with(&self.header, name, value).to_string(), &self.claims.to_string())
    }

    /// Token with one claim changed, or removed if the new value is null.
    fn claim(&self, name: &str, value: Value) -> String {
        signed(&self.header.to_string(), &with(&self.claims, name, value).to_string())
    }
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    if value.is_null() {
        object.as_object_mut().unwrap().remove(name);
    } else {
        object[name] = value;
    }
    object
}

/// Sends raw bytes, which an HTTP client would reject, and returns the status of the response.
fn status_of(app: &TestApp, authorization: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(app.address.trim_start_matches("http://")).unwrap();
    let mut request = b"GET /api/v1/users/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".to_vec();
    request.extend_from_slice(authorization);
    request.extend_from_slice(b"\r\n\r\n");
    // A server may close the connection before it has read a rejected head.
    drop(stream.write_all(&request));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    let status = answer.get(9..12).map(|status| String::from_utf8_lossy(status).into_owned());
    status.and_then(|status| status.parse().ok()).unwrap_or_default()
}

fn bearer(token: &str) -> Vec<u8> {
    format!("Authorization: Bearer {token}").into_bytes()
}

/// Invalid headers, each signed with the server's key.
fn wrong_headers(good: &Parts) -> Vec<(&'static str, String)> {
    let text = format!("{}.{}", base64(good.header.to_string()), base64(good.claims.to_string()));
    let key = key_of(SECRET);
    let none = |alg: &str| {
        let header = with(&good.header, "alg", json!(alg)).to_string();
        format!("{}.{}.", base64(header), base64(good.claims.to_string()))
    };
    let longer = |alg: &str, sign: &dyn Fn(&str) -> Vec<u8>| {
        let header = with(&good.header, "alg", json!(alg)).to_string();
        let text = format!("{}.{}", base64(header), base64(good.claims.to_string()));
        format!("{text}.{}", base64(sign(&text)))
    };
    let hs384 = |text: &str| {
        Hmac::<Sha384>::new_from_slice(&key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
    };
    let hs512 = |text: &str| {
        Hmac::<Sha512>::new_from_slice(&key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
    };
    let jwk = json!({ "kty": "oct", "k": base64("a key that the attacker brings along"), "alg": "HS256" });
    let own = |header: Value| {
        signed_with(b"a key that the attacker brings along", &header.to_string(), &good.claims.to_string())
    };
    vec![
        ("algorithm none", none("none")),
        ("algorithm None", none("None")),
        ("algorithm nOnE", none("nOnE")),
        ("algorithm none, but signed", good.header("alg", json!("none"))),
        ("no algorithm", good.header("alg", Value::Null)),
        ("an empty algorithm", good.header("alg", json!(""))),
        ("algorithm hs256 in small letters", good.header("alg", json!("hs256"))),
        ("a list of algorithms", good.header("alg", json!(["HS256"]))),
        ("RS256 with an HMAC", good.header("alg", json!("RS256"))),
        ("ES256 with an HMAC", good.header("alg", json!("ES256"))),
        ("EdDSA with an HMAC", good.header("alg", json!("EdDSA"))),
        ("HS384 with our key", longer("HS384", &hs384)),
        ("HS512 with our key", longer("HS512", &hs512)),
        ("type JWT", good.header("typ", json!("JWT"))),
        ("type AT+JWT", good.header("typ", json!("AT+JWT"))),
        ("type of an id token", good.header("typ", json!("id+jwt"))),
        ("no type", good.header("typ", Value::Null)),
        ("no key id", good.header("kid", Value::Null)),
        ("another key id", good.header("kid", json!("00000000"))),
        ("a path as key id", good.header("kid", json!("../../dev/null"))),
        ("SQL as key id", good.header("kid", json!("' UNION SELECT 'key"))),
        (
            "a key of its own, in the header",
            own(with(&with(&good.header, "jwk", jwk.clone()), "kid", json!("x"))),
        ),
        ("a key of its own, under our key's id", own(with(&good.header, "jwk", jwk.clone()))),
        ("a key in the header, signed with ours", good.header("jwk", jwk)),
        ("an address of keys", good.header("jku", json!("https://attacker.example/keys"))),
        ("an address of certificates", good.header("x5u", json!("https://attacker.example/cert"))),
        ("a certificate", good.header("x5c", json!(["MIIB"]))),
        ("a critical extension", good.header("crit", json!(["b64"]))),
        ("an unencoded payload", good.header("b64", json!(false))),
        ("a nested token", good.header("cty", json!("JWT"))),
        ("compression", good.header("zip", json!("DEF"))),
        ("encryption", good.header("enc", json!("A256GCM"))),
        ("a header that is a list", signed(&json!([good.header]).to_string(), &good.claims.to_string())),
        (
            "the secret itself as key",
            signed_with(SECRET.as_bytes(), &good.header.to_string(), &good.claims.to_string()),
        ),
        (
            "another secret's key",
            signed_with(
                &key_of("another secret of thirty-two bytes and more"),
                &good.header.to_string(),
                &good.claims.to_string(),
            ),
        ),
        ("an empty key", signed_with(b"", &good.header.to_string(), &good.claims.to_string())),
        ("a mere hash as signature", format!("{text}.{}", base64(<Sha256 as sha2::Digest>::digest(&text)))),
    ]
}

/// Invalid claims, each signed with the server's key.
fn wrong_claims(good: &Parts) -> Vec<(&'static str, String)> {
    let now = Utc::now().timestamp();
    let text = good.claims.to_string();
    let twice =
        |claim: &str| signed(&good.header.to_string(), &text.replacen('{', &format!("{{{claim},"), 1));
    let nobody = uuid::Uuid::now_v7().to_string();
    let mut attacks = vec![
        ("another issuer", good.claim("iss", json!("https://attacker.example"))),
        ("an issuer that begins like ours", good.claim("iss", json!("bookly.attacker.example"))),
        ("several issuers", good.claim("iss", json!(["bookly", "attacker"]))),
        ("another audience", good.claim("aud", json!("another-api"))),
        ("several audiences", good.claim("aud", json!(["bookly-api", "another-api"]))),
        ("expired a second ago", good.claim("exp", json!(now - 1))),
        ("expires now", good.claim("exp", json!(now))),
        ("expired in 1969", good.claim("exp", json!(-1))),
        ("expires as text", good.claim("exp", json!("9999999999"))),
        ("expires never", good.claim("exp", json!(f64::MAX))),
        ("issued tomorrow", good.claim("iat", json!(now + 86_400))),
        ("not before tomorrow", good.claim("nbf", json!(now + 86_400))),
        ("not before yesterday, a claim that we do not write", good.claim("nbf", json!(now - 86_400))),
        ("a role", good.claim("role", json!("admin"))),
        ("nobody's account", good.claim("sub", json!(nobody))),
        ("no account's id", good.claim("sub", json!("root"))),
        ("nobody's session", good.claim("sid", json!(nobody))),
        ("the account as session", good.claim("sid", good.claims["sub"].clone())),
        ("an issuer twice", twice("\"iss\":\"bookly\"")),
        ("an account twice", twice(&format!("\"sub\":\"{nobody}\""))),
        ("an expiry twice", twice("\"exp\":1")),
        ("claims that are text", signed(&good.header.to_string(), "\"claims\"")),
        ("no claims", signed(&good.header.to_string(), "{}")),
        ("nothing for claims", signed(&good.header.to_string(), "")),
        ("no UTF-8 for claims", {
            let text = format!("{}.{}", base64(good.header.to_string()), base64([0xff, 0xfe]));
            format!("{text}.{}", base64(hs256(&key_of(SECRET), &text)))
        }),
        (
            "deeply nested claims",
            good.claim(
                "x",
                serde_json::from_str(&format!("{}{}", "[".repeat(100), "]".repeat(100))).unwrap(),
            ),
        ),
    ];
    for (name, why) in [
        ("iss", "no issuer"),
        ("aud", "no audience"),
        ("sub", "no account"),
        ("sid", "no session"),
        ("iat", "no time of issue"),
        ("exp", "no expiry"),
    ] {
        attacks.push((why, good.claim(name, Value::Null)));
    }
    attacks
}

/// Invalid forms of a token.
fn wrong_forms(good: &Parts, refresh_token: &str) -> Vec<(&'static str, String)> {
    let token = &good.token;
    let (text, signature) = token.rsplit_once('.').unwrap();
    let (head, claims) = text.split_once('.').unwrap();
    vec![
        ("nothing", String::new()),
        ("dots", "...".to_owned()),
        ("no signature", format!("{text}.")),
        ("no signature and no dot", text.to_owned()),
        ("a cut signature", token[..token.len() - 1].to_owned()),
        ("half a signature", token[..token.len() - 22].to_owned()),
        ("a longer signature", format!("{token}A")),
        ("padding", format!("{token}=")),
        ("ordinary base64", format!("{text}.{}", BASE64_STANDARD.encode([0xfb; 32]))),
        ("a part more", format!("{token}.{signature}")),
        ("five parts, as an encrypted token has", format!("{head}..{claims}.{claims}.{signature}")),
        ("twice", format!("{token}{token}")),
        ("twice, with a comma", format!("{token}, {token}")),
        ("a space within", format!("{head} .{claims}.{signature}")),
        ("a tab within", format!("{head}.\t{claims}.{signature}")),
        ("a space for a dot", token.replace('.', " ")),
        ("quotes", format!("\"{token}\"")),
        ("the scheme twice", format!("Bearer {token}")),
        ("capital letters", token.to_uppercase()),
        ("a letter of another alphabet", token.replacen('e', "\u{435}", 1)),
        ("a full-width dot", token.replacen('.', "\u{ff0e}", 1)),
        ("a space of no width", format!("{head}.{claims}\u{200b}.{signature}")),
        ("percent encoding", token.replace('.', "%2e")),
        (
            "JSON instead of the compact form",
            json!({ "payload": claims, "protected": head, "signature": signature }).to_string(),
        ),
        ("a refresh token", refresh_token.to_owned()),
        ("60,000 bytes", "A".repeat(60_000)),
        ("60,000 bytes of claims", format!("{head}.{}.{signature}", "A".repeat(60_000))),
        ("60,000 dots", ".".repeat(60_000)),
        ("300,000 bytes", "A".repeat(300_000)),
    ]
}

#[actix_web::test]
async fn every_forged_token_is_rejected() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let good = Parts::of(&alice);
    // The unmodified token is valid, so each attack fails for its own reason.
    let same = signed(&good.header.to_string(), &good.claims.to_string());
    assert_eq!(status_of(&app, &bearer(&same)), 200);
    assert_eq!(status_of(&app, &bearer(&good.claim("exp", json!(Utc::now().timestamp() + 60)))), 200);
    let mut attacks = wrong_headers(&good);
    attacks.extend(wrong_claims(&good));
    attacks.extend(wrong_forms(&good, &alice.refresh_token));
    assert!(attacks.len() >= 40);
    for (why, token) in &attacks {
        let status = status_of(&app, &bearer(token));
        // A head that violates HTTP, or is too long, is rejected earlier.
        let expected: &[u16] = if token.len() > 100_000 { &[0, 400, 431] } else { &[401] };
        assert!(expected.contains(&status), "{why}: {status}");
    }
    for (why, header) in [
        ("no scheme", format!("Authorization: {}", good.token)),
        ("another scheme", format!("Authorization: Token {}", good.token)),
        ("scheme and token run together", format!("Authorization: Bearer{}", good.token)),
        ("a tab behind the scheme", format!("Authorization: Bearer\t{}", good.token)),
        ("a second token", format!("Authorization: Bearer {0}\r\nAuthorization: Bearer {0}x", good.token)),
        (
            "a second token in front",
            format!("Authorization: Bearer x\r\nAuthorization: Bearer {}", good.token),
        ),
        ("the token in a header of its own", format!("X-Access-Token: {}", good.token)),
        (
            "the token in a cookie",
            format!("Cookie: access_token={0}; __Secure-bookly_refresh={0}", good.token),
        ),
        ("a line within", format!("Authorization: Bearer {}\r\n {}", &good.token[..20], &good.token[20..])),
    ] {
        let status = status_of(&app, header.as_bytes());
        assert!([400, 401].contains(&status), "{why}: {status}");
    }
    alice.get("/users/me").await.ok();
}

#[actix_web::test]
async fn a_thousand_flipped_bits_are_detected() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap().into_bytes();
    let bits = token.len() * 8;
    assert!(bits > 1000);
    // 7 has no factor in common with a step of whole bytes: every bit of a byte has its turn.
    for bit in (0..1000).map(|number| number * 7919 % bits) {
        let mut flipped = token.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let status = status_of(&app, &[b"Authorization: Bearer ", flipped.as_slice()].concat());
        assert!([400, 401].contains(&status), "bit {bit}: {status}");
    }
    alice.get("/users/me").await.ok();
}

#[actix_web::test]
async fn a_flipped_refresh_token_is_rejected_without_side_effects() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let token = alice.refresh_token.clone().into_bytes();
    for bit in 0..token.len() * 8 {
        let mut flipped = token.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Bytes that are not text cannot be sent as JSON.
        let Ok(flipped) = String::from_utf8(flipped) else { continue };
        let input = json!({ "refresh_token": flipped });
        let answer = app.anonymous().post("/auth/refresh", input).await;
        assert_eq!(answer.status, 401, "bit {bit}");
    }
    alice.refresh().await.ok();
}
