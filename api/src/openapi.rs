//! The OpenAPI document, the pages that show it, and the explanations of the problem codes.

mod build;
mod limits;
mod permissions;
mod problems;
mod reading;
mod schemas;

use std::sync::LazyLock;

use actix_web::{
    HttpResponse, Responder,
    dev::HttpServiceFactory,
    http::header,
    middleware::{DefaultHeaders, from_fn},
    web::{self, Bytes, Path, ServiceConfig},
};
use serde_json::Value;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    endpoints::{Access, Section, endpoint},
    error::{Code, Problem, Result},
    response::{self, Immutable},
};

/// Path of the documentation.
pub const DOCS: &str = "/api/v1/docs/";

/// Content security policy of the documentation's pages: they load files of this server only.
const DOCS_POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

static DOCUMENT: LazyLock<Value> = LazyLock::new(build::document);
static BYTES: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(DOCUMENT.to_string()));

/// The document as it is served.
#[must_use]
pub fn openapi() -> &'static Value {
    &DOCUMENT
}

/// Section of the endpoint table.
pub(crate) fn section() -> Section {
    Section {
        tag: "documentation",
        description: "This document, and explanations of problem codes",
        endpoints: vec![
            endpoint!(openapi::document, Access::HttpOnly),
            endpoint!(openapi::problem, Access::HttpOnly),
        ],
    }
}

/// Get this document
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "getOpenapi", tag = "documentation",
    responses((status = 200, description = "The OpenAPI document", body = Object)))]
pub async fn document() -> impl Responder {
    let mut response = HttpResponse::Ok().content_type("application/json").body(BYTES.clone());
    response.extensions_mut().insert(Immutable);
    response
}

/// Get the explanation of a problem code
#[utoipa::path(get, path = "/problems/{code}", operation_id = "getProblem", tag = "documentation",
    params(("code" = Code, Path, description = "Problem code")),
    responses((status = 200, description = "Title, explanation and status", body = String, content_type = "text/plain")))]
pub async fn problem(code: Path<String>) -> Result<impl Responder> {
    let code = Code::ALL.iter().find(|known| known.name() == code.as_str());
    let code = code.ok_or_else(|| Problem::new(Code::NotFound, "there is no such problem code"))?;
    let text = format!("{}\n\n{}\n\nStatus {}\n", code.title(), code.explanation(), code.status());
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}

/// Adds the documentation's pages, and the redirects to them, to the application.
pub fn configure(config: &mut ServiceConfig) {
    for path in ["/", "/docs", "/api/v1/docs"] {
        config.service(web::redirect(path, DOCS));
    }
    config.service(pages());
}

/// The documentation's pages, which the program contains. An access token that is entered there is forgotten when the
/// page closes.
fn pages() -> impl HttpServiceFactory {
    let config = utoipa_swagger_ui::Config::new(["/api/v1/openapi.json"])
        .validator_url("none")
        .persist_authorization(false)
        .try_it_out_enabled(true);
    web::scope("/api/v1/docs")
        .wrap(DefaultHeaders::new().add((header::CONTENT_SECURITY_POLICY, DOCS_POLICY)))
        .wrap(from_fn(response::serve_files))
        .service(SwaggerUi::new("/{_:.*}").config(config))
}
