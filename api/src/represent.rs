//! How an answer goes out, whatever it says: what caches may do with it, its entity tag, 304 for one who has it
//! already, and its content coding. Only answers to GET and HEAD are conditional or compressed: what is answered
//! to a log-in has secrets in it, and its length would tell of them.

mod coding;
mod encode;

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
use service::access::Action;
use twox_hash::XxHash3_128;

pub use self::coding::Coding;
use self::{coding::Accepted, encode::Encoded};

/// Everyone may keep it, and asks by its entity tag before each use (RFC 9111, section 5.2.2.4).
const SHARED: HeaderValue = HeaderValue::from_static("public, no-cache");

/// Nobody may keep it.
const UNSTORED: HeaderValue = HeaderValue::from_static("no-store");

/// Bodies below this many bytes are sent as they are: with its header the coding would hardly save a packet.
const SMALL: usize = 1024;

/// Bodies above this many bytes are compressed on another thread.
const LARGE: usize = 64 * 1024;

/// Marks answers that are the same for as long as the program runs, so that each is compressed only once.
#[derive(Clone, Copy)]
pub struct Fixed;

/// Lets caches keep what anyone may read. It is the same for everyone: who is not needed is not looked up.
pub(crate) fn share(action: Action, response: &mut ServiceResponse) {
    let public = action.rule().anonymous && is_read(response) && response.status().is_success();
    if public && !response.headers().contains_key(header::CACHE_CONTROL) {
        response.headers_mut().insert(header::CACHE_CONTROL, SHARED);
    }
}

/// The layer round files of the program: HEAD beside GET, and caches may keep them.
pub(crate) async fn files(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    // The connection remembers that no body is to follow.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let mut response = next.call(request).await?.map_into_boxed_body();
    if response.status().is_success() {
        response.headers_mut().insert(header::CACHE_CONTROL, SHARED);
        response.response_mut().extensions_mut().insert(Fixed);
    }
    Ok(response)
}

/// The weak entity tag of a body that has no version: what it says, in whatever coding.
pub(crate) fn weak_tag(body: &[u8]) -> HeaderValue {
    let tag = format!("W/\"{:032x}\"", XxHash3_128::oneshot(body));
    HeaderValue::try_from(tag).expect("digits and quotes are a header's")
}

/// Finishes an answer: the outermost step, which sees the headers that all others set.
pub(crate) async fn deliver(mut response: ServiceResponse) -> ServiceResponse {
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

/// Gives what caches may keep an entity tag, if it has none of its own.
fn tag(headers: &mut HeaderMap, body: &[u8]) {
    if headers.get(header::CACHE_CONTROL) != Some(&UNSTORED) && !headers.contains_key(header::ETAG) {
        headers.insert(header::ETAG, weak_tag(body));
    }
}

/// The answer to one who has it.
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

/// The answer with its whole body, compressed if that is wanted and works.
async fn whole(mut head: HttpResponse<()>, body: Bytes, choice: Option<Coding>) -> HttpResponse {
    let Some(coding) = choice else { return head.set_body(BoxBody::new(body)) };
    let fixed = head.extensions().contains::<Fixed>();
    let encoded = if fixed {
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
            log::error!("an answer cannot be compressed: {error}");
            head.set_body(BoxBody::new(body))
        }
    }
}

/// The coding of the representation that the caller has already, if it is current (RFC 9110, section 13.1.2).
fn known(
    request: &HeaderMap,
    headers: &HeaderMap,
    choice: Option<Coding>,
    accepted: &Accepted,
) -> Option<Option<Coding>> {
    let tag = headers.get(header::ETAG)?.to_str().ok()?;
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known: Vec<String> = request
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(opaque))
        .collect();
    // Whichever of the codings that it takes the caller has, it is the one to go on with.
    let mut codings = std::iter::once(choice).chain(accepted.all());
    codings.find(|coding| known.iter().any(|known| known == "*" || *known == opaque(&tag_in(tag, *coding))))
}

/// The entity tag of a representation in a coding: a strong one is of these bytes and no others (RFC 9110,
/// section 8.8.3.3).
fn tag_in(tag: &str, coding: Option<Coding>) -> String {
    match (coding, tag.strip_suffix('"')) {
        (Some(coding), Some(strong)) if strong.starts_with('"') => format!("{strong}-{}\"", coding.name()),
        _ => tag.to_owned(),
    }
}

/// Says in which coding the body is.
fn describe(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if let Some(Ok(tag)) = tag.map(|tag| HeaderValue::try_from(tag_in(tag, Some(coding)))) {
        headers.insert(header::ETAG, tag);
    }
}

/// Adds what the coding depends on to what CORS does.
fn vary(headers: &mut HeaderMap) {
    let before = headers.get(header::VARY).and_then(|vary| vary.to_str().ok());
    let vary = before.map(|before| format!("{before}, Accept-Encoding"));
    let vary = vary.and_then(|vary| HeaderValue::try_from(vary).ok());
    headers.insert(header::VARY, vary.unwrap_or(HeaderValue::from_static("Accept-Encoding")));
}

fn is_read(response: &ServiceResponse) -> bool {
    matches!(*response.request().method(), Method::GET | Method::HEAD)
}
