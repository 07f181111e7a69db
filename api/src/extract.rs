//! What handlers take out of a request, and the failures of each as problems.

mod json;
mod upload;

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, ResponseError,
    body::BoxBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::Data,
};
use futures_util::future::{Ready, ready};
use serde::de::DeserializeOwned;
use service::{
    Actor, Error, FieldError,
    access::Action,
    auth,
    throttle::{Policy, Subject},
};
use url::form_urlencoded;
use uuid::Uuid;

pub use self::{json::Json, upload::Upload};
use crate::{
    State, address,
    error::{Code, Problem, Result},
    represent::{self, Coding},
    throttle,
};

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
    let mut response = next.call(request).await?;
    represent::share(action, &mut response);
    Ok(response)
}

async fn admit(action: Action, request: &HttpRequest) -> Result<()> {
    let state = request.app_data::<Data<State>>().cloned();
    let state = state.ok_or_else(|| Problem::caused(Code::Internal, "something went wrong", "no state"))?;
    let actor = auth::authenticate(&state.db, &state.auth, bearer(request)?).await?;
    let counted = actor.id.map_or(Ok(()), |id| count(action, request, id));
    let reach = actor.may(action);
    request.extensions_mut().insert(actor);
    counted?;
    Ok(reach.map(drop)?)
}

/// Counts what an account does, and an import once more: it is more work than anything else.
fn count(action: Action, request: &HttpRequest, id: Uuid) -> Result<()> {
    throttle::admit(request, Policy::User, Subject::User(id))?;
    if action == Action::ImportBooks {
        throttle::admit(request, Policy::Import, Subject::User(id))?;
    }
    Ok(())
}

/// The token of `Authorization: Bearer …` (RFC 6750, section 2.1). With two such headers, those who read the
/// request on its way may have gone by the other.
fn bearer(request: &HttpRequest) -> Result<&str> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next().ok_or(Error::NotSignedIn)?;
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    match (token, values.next()) {
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(token.trim_start_matches(' '))
        }
        _ => Err(Error::InvalidToken.into()),
    }
}

/// How long a body may be on its way and count as sent with its head.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Whoever sends a body.
struct Sender(Option<(Data<State>, Actor)>);

impl Sender {
    fn of(request: &HttpRequest) -> Self {
        let actor = request.extensions().get::<Actor>().cloned();
        Self(request.app_data::<Data<State>>().cloned().zip(actor))
    }

    /// Reads a body. One who took their time must still be who they were when the head came.
    async fn read<T>(self, body: impl Future<Output = Result<T>>) -> Result<T> {
        let began = Instant::now();
        let body = body.await?;
        if let Some((state, actor)) = self.0.filter(|_| began.elapsed() > AT_ONCE) {
            auth::confirm(&state.db, &actor).await?;
        }
        Ok(body)
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

/// Query parameters.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = joined(request.query_string());
        let pairs = form_urlencoded::parse(text.as_bytes());
        let query = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        ready(query.map(Self).map_err(|error| field_problem(error.path(), &error.inner().to_string())))
    }
}

/// The parameter that may be repeated; commas do the same.
const LIST: &str = "fields";

/// The query string with one [`LIST`] for all that it has.
fn joined(query: &str) -> Cow<'_, str> {
    let is_list = |name: &str| name == LIST;
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let lists: Vec<_> = pairs().filter(|(name, _)| is_list(name)).map(|(_, value)| value).collect();
    if lists.len() < 2 {
        return query.into();
    }
    let others = pairs().filter(|(name, _)| !is_list(name));
    let mut joined = form_urlencoded::Serializer::new(String::new());
    joined.extend_pairs(others).append_pair(LIST, &lists.join(",")).finish().into()
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
            let tags = value.split(',').filter_map(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"'));
            versions.get_or_insert_with(Vec::new).extend(tags.filter_map(version));
        }
        ready(Ok(Self(versions)))
    }
}

/// The version that an entity tag is of, whichever coding it came in.
fn version(tag: &str) -> Option<i64> {
    let coded =
        tag.split_once('-').filter(|(_, name)| Coding::ALL.iter().any(|coding| coding.name() == *name));
    coded.map_or(tag, |(version, _)| version).parse().ok()
}

/// The device that sent the request.
pub struct Client(pub auth::Client);

impl FromRequest for Client {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user_agent = request.headers().get(header::USER_AGENT).and_then(|name| name.to_str().ok());
        let ip = address::of(request);
        ready(Ok(Self(auth::Client { user_agent: user_agent.map(str::to_owned), ip })))
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
        // serde_json adds the place, which the pointer says already; serde says what it got, which may be a
        // password.
        let message = message.split(" at line ").next().unwrap_or(message);
        let expected = message.split_once(", expected ").map(|(_, expected)| format!("must be {expected}"));
        ("type", expected.unwrap_or_else(|| message.to_owned()))
    };
    Error::Invalid(vec![FieldError::new(pointer, code, detail)]).into()
}

fn content_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn cut_off(error: &actix_web::error::PayloadError) -> Problem {
    Problem::new(Code::BadRequest, format!("the body cannot be read: {error}"))
}
