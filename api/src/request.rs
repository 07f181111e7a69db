//! What every request goes through: an id, a deadline, one line in the log, and an answer that is a problem
//! document when it is a failure.

use std::{panic::AssertUnwindSafe, time::Duration};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use futures_util::FutureExt;
use service::Actor;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::{
    error::{Code, Problem},
    represent, throttle,
};

/// How long an operation may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long an import may take, whose body alone may be minutes on its way.
const IMPORT_DEADLINE: Duration = Duration::from_mins(15);

/// The media type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The header that names a request.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What any answer of the API says to browsers.
const SECURITY_HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// The outermost layer: names the request, finishes its answer and logs it.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let started = Instant::now();
    let id = Uuid::now_v7().to_string();
    let response = finish(next.call(request).await?.map_into_boxed_body(), &id);
    let response = represent::deliver(response).await;
    log(&response, &id, started);
    Ok(response)
}

/// The layer round each handler: refuses compressed bodies, bounds the time, and turns a panic into an
/// answer.
pub async fn contain(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let raw = request.request().clone();
    let refuse = |problem: Problem| Ok(ServiceResponse::new(raw, problem.error_response()));
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return refuse(Problem::new(Code::UnsupportedEncoding, "send the body as it is, not compressed"));
    }
    let import = request.match_pattern().is_some_and(|pattern| pattern.ends_with("/import"));
    let deadline = if import { IMPORT_DEADLINE } else { DEADLINE };
    match timeout(deadline, AssertUnwindSafe(next.call(request)).catch_unwind()).await {
        Ok(Ok(answer)) => answer.map(ServiceResponse::map_into_boxed_body),
        Ok(Err(panic)) => {
            let cause = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let cause = cause.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            refuse(Problem::caused(Code::Internal, "something went wrong", format!("panic: {cause}")))
        }
        Err(_) => refuse(Problem::caused(Code::Unavailable, "it took too long", "the deadline passed")),
    }
}

/// Writes the problem document of a failure, and the headers of every answer.
fn finish(response: ServiceResponse, id: &str) -> ServiceResponse {
    let mut response = if response.status().as_u16() >= 400 { explain(response, id) } else { response };
    let problem = response.response().extensions().get::<Problem>().cloned();
    throttle::tell(&mut response, problem.as_ref());
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
    response
}

fn explain(response: ServiceResponse, id: &str) -> ServiceResponse {
    let problem = response.response().extensions().get::<Problem>().cloned();
    let problem = problem.unwrap_or_else(|| Problem::of_status(response.status()));
    let body = serde_json::to_vec(&problem.document(id)).unwrap_or_default();
    let mut response = response.map_body(|_, _| BoxBody::new(body));
    *response.response_mut().status_mut() = problem.code().status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.remove(header::CACHE_CONTROL);
    response.response_mut().extensions_mut().insert(problem);
    response
}

/// One line a request; a 5xx with its cause.
fn log(response: &ServiceResponse, id: &str, started: Instant) {
    let request = response.request();
    let route = request.match_pattern().unwrap_or_else(|| "-".to_owned());
    let user = request
        .extensions()
        .get::<Actor>()
        .and_then(|actor| actor.id)
        .map_or_else(|| "-".to_owned(), |id| id.to_string());
    let status = response.status().as_u16();
    let duration_us = started.elapsed().as_micros();
    let extensions = response.response().extensions();
    let problem = extensions.get::<Problem>();
    let code = problem.map_or("-", |problem| problem.code().name());
    if response.status().is_server_error() {
        let cause = problem.and_then(Problem::cause).unwrap_or("-");
        log::error!(target: "bookly::request", id, method:% = request.method(), route, status, duration_us, user, code, cause; "request failed");
    } else {
        log::info!(target: "bookly::request", id, method:% = request.method(), route, status, duration_us, user, code; "request");
    }
}

/// The answer to what no route takes.
pub async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound, StatusCode::NOT_FOUND.canonical_reason().unwrap_or("Not Found")))
}

#[cfg(test)]
mod tests {
    use actix_web::{App, middleware::from_fn, test, web};
    use serde_json::Value;

    use super::*;

    async fn broken() -> HttpResponse {
        panic!("a secret of the inside")
    }

    async fn teapot() -> HttpResponse {
        HttpResponse::build(StatusCode::IM_A_TEAPOT).body("plain text")
    }

    #[actix_web::test]
    async fn a_panic_and_a_bare_status_become_problem_documents() {
        let app = App::new()
            .service(web::resource("/broken").route(web::get().to(broken).wrap(from_fn(contain))))
            .service(web::resource("/teapot").route(web::get().to(teapot).wrap(from_fn(contain))))
            .wrap(from_fn(observe));
        let app = test::init_service(app).await;
        for (path, status, code) in
            [("/broken", 500, "internal"), ("/teapot", 400, "bad_request"), ("/broken", 500, "internal")]
        {
            let response = test::call_service(&app, test::TestRequest::get().uri(path).to_request()).await;
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(response.headers().get(header::CONTENT_TYPE).unwrap(), PROBLEM_JSON);
            let body: Value = test::read_body_json(response).await;
            assert_eq!((&body["code"], &body["status"]), (&code.into(), &status.into()));
            assert!(!body.to_string().contains("secret"));
        }
    }
}
