//! Cookies of browser sessions, which scripts cannot read: one with the refresh token, which browsers send to two paths
//! that accept it from trusted origins only, and one with the device token, which browsers send to the log-in.

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, Responder, body::BoxBody, dev::Payload,
    http::header, web::Data,
};
use futures_util::future::{LocalBoxFuture, Ready, ready};
use service::{
    DeviceToken, Error, RefreshToken,
    auth::{LogIn, Refresh, Tokens, Transport},
    lifetime::DEVICE,
    security::{AddressClass, Event},
};

use crate::{
    address,
    error::{Code, Problem, Result},
    extract::Json,
};

/// Name of the cookie. Browsers accept this prefix over TLS only (RFC 6265bis, section 4.1.3.1).
pub const NAME: &str = "__Secure-bookly_refresh";

/// Paths to which browsers send it, each with a cookie of its own.
const PATHS: [&str; 2] = ["/api/v1/auth/refresh", "/api/v1/auth/logout"];

/// Name of the cookie with the device token.
pub const DEVICE_NAME: &str = "__Secure-bookly_device";

/// Path to which browsers send the device token.
const DEVICE_PATH: &str = "/api/v1/auth/login";

/// Most bytes of a token.
const MAX_LENGTH: usize = 512;

/// Origins whose pages may use the cookie.
#[derive(Debug)]
pub struct Origins(pub Vec<String>);

/// Cookie of a request, if it has one.
pub struct RefreshCookie(pub Option<CookieToken>);

/// Refresh token in the cookie; none if it is malformed. Two cookies of this name are rejected: another host of the
/// domain may have set the second.
pub struct CookieToken(Option<RefreshToken>);

impl FromRequest for RefreshCookie {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(token) = token(request, NAME) else { return ready(Ok(Self(None))) };
        let content = CookieToken(token.map(RefreshToken::from));
        ready(check_origin(request).map(|()| Self(Some(content))))
    }
}

/// Device token in the cookie of a request. It permits nothing by itself, so its origin is not checked.
pub(crate) fn device_token(request: &HttpRequest) -> Option<DeviceToken> {
    token(request, DEVICE_NAME).flatten().map(DeviceToken::from)
}

/// Token in the cookie of this name; none if there is no such cookie, none inside if it is malformed or not unique.
fn token(request: &HttpRequest, name: &str) -> Option<Option<String>> {
    let headers = request.headers().get_all(header::COOKIE);
    let pairs = headers.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let mut tokens = pairs.filter_map(|pair| {
        pair.trim_ascii_start().strip_prefix(name.as_bytes())?.strip_prefix(b"=").map(<[u8]>::trim_ascii)
    });
    let token = match (tokens.next()?, tokens.next()) {
        (token, None) if token.len() <= MAX_LENGTH => String::from_utf8(token.to_vec()).ok(),
        (_, _) => None,
    };
    Some(token.filter(|token| !token.is_empty()))
}

/// Rejects requests from pages of untrusted origins. `SameSite` alone would accept every host of the same site.
/// Browsers add `Origin` to each POST, and pages cannot forge it.
fn check_origin(request: &HttpRequest) -> Result<()> {
    let known = request.app_data::<Data<Origins>>();
    let mut origins = request.headers().get_all(header::ORIGIN);
    match (origins.next().and_then(|origin| origin.to_str().ok()), origins.next()) {
        (Some(origin), None) if known.is_some_and(|known| known.0.iter().any(|known| known == origin)) => {
            Ok(())
        }
        _ => {
            Event::OriginRefused { address: AddressClass::of(address::of(request)) }.log();
            Err(Problem::new(Code::ForeignOrigin, "this origin is not allowed to use the cookie"))
        }
    }
}

/// Credentials of a log-in. Only pages of trusted origins may ask for a cookie: another page could log a browser in to
/// an account of its own choice.
pub struct Credentials(pub LogIn);

impl FromRequest for Credentials {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Json::<LogIn>::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let Json(input) = body.await?;
            match input.transport {
                Transport::Cookie => check_origin(&request)?,
                Transport::Body => {}
            }
            Ok(Self(input))
        })
    }
}

/// Refresh token of a request, from the body, else from the cookie.
pub struct Presented(pub Refresh, pub Transport);

impl FromRequest for Presented {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let cookie = RefreshCookie::from_request(request, payload);
        let has = |name| request.headers().contains_key(name);
        let says_nothing = request.headers().get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
        let empty = says_nothing && !has(header::CONTENT_TYPE) && !has(header::TRANSFER_ENCODING);
        let body = (!empty).then(|| Json::<Refresh>::from_request(request, payload));
        Box::pin(async move {
            let RefreshCookie(cookie) = cookie.await?;
            let input = match body {
                Some(body) => body.await?.0,
                None => Refresh::default(),
            };
            Ok(match (input, cookie) {
                (Refresh { refresh_token: None }, Some(CookieToken(token))) => {
                    let token = token.ok_or(Error::InvalidToken)?;
                    Self(Refresh { refresh_token: Some(token) }, Transport::Cookie)
                }
                (input, _) => Self(input, Transport::Body),
            })
        })
    }
}

/// Response with tokens. No cache may store it (RFC 6749, section 5.1).
pub struct Issued(pub Tokens, pub Transport);

impl Responder for Issued {
    type Body = BoxBody;

    fn respond_to(mut self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if self.1 == Transport::Cookie {
            if let Some(token) = self.0.refresh_token.take() {
                set_refresh(&mut response, token.reveal(), self.0.refresh_expires_in);
            }
            if let Some(token) = self.0.device_token.take() {
                set(&mut response, DEVICE_NAME, DEVICE_PATH, token.reveal(), DEVICE.num_seconds());
            }
        }
        response.json(self.0)
    }
}

/// Response after log-out, which deletes the cookie if there was one.
pub struct Left(pub RefreshCookie);

impl Responder for Left {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::NoContent();
        if self.0.0.is_some() {
            set_refresh(&mut response, "", 0);
        }
        response.finish()
    }
}

fn set_refresh(response: &mut HttpResponseBuilder, token: &str, seconds: i64) {
    for path in PATHS {
        set(response, NAME, path, token, seconds);
    }
}

fn set(response: &mut HttpResponseBuilder, name: &str, path: &str, token: &str, seconds: i64) {
    let cookie = format!("{name}={token}; Path={path}; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    response.append_header((header::SET_COOKIE, cookie));
}
