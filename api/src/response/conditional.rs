//! Caching headers, entity tags, `304 Not Modified` and compression of responses. Only responses to GET and HEAD are
//! conditional or compressed: the length of a compressed log-in response would leak its secrets.

use actix_web::{
    HttpResponse,
    body::{self, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::Bytes,
};
use twox_hash::XxHash3_128;

use super::{
    coding::{self, Accepted, Coding},
    encode::{self, Encoded},
};
use crate::{
    endpoints::{Caching, Endpoint},
    etag::Named,
};

/// Any cache stores the response, and revalidates it before each use (RFC 9111, section 5.2.2.4).
const SHARED: HeaderValue = HeaderValue::from_static("public, no-cache");

/// No cache stores the response.
const UNSTORED: HeaderValue = HeaderValue::from_static("no-store");

/// Bodies above this many bytes are compressed on another thread.
const LARGE: usize = 64 * 1024;

/// Marks responses that never change while the program runs, so that each is compressed only once.
#[derive(Clone, Copy)]
pub struct Immutable;

/// Allows caches to store what everyone may read. It does not depend on the caller.
pub(crate) fn allow_shared_cache(endpoint: &Endpoint, response: &mut ServiceResponse) {
    let shared = endpoint.caching() == Caching::Shared && response.status().is_success();
    if shared && !response.headers().contains_key(header::CACHE_CONTROL) {
        response.headers_mut().insert(header::CACHE_CONTROL, SHARED);
    }
}

/// Layer round the files of the program: answers HEAD, too, and allows caches to store them.
pub(crate) async fn serve_files(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    // The connection leaves out the body of a response to HEAD.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let mut response = next.call(request).await?.map_into_boxed_body();
    if response.status().is_success() {
        response.headers_mut().insert(header::CACHE_CONTROL, SHARED);
        response.response_mut().extensions_mut().insert(Immutable);
    }
    Ok(response)
}

/// Weak entity tag of a body without a version: its hash, the same in every coding.
pub(crate) fn weak_tag(body: &[u8]) -> HeaderValue {
    let tag = format!("W/\"{:032x}\"", XxHash3_128::oneshot(body));
    HeaderValue::try_from(tag).expect("digits and quotes are valid in a header")
}

/// Finishes a response, in the outermost layer, with the headers of all other layers.
pub(crate) async fn finish(mut response: ServiceResponse) -> ServiceResponse {
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        response.headers_mut().insert(header::CACHE_CONTROL, UNSTORED);
    }
    if !is_read(&response) || response.status() != StatusCode::OK {
        return response;
    }
    let (request, answer) = response.into_parts();
    let (mut head, body) = answer.into_parts();
    let accepted = Accepted::of(request.headers());
    let compressible = coding::is_compressible(head.headers());
    if compressible {
        vary(head.headers_mut());
    }
    let choose = |length| accepted.choice(length).filter(|_| compressible);
    let answer = match body.try_into_bytes() {
        Err(stream) => match choose(None) {
            None => head.set_body(stream),
            Some(coding) => {
                describe(head.headers_mut(), coding);
                head.set_body(BoxBody::new(Encoded::new(coding, stream)))
            }
        },
        Ok(body) => {
            tag(head.headers_mut(), &body);
            let choice = choose(Some(body.len()));
            match known(request.headers(), head.headers(), choice, &accepted) {
                Some(coding) => not_modified(head, coding),
                None => whole(head, body, choice).await,
            }
        }
    };
    ServiceResponse::new(request, answer)
}

/// Adds an entity tag to a response that caches may store, if it has none.
fn tag(headers: &mut HeaderMap, body: &[u8]) {
    if headers.get(header::CACHE_CONTROL) != Some(&UNSTORED) && !headers.contains_key(header::ETAG) {
        headers.insert(header::ETAG, weak_tag(body));
    }
}

/// Response to a client that has the current representation.
fn not_modified(mut head: HttpResponse<()>, coding: Option<Coding>) -> HttpResponse {
    let headers = head.headers_mut();
    if let Some(coding) = coding {
        describe(headers, coding);
    }
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::LINK] {
        headers.remove(name);
    }
    *head.status_mut() = StatusCode::NOT_MODIFIED;
    head.set_body(BoxBody::new(body::None::new()))
}

/// Response with its whole body, compressed if the client accepts that.
async fn whole(mut head: HttpResponse<()>, body: Bytes, choice: Option<Coding>) -> HttpResponse {
    let Some(coding) = choice else { return head.set_body(BoxBody::new(body)) };
    let immutable = head.extensions().contains::<Immutable>();
    let encoded = if immutable {
        encode::once(coding, body.clone()).await
    } else if body.len() > LARGE {
        encode::aside(coding, body.clone()).await
    } else {
        encode::whole(coding, &body)
    };
    match encoded {
        Ok(encoded) => {
            describe(head.headers_mut(), coding);
            head.set_body(BoxBody::new(encoded))
        }
        Err(error) => {
            log::error!("cannot compress a response: {error}");
            head.set_body(BoxBody::new(body))
        }
    }
}

/// Coding of the representation that `If-None-Match` names, if it is current (RFC 9110, section 13.1.2).
fn known(
    request: &HeaderMap,
    headers: &HeaderMap,
    choice: Option<Coding>,
    accepted: &Accepted,
) -> Option<Option<Coding>> {
    let tag = headers.get(header::ETAG)?.to_str().ok()?;
    let named = Named::of(request, header::IF_NONE_MATCH)?;
    // The client may have the representation in any of the codings that it accepts.
    let mut codings = std::iter::once(choice).chain(accepted.all());
    codings.find(|coding| named.includes(&tag_in(tag, *coding)))
}

/// Entity tag of a representation in a coding: a strong one differs for each coding (RFC 9110, section 8.8.3.3).
fn tag_in(tag: &str, coding: Option<Coding>) -> String {
    match (coding, tag.strip_suffix('"')) {
        (Some(coding), Some(strong)) if strong.starts_with('"') => format!("{strong}-{}\"", coding.name()),
        _ => tag.to_owned(),
    }
}

/// Adds the headers of a compressed body.
fn describe(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if let Some(Ok(tag)) = tag.map(|tag| HeaderValue::try_from(tag_in(tag, Some(coding)))) {
        headers.insert(header::ETAG, tag);
    }
}

/// Adds `Accept-Encoding` to the `Vary` of CORS.
fn vary(headers: &mut HeaderMap) {
    let before = headers.get(header::VARY).and_then(|vary| vary.to_str().ok());
    let vary = before.map(|before| format!("{before}, Accept-Encoding"));
    let vary = vary.and_then(|vary| HeaderValue::try_from(vary).ok());
    headers.insert(header::VARY, vary.unwrap_or(HeaderValue::from_static("Accept-Encoding")));
}

fn is_read(response: &ServiceResponse) -> bool {
    matches!(*response.request().method(), Method::GET | Method::HEAD)
}
