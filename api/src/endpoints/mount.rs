//! Routing: one resource for each path of the table, with the layers that every request passes.

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError, Route,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    guard::{self, Guard},
    http::{
        Method,
        header::{self, HeaderValue},
    },
    middleware::{Next, from_fn},
    web::{self, ServiceConfig},
};

use super::{Endpoint, endpoints};
use crate::{
    error::{Code, Problem},
    extract, request, schema, throttle,
};

/// Adds every endpoint to the application.
pub fn configure(config: &mut ServiceConfig) {
    for group in endpoints().chunk_by(|a, b| a.path == b.path) {
        let resource = web::resource(group[0].path.as_str());
        let resource = group.iter().fold(resource, |resource, endpoint| resource.route(route(endpoint)));
        let allow = allowed_methods(group);
        let refuse = move || std::future::ready(method_not_allowed(&allow));
        config.service(resource.default_service(web::to(refuse)));
    }
}

/// Route of an endpoint. The layer that is added last runs first.
fn route(endpoint: &'static Endpoint) -> Route {
    endpoint
        .attach(web::route().guard(accepts(endpoint)))
        .wrap(from_fn(move |request, next| extract::authorize(endpoint, request, next)))
        .wrap(from_fn(move |request, next| schema::require(endpoint, request, next)))
        .wrap(from_fn(move |request, next| request::budget(endpoint, request, next)))
        .wrap(from_fn(move |request, next| request::contain(endpoint.deadline(), request, next)))
        .wrap(from_fn(move |request, next| enter(endpoint, request, next)))
}

/// Outermost layer of a route: notes the endpoint for extractors, and checks the limits of the client's address
/// before anything of the request is read.
async fn enter(
    endpoint: &'static Endpoint,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    request.extensions_mut().insert(endpoint);
    if let Err(problem) = throttle::count_address(endpoint, request.request()).await {
        return Ok(request.into_response(problem.error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Matches the endpoint's method; GET matches HEAD, too, whose response has no body (RFC 9110, section 9.3.2).
fn accepts(endpoint: &'static Endpoint) -> impl Guard {
    guard::fn_guard(move |context| {
        let method = &context.head().method;
        *method == endpoint.method || (endpoint.method == Method::GET && *method == Method::HEAD)
    })
}

/// Value of `Allow` for the endpoints of one path.
fn allowed_methods(group: &[Endpoint]) -> String {
    let mut methods: Vec<&str> = group.iter().map(|endpoint| endpoint.method.as_str()).collect();
    if group.iter().any(|endpoint| endpoint.method == Method::GET) {
        methods.push(Method::HEAD.as_str());
    }
    methods.join(", ")
}

fn method_not_allowed(allow: &str) -> HttpResponse {
    let problem = Problem::new(Code::MethodNotAllowed, format!("allowed methods: {allow}"));
    let mut response = problem.error_response();
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
