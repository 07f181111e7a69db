//! The cookie in which a browser keeps a refresh token, if log-in was asked for it: no script reads it, and it
//! goes to two paths, which take it from origins that are known and from no other.

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, Responder, body::BoxBody, dev::Payload,
    http::header, web::Data,
};
use futures_util::future::{LocalBoxFuture, Ready, ready};
use service::{
    Error,
    auth::{Refresh, Tokens, Transport},
    security::{AddressClass, Event},
};

use crate::{
    address,
    error::{Code, Problem, Result},
    extract::Json,
};

/// The cookie's name. Browsers take it from TLS only (RFC 6265bis, section 4.1.3.1).
pub const NAME: &str = "__Secure-bookly_refresh";

/// Where browsers send it. A cookie has one path, so there is one for each.
const PATHS: [&str; 2] = ["/api/v1/auth/refresh", "/api/v1/auth/logout"];

/// The longest refresh token.
const MAX_LENGTH: usize = 512;

/// The origins whose pages may use the cookie.
#[derive(Debug)]
pub struct Origins(pub Vec<String>);

/// The cookie, if there is one.
pub struct RefreshCookie(pub Option<Content>);

/// The refresh token of the cookie; none of one that cannot be read. Two cookies of this name are one too many:
/// another host of the domain may have set the second.
pub struct Content(Option<String>);

impl FromRequest for RefreshCookie {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let headers = request.headers().get_all(header::COOKIE);
        let pairs = headers.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
        let mut tokens = pairs.filter_map(|pair| {
            pair.trim_ascii_start().strip_prefix(NAME.as_bytes())?.strip_prefix(b"=").map(<[u8]>::trim_ascii)
        });
        let token = match (tokens.next(), tokens.next()) {
            (None, _) => return ready(Ok(Self(None))),
            (Some(token), None) if token.len() <= MAX_LENGTH => String::from_utf8(token.to_vec()).ok(),
            (Some(_), _) => None,
        };
        let content = Content(token.filter(|token| !token.is_empty()));
        ready(check_origin(request).map(|()| Self(Some(content))))
    }
}

/// Lets through what a page of a known origin sent. `SameSite` alone would let in any other host of the same
/// site. Browsers add `Origin` to each POST, and no page can forge it.
fn check_origin(request: &HttpRequest) -> Result<()> {
    let known = request.app_data::<Data<Origins>>();
    let mut origins = request.headers().get_all(header::ORIGIN);
    match (origins.next().and_then(|origin| origin.to_str().ok()), origins.next()) {
        (Some(origin), None) if known.is_some_and(|known| known.0.iter().any(|known| known == origin)) => {
            Ok(())
        }
        _ => {
            Event::OriginRefused { address: AddressClass::of(address::of(request)) }.log();
            Err(Problem::new(Code::ForeignOrigin, "this origin may not use the cookie"))
        }
    }
}

/// The refresh token that a client presents, and how: in the body, else in the cookie.
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
                (Refresh { refresh_token: None }, Some(Content(token))) => {
                    let token = token.ok_or(Error::InvalidToken)?;
                    Self(Refresh { refresh_token: Some(token) }, Transport::Cookie)
                }
                (input, _) => Self(input, Transport::Body),
            })
        })
    }
}

/// Tokens on their way to the client. They are not for caches (RFC 6749, section 5.1).
pub struct Issued(pub Tokens, pub Transport);

impl Responder for Issued {
    type Body = BoxBody;

    fn respond_to(mut self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if self.1 == Transport::Cookie
            && let Some(token) = self.0.refresh_token.take()
        {
            set(&mut response, &token, self.0.refresh_expires_in);
        }
        response.json(self.0)
    }
}

/// The end of a session, and of the cookie if there was one.
pub struct Left(pub RefreshCookie);

impl Responder for Left {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::NoContent();
        if self.0.0.is_some() {
            set(&mut response, "", 0);
        }
        response.finish()
    }
}

fn set(response: &mut HttpResponseBuilder, token: &str, seconds: i64) {
    for path in PATHS {
        let cookie =
            format!("{NAME}={token}; Path={path}; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
        response.append_header((header::SET_COOKIE, cookie));
    }
}
