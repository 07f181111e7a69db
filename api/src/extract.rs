//! What handlers take out of a request, and the failures of each as problems.

use std::{
    io::{self, Seek, SeekFrom, Write},
    net::IpAddr,
    rc::Rc,
    time::Duration,
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, ResponseError,
    body::BoxBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::{Bytes, BytesMut, Data},
};
use futures_util::{
    StreamExt,
    future::{LocalBoxFuture, Ready, ready},
};
use serde::de::DeserializeOwned;
use service::{Actor, Error, FieldError, access::Action, auth};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    State,
    error::{Code, Problem, Result},
};

/// The most bytes of a JSON body.
pub const JSON_LIMIT: usize = 256 * 1024;

/// The most bytes of a file.
pub const FILE_LIMIT: usize = 32 * 1024 * 1024;

/// How long a JSON body may be on its way.
const JSON_DEADLINE: Duration = Duration::from_secs(10);

/// How long a file may pause on its way.
const FILE_PATIENCE: Duration = Duration::from_secs(10);

/// Files up to this size never touch the disk.
const FILE_IN_MEMORY: usize = 512 * 1024;

/// Lets a request through to `action` if the permission table does. Runs before anything of the body is
/// read, and leaves the actor to the handler.
pub(crate) async fn guard(
    action: Action,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> std::result::Result<ServiceResponse, actix_web::Error> {
    if !action.rule().anonymous
        && let Err(problem) = admit(action, request.request()).await
    {
        return Ok(request.into_response(problem.error_response()));
    }
    next.call(request).await
}

async fn admit(action: Action, request: &HttpRequest) -> Result<()> {
    let state = request.app_data::<Data<State>>().cloned();
    let state = state.ok_or_else(|| Problem::caused(Code::Internal, "something went wrong", "no state"))?;
    let actor = auth::authenticate(&state.db, &state.auth, bearer(request)?).await?;
    let reach = actor.may(action);
    request.extensions_mut().insert(actor);
    Ok(reach.map(drop)?)
}

/// The token of `Authorization: Bearer …` (RFC 6750, section 2.1).
fn bearer(request: &HttpRequest) -> Result<&str> {
    let value = request.headers().get(header::AUTHORIZATION).ok_or(Error::NotSignedIn)?;
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Error::InvalidToken.into()),
    }
}

/// Who acts. Only behind a [`guard`] that is closed to the anonymous.
pub struct SignedIn(pub Actor);

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let actor = request.extensions().get::<Actor>().cloned();
        ready(actor.map(Self).ok_or_else(|| Error::NotSignedIn.into()))
    }
}

/// A JSON object.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = request.content_type().to_ascii_lowercase();
        let length = content_length(request);
        let payload = payload.take();
        Box::pin(async move {
            if media_type != "application/json" && !media_type.ends_with("+json") {
                return Err(Problem::new(Code::UnsupportedMediaType, "send application/json"));
            }
            let body = timeout(JSON_DEADLINE, read_json(payload, length)).await;
            let body = body.map_err(|_| Problem::new(Code::RequestTimeout, "the body took too long"))??;
            parse_json(&body).map(Self)
        })
    }
}

async fn read_json(mut payload: Payload, length: Option<usize>) -> Result<BytesMut> {
    let too_large = || Problem::new(Code::BodyTooLarge, format!("at most {JSON_LIMIT} bytes are taken"));
    if length.is_some_and(|length| length > JSON_LIMIT) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| cut_off(&error))?;
        if body.len() + chunk.len() > JSON_LIMIT {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let text =
        std::str::from_utf8(body).map_err(|_| Problem::new(Code::MalformedBody, "the body is not UTF-8"))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // serde takes an array for an object, field by field.
    if !text.trim_start().starts_with('{') {
        return match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Err(Error::invalid("", "type", "must be an object").into()),
            Err(error) => Err(Problem::new(Code::MalformedBody, format!("the body is not JSON: {error}"))),
        };
    }
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| json_problem(&error))?;
    deserializer
        .end()
        .map_err(|error| Problem::new(Code::MalformedBody, format!("the body is not JSON: {error}")))?;
    Ok(parsed)
}

fn json_problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    let too_big = inner.to_string().starts_with("number out of range");
    if inner.is_data() || too_big {
        return field_problem(error.path(), &inner.to_string());
    }
    Problem::new(Code::MalformedBody, format!("the body is not JSON: {inner}"))
}

/// Query parameters.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        let query = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        ready(query.map(Self).map_err(|error| field_problem(error.path(), &error.inner().to_string())))
    }
}

