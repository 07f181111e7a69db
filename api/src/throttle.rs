//! Rate limits of endpoints, for the client's address and for the account, and the response headers that report
//! them.

use actix_web::{
    HttpMessage, HttpRequest,
    body::BoxBody,
    dev::ServiceResponse,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};
use service::throttle::{Policy, Standing, Subject};
use uuid::Uuid;

use crate::{
    address,
    endpoints::{Endpoint, Limit},
    error::{Problem, Result},
    extract,
};

/// Headers of draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4.
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// State of each limit that a request was counted against.
struct Standings(Vec<Standing>);

/// Counts a request against the limits of its client's address.
///
/// # Errors
/// `too_many_requests`; `internal` if the limits cannot be checked.
pub(crate) fn count_address(endpoint: &Endpoint, request: &HttpRequest) -> Result<()> {
    for limit in &endpoint.limits {
        if let Limit::Address(policy) = limit {
            count(request, *policy, Subject::Address(address::of(request)))?;
        }
    }
    Ok(())
}

/// Counts a request against the limits of its account.
///
/// # Errors
/// As [`count_address`].
pub(crate) fn count_account(endpoint: &Endpoint, request: &HttpRequest, account: Uuid) -> Result<()> {
    for limit in &endpoint.limits {
        if let Limit::Account(policy) = limit {
            count(request, *policy, Subject::User(account))?;
        }
    }
    Ok(())
}

/// Counts a request, and keeps the state of the limit for its response.
fn count(request: &HttpRequest, policy: Policy, subject: Subject<'_>) -> Result<()> {
    if let Some(standing) = extract::state(request)?.auth.throttle().admit(policy, subject)? {
        let mut extensions = request.extensions_mut();
        match extensions.get_mut::<Standings>() {
            Some(standings) => standings.0.push(standing),
            None => drop(extensions.insert(Standings(vec![standing]))),
        }
    }
    Ok(())
}

/// Adds the headers that report the limits, and the wait after a limit that was exceeded.
pub(crate) fn report(response: &mut ServiceResponse<BoxBody>, problem: Option<&Problem>) {
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

/// Whole seconds, rounded up, so that a client that waits for them has waited long enough.
fn seconds(standing: &Standing) -> u64 {
    standing.wait.as_secs() + u64::from(standing.wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::{endpoints::endpoints, error::Code};

    #[test]
    fn a_limit_that_cannot_be_checked_rejects_the_request() {
        let without_state = TestRequest::default().to_http_request();
        let (mut addresses, mut accounts) = (0, 0);
        for endpoint in endpoints() {
            let by_address = count_address(endpoint, &without_state);
            let by_account = count_account(endpoint, &without_state, Uuid::nil());
            for limit in &endpoint.limits {
                let (counted, limited) = match limit {
                    Limit::Address(_) => (&mut addresses, &by_address),
                    Limit::Account(_) => (&mut accounts, &by_account),
                };
                assert_eq!(limited.as_ref().unwrap_err().code(), Code::Internal, "{}", endpoint.id);
                *counted += 1;
            }
        }
        assert!(addresses >= 7 && accounts > 20, "{addresses} {accounts}");
    }
}
