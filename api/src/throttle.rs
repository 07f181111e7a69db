//! Rate limits of endpoints, for the client's address and for the account, and the response headers that report
//! them.

use actix_web::{
    HttpMessage, HttpRequest,
    body::BoxBody,
    dev::ServiceResponse,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};
use service::{
    limit::{LimitStatus, RateLimit},
    throttle::Subject,
};
use uuid::Uuid;

use crate::{
    address,
    endpoints::{Endpoint, LimitedBy},
    error::{Problem, Result},
    extract,
};

/// Headers of draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4.
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Status of each limit that a request was counted against.
struct Statuses(Vec<LimitStatus>);

/// Counts a request against the limits of its client's address.
///
/// # Errors
/// `too_many_requests`; `internal` if the limits cannot be checked.
pub(crate) async fn count_address(endpoint: &Endpoint, request: &HttpRequest) -> Result<()> {
    for limit in &endpoint.limits {
        if let LimitedBy::Address(limit) = limit {
            count(request, *limit, Subject::Address(address::of(request))).await?;
        }
    }
    Ok(())
}

/// Counts an expensive read against the limits of its client's address.
///
/// # Errors
/// As [`count_address`].
pub(crate) async fn count_expensive(request: &HttpRequest) -> Result<()> {
    for limit in &Endpoint::of(request)?.limits {
        if let LimitedBy::Expensive(limit) = limit {
            count(request, *limit, Subject::Address(address::of(request))).await?;
        }
    }
    Ok(())
}

/// Counts a request against the limits of its account.
///
/// # Errors
/// As [`count_address`].
pub(crate) async fn count_account(endpoint: &Endpoint, request: &HttpRequest, account: Uuid) -> Result<()> {
    for limit in &endpoint.limits {
        if let LimitedBy::Account(limit) = limit {
            count(request, *limit, Subject::User(account)).await?;
        }
    }
    Ok(())
}

/// Counts a request, and keeps the state of the limit for its response.
async fn count(request: &HttpRequest, limit: RateLimit, subject: Subject<'_>) -> Result<()> {
    if let Some(status) = extract::context(request)?.throttle().admit(limit, subject).await? {
        let mut extensions = request.extensions_mut();
        match extensions.get_mut::<Statuses>() {
            Some(statuses) => statuses.0.push(status),
            None => drop(extensions.insert(Statuses(vec![status]))),
        }
    }
    Ok(())
}

/// Adds the headers that report the limits, and the wait after a limit that was exceeded.
pub(crate) fn report(response: &mut ServiceResponse<BoxBody>, problem: Option<&Problem>) {
    let mut statuses = match response.request().extensions().get::<Statuses>() {
        Some(statuses) => statuses.0.clone(),
        None => Vec::new(),
    };
    statuses.extend(problem.and_then(Problem::throttled));
    let headers = response.headers_mut();
    for status in &statuses {
        let limit = status.limit;
        let (name, quota, window) = (limit.name(), limit.quota(), limit.window().as_secs());
        append(headers, RATELIMIT_POLICY, &format!("\"{name}\";q={quota};w={window}"));
        append(headers, RATELIMIT, &format!("\"{name}\";r={};t={}", status.remaining, seconds(status)));
    }
    if let Some(status) = problem.and_then(Problem::throttled) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(&status)));
    }
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.append(name, value);
    }
}

/// Whole seconds, rounded up, so that a client that waits for them has waited long enough.
fn seconds(status: &LimitStatus) -> u64 {
    status.wait.as_secs() + u64::from(status.wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::{endpoints::endpoints, error::Code};

    #[actix_web::test]
    async fn a_limit_that_cannot_be_checked_rejects_the_request() {
        let without_state = TestRequest::default().to_http_request();
        let (mut addresses, mut accounts) = (0, 0);
        assert_eq!(count_expensive(&without_state).await.unwrap_err().code(), Code::Internal);
        for endpoint in endpoints() {
            let by_address = count_address(endpoint, &without_state).await;
            let by_account = count_account(endpoint, &without_state, Uuid::nil()).await;
            for limit in &endpoint.limits {
                let (counted, limited) = match limit {
                    LimitedBy::Address(_) => (&mut addresses, &by_address),
                    LimitedBy::Account(_) => (&mut accounts, &by_account),
                    LimitedBy::Expensive(_) => continue,
                };
                assert_eq!(limited.as_ref().unwrap_err().code(), Code::Internal, "{}", endpoint.id);
                *counted += 1;
            }
        }
        assert!(addresses >= 7 && accounts > 20, "{addresses} {accounts}");
    }
}