/// Tells the field and the kind of an error of serde.
fn field_problem(path: &serde_path_to_error::Path, message: &str) -> Problem {
    let quoted = |prefix: &str| message.strip_prefix(prefix)?.split('`').next();
    let mut pointer = String::new();
    for segment in path {
        if let serde_path_to_error::Segment::Map { key } = segment {
            pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        } else if let serde_path_to_error::Segment::Seq { index } = segment {
            pointer = format!("{pointer}/{index}");
        }
    }
    let mut below = |name: &str| {
        if !pointer.ends_with(&format!("/{name}")) {
            pointer = format!("{pointer}/{name}");
        }
    };
    let (code, detail) = if let Some(name) = quoted("unknown field `") {
        below(name);
        ("unknown_field", "is not known here".to_owned())
    } else if let Some(name) = quoted("missing field `") {
        below(name);
        ("missing", "is missing".to_owned())
    } else if let Some(name) = quoted("duplicate field `") {
        below(name);
        ("duplicate", "is given twice".to_owned())
    } else {
        // serde_json adds the place, which the pointer says already.
        ("type", message.split(" at line ").next().unwrap_or(message).to_owned())
    };
    Error::Invalid(vec![FieldError::new(pointer, code, detail)]).into()
}

/// The id in the path. What is no UUID is nobody's id.
pub struct Id(pub Uuid);

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|id| Uuid::try_parse(id).ok());
        ready(id.map(Self).ok_or_else(|| Error::NotFound.into()))
    }
}

/// The versions that `If-Match` names; none without the header or with `*` (RFC 9110, section 13.1.1). A
/// weak or foreign tag matches nothing.
pub struct IfMatch(pub Option<Vec<i64>>);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut versions = None;
        for value in request.headers().get_all(header::IF_MATCH) {
            let value = value.to_str().unwrap_or_default();
            if value.trim() == "*" {
                return ready(Ok(Self(None)));
            }
            let tags = value
                .split(',')
                .filter_map(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse::<i64>().ok());
            versions.get_or_insert_with(Vec::new).extend(tags);
        }
        ready(Ok(Self(versions)))
    }
}

/// The device that sent the request.
pub struct Client(pub auth::Client);

impl FromRequest for Client {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user_agent = request.headers().get(header::USER_AGENT).and_then(|name| name.to_str().ok());
        let ip: Option<IpAddr> = request.peer_addr().map(|peer| peer.ip().to_canonical());
        ready(Ok(Self(auth::Client { user_agent: user_agent.map(str::to_owned), ip })))
    }
}

/// Media types that a file of books may come as. Browsers on Windows call a CSV file one of Excel.
const FILE_TYPES: [&str; 10] = [
    "text/csv",
    "application/csv",
    "application/vnd.ms-excel",
    "text/tab-separated-values",
    "text/plain",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json",
    "application/octet-stream",
];

/// A file as the whole body, kept in memory while it is small and on disk when it is not.
pub struct Upload(pub tempfile::SpooledTempFile);

impl FromRequest for Upload {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = Rc::new(request.content_type().to_ascii_lowercase());
        let length = content_length(request);
        let mut payload = payload.take();
        Box::pin(async move {
            let too_large =
                || Problem::new(Code::BodyTooLarge, format!("at most {FILE_LIMIT} bytes are taken"));
            if !FILE_TYPES.contains(&media_type.as_str()) {
                return Err(Problem::new(
                    Code::UnsupportedMediaType,
                    "send text/csv or application/x-ndjson",
                ));
            }
            if length.is_some_and(|length| length > FILE_LIMIT) {
                return Err(too_large());
            }
            let mut file = tempfile::spooled_tempfile(FILE_IN_MEMORY);
            let mut size = 0;
            loop {
                let chunk = timeout(FILE_PATIENCE, payload.next()).await;
                let chunk =
                    chunk.map_err(|_| Problem::new(Code::RequestTimeout, "the file took too long"))?;
                let Some(chunk) = chunk else { break };
                let chunk = chunk.map_err(|error| cut_off(&error))?;
                size += chunk.len();
                if size > FILE_LIMIT {
                    return Err(too_large());
                }
                file = spool(file, chunk).await?;
            }
            file.seek(SeekFrom::Start(0)).map_err(|error| disk(&error))?;
            Ok(Self(file))
        })
    }
}

/// Writes a chunk, off this thread once the file is on disk.
async fn spool(mut file: tempfile::SpooledTempFile, chunk: Bytes) -> Result<tempfile::SpooledTempFile> {
    let written = if file.is_rolled() {
        tokio::task::spawn_blocking(move || file.write_all(&chunk).map(|()| file)).await
    } else {
        Ok(file.write_all(&chunk).map(|()| file))
    };
    written.map_err(|error| disk(&io::Error::other(error)))?.map_err(|error| disk(&error))
}

fn content_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn cut_off(error: &actix_web::error::PayloadError) -> Problem {
    Problem::new(Code::BadRequest, format!("the body cannot be read: {error}"))
}

fn disk(error: &io::Error) -> Problem {
    Problem::caused(Code::Unavailable, "the file cannot be kept", error.to_string())
}
