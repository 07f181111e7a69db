//! Layers that every request passes: an id, a deadline, one log line, and a problem document for every failure.

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
    web::Data,
};
use futures_util::FutureExt;
use service::{Actor, Context, security};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::{
    address,
    endpoints::Endpoint,
    error::{Code, Problem},
    response, throttle,
};

/// Media type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Header with the id of a request.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every response, for browsers.
pub(crate) const SECURITY_HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// Outermost layer: gives the request an id, finishes its response and logs it.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let started = Instant::now();
    let id = Uuid::now_v7().to_string();
    let response = complete(next.call(request).await?.map_into_boxed_body(), &id);
    let response = response::finish(response).await;
    log(&response, &id, started);
    Ok(response)
}

/// Layer that names the client in the lines of the security log.
pub async fn name_client(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match address::of(request.request()) {
        Some(client) => security::with_client(client, next.call(request)).await,
        None => next.call(request).await,
    }
}

/// Layer round each handler: rejects compressed bodies, ends the request at its deadline, and answers a panic with
/// `internal`.
pub async fn contain(
    deadline: Duration,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let raw = request.request().clone();
    let refuse = |problem: Problem| Ok(ServiceResponse::new(raw, problem.error_response()));
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return refuse(Problem::new(Code::UnsupportedEncoding, "send the body without compression"));
    }
    match timeout(deadline, AssertUnwindSafe(next.call(request)).catch_unwind()).await {
        Ok(Ok(answer)) => answer.map(ServiceResponse::map_into_boxed_body),
        Ok(Err(panic)) => {
            let cause = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let cause = cause.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            refuse(Problem::internal(format!("panic: {cause}")))
        }
        Err(_) => {
            refuse(Problem::caused(Code::Unavailable, "the request took too long", "the deadline passed"))
        }
    }
}

/// Layer inside of [`contain`]: gives the operations of a request on the database their common budget.
pub async fn budget(
    endpoint: &'static Endpoint,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match request.app_data::<Data<Context>>().cloned() {
        Some(cx) if endpoint.class.has_budget() => cx.db.within_budget(next.call(request)).await,
        _ => next.call(request).await,
    }
}

/// Writes the problem document of a failure, and the headers of every response.
fn complete(response: ServiceResponse, id: &str) -> ServiceResponse {
    let mut response = if response.status().as_u16() >= 400 { explain(response, id) } else { response };
    let problem = response.response().extensions().get::<Problem>().cloned();
    throttle::report(&mut response, problem.as_ref());
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

/// Logs one line for each request, with the cause of a 5xx.
fn log(response: &ServiceResponse, id: &str, started: Instant) {
    let request = response.request();
    let route = request.match_pattern().unwrap_or_else(|| "-".to_owned());
    let user = request
        .extensions()
        .get::<Actor>()
        .and_then(Actor::id)
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

/// Response to requests that no route matches.
pub async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound, StatusCode::NOT_FOUND.canonical_reason().unwrap_or("Not Found")))
}

#[cfg(test)]
mod tests {
    use actix_web::{App, middleware::from_fn, test, web};
    use serde_json::Value;

    use super::*;

    async fn within(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
        contain(Duration::from_secs(30), request, next).await
    }

    async fn broken() -> HttpResponse {
        panic!("a secret of the inside")
    }

    async fn teapot() -> HttpResponse {
        HttpResponse::build(StatusCode::IM_A_TEAPOT).body("plain text")
    }

    #[actix_web::test]
    async fn a_panic_and_a_bare_status_become_problem_documents() {
        let app = App::new()
            .service(web::resource("/broken").route(web::get().to(broken).wrap(from_fn(within))))
            .service(web::resource("/teapot").route(web::get().to(teapot).wrap(from_fn(within))))
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
