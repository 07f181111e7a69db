//! The limits at the door: of a route, for the address of the client, and of whoever is signed in; and the
//! headers that tell of them.

use actix_web::{
    Error, HttpMessage, HttpRequest, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use service::throttle::{Policy, Standing, Subject};

use crate::{
    State, address,
    error::{Problem, Result},
};

/// The headers of draft-ietf-httpapi-ratelimit-headers-11, section 3 and 4.
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How a request stands with the limits that it met.
struct Standings(Vec<Standing>);

/// Lets a request through if its client's address has not asked too often. Runs before anything else.
pub(crate) async fn by_address(
    policy: Policy,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse, Error> {
    let subject = Subject::Address(address::of(request.request()));
    if let Err(problem) = admit(request.request(), policy, subject) {
        return Ok(request.into_response(problem.error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Counts a request, and keeps how it stands for its answer.
pub(crate) fn admit(request: &HttpRequest, policy: Policy, subject: Subject<'_>) -> Result<()> {
    let Some(state) = request.app_data::<Data<State>>() else { return Ok(()) };
    if let Some(standing) = state.auth.throttle().admit(policy, subject)? {
        let mut extensions = request.extensions_mut();
        match extensions.get_mut::<Standings>() {
            Some(standings) => standings.0.push(standing),
            None => drop(extensions.insert(Standings(vec![standing]))),
        }
    }
    Ok(())
}

/// Tells an answer's reader how it stands with the limits that the request met, and the limit it broke.
pub(crate) fn tell(response: &mut ServiceResponse<BoxBody>, problem: Option<&Problem>) {
    let mut standings = match response.request().extensions().get::<Standings>() {
        Some(standings) => standings.0.clone(),
        None => Vec::new(),
    };
    standings.extend(problem.and_then(Problem::throttled));
    let headers = response.headers_mut();
    for standing in &standings {
        let policy = standing.policy;
        let (name, quota, window) = (policy.name(), policy.quota(), policy.window().as_secs());
        append(headers, RATELIMIT_POLICY, &format!("\"{name}\";q={quota};w={window}"));
        append(headers, RATELIMIT, &format!("\"{name}\";r={};t={}", standing.remaining, seconds(standing)));
    }
    if let Some(standing) = problem.and_then(Problem::throttled) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(&standing)));
    }
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.append(name, value);
    }
}

/// Whole seconds, rounded up: who waits for so long has waited long enough.
fn seconds(standing: &Standing) -> u64 {
    standing.wait.as_secs() + u64::from(standing.wait.subsec_nanos() > 0)
}
