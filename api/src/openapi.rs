//! The OpenAPI document, the pages that show it, and what each problem code means. Security and failures
//! are not written by hand: they follow from the permission table and from what an operation takes.

mod limits;
mod problems;
mod reads;

use std::sync::LazyLock;

use actix_web::{
    HttpResponse, Responder,
    dev::HttpServiceFactory,
    http::header,
    middleware::{DefaultHeaders, from_fn},
    web::{self, Bytes, Path},
};
use serde_json::{Map, Value, json};
use service::{
    access::{Action, Role, Rule},
    books::{BookField, BookSort},
    export,
    import::{Mode, OnConflict},
    users::UserSort,
};
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    auth, books,
    error::{Code, Document, Problem, Result},
    health,
    represent::{self, Fixed},
    users,
};

/// Where the documentation is.
pub const DOCS: &str = "/api/v1/docs/";

/// What the documentation's pages may load: what this server serves.
const DOCS_POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bookly",
        description = "A book catalogue and its user accounts.\n\nEvery failure is a problem document (RFC 9457) with a stable `code`; `/problems/{code}` explains it.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "auth", description = "Sign-up, log-in and sessions"),
        (name = "users", description = "The account in use, and the administration of accounts"),
        (name = "books", description = "The catalogue, its import and its export"),
        (name = "documentation", description = "This document, and what problems mean"),
        (name = "health", description = "Whether the server lives and can serve"),
        (name = "head", description = "HEAD beside every GET: the same headers, and no body"),
    ),
    components(schemas(Document, BookField, BookSort, UserSort, Mode, OnConflict, export::Format)),
    paths(
        auth::sign_up, auth::log_in, auth::refresh, auth::log_out,
        auth::verify_email, auth::resend_verification, auth::request_password_reset, auth::reset_password,
        users::me, users::update_me, users::delete_me, users::change_password, users::change_email, users::export,
        users::sessions, users::end_other_sessions, users::end_session,
        users::list, users::create, users::get, users::update, users::delete, users::send_password_reset,
        users::end_sessions,
        books::list_of_user, books::list, books::facets, books::create, books::import, books::export, books::get_by_isbn,
        books::get, books::update, books::delete,
        document, problem, health::live, health::ready,
    ),
)]
struct Annotated;

static DOCUMENT: LazyLock<Value> = LazyLock::new(build);
static BYTES: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(DOCUMENT.to_string()));

/// The document as it is served.
#[must_use]
pub fn openapi() -> &'static Value {
    &DOCUMENT
}

/// Read this document
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "getOpenapi", tag = "documentation",
    responses((status = 200, description = "The OpenAPI document", body = Object)))]
pub async fn document() -> impl Responder {
    let mut response = HttpResponse::Ok().content_type("application/json").body(BYTES.clone());
    response.extensions_mut().insert(Fixed);
    response
}

/// Read what a problem means
#[utoipa::path(get, path = "/problems/{code}", operation_id = "getProblem", tag = "documentation",
    params(("code" = Code, Path, description = "A problem's code")),
    responses((status = 200, description = "What it means", body = String, content_type = "text/plain")))]
pub async fn problem(code: Path<String>) -> Result<impl Responder> {
    let code = Code::ALL.iter().find(|known| known.name() == code.as_str());
    let code = code.ok_or_else(|| Problem::new(Code::NotFound, "there is no such problem"))?;
    let text = format!("{}\n\n{}\n\nStatus {}\n", code.title(), code.explanation(), code.status());
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}

/// The documentation's pages, from the program itself.
#[must_use]
pub fn pages() -> impl HttpServiceFactory {
    let config = utoipa_swagger_ui::Config::new(["/api/v1/openapi.json"])
        .validator_url("none")
        .persist_authorization(true)
        .try_it_out_enabled(true);
    web::scope("/api/v1/docs")
        .wrap(DefaultHeaders::new().add((header::CONTENT_SECURITY_POLICY, DOCS_POLICY)))
        .wrap(from_fn(represent::files))
        .service(SwaggerUi::new("/{_:.*}").config(config))
}

/// Completes what the annotations say.
fn build() -> Value {
    let mut document = serde_json::to_value(Annotated::openapi()).expect("the document is made of JSON");
    document["openapi"] = json!("3.1.0");
    document["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The access token of a session" }
    });
    let schemas = &mut document["components"]["schemas"];
    problems::specify(schemas);
    schemas["BookField"]["enum"] = BookField::ALL.iter().map(|field| field.name()).collect();
    // A resource always has all of its fields, and a page refers to it.
    for resource in ["Book", "Session", "User"] {
        let fields = schemas[resource]["properties"].as_object().into_iter().flatten();
        let names: Value = fields.map(|(name, _)| name.clone()).collect();
        schemas[resource]["required"] = names;
        let page = &mut schemas[format!("Page_{resource}")];
        page["required"] = json!(["items", "next_cursor"]);
        page["properties"]["items"]["items"] = json!({ "$ref": format!("#/components/schemas/{resource}") });
    }
    reads::add_sparse(schemas);
    // The cookie does instead of it.
    let refresh = find(&mut document, Action::Refresh.name()).expect("it is annotated");
    refresh["requestBody"]["required"] = json!(false);
    document["components"]["headers"] = limits::headers();
    let limited = limits::limited();
    for action in Action::ALL {
        let operation = find(&mut document, action.name()).expect("every action has an operation");
        complete(operation, action.rule(), limited.contains(action));
    }
    for item in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            unfill(operation);
            let action = Action::ALL.iter().find(|action| operation["operationId"] == action.name());
            let rule = action.expect("every operation is an action").rule();
            reads::complete(operation, rule, method == "get");
        }
    }
    reads::add_heads(&mut document);
    document
}

/// The operation with this id.
fn find<'d>(document: &'d mut Value, id: &str) -> Option<&'d mut Value> {
    let paths = document["paths"].as_object_mut()?;
    let operations = paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    operations.into_iter().find(|operation| operation["operationId"] == id)
}

/// Adds what follows from the permission table and from what the operation takes.
fn complete(operation: &mut Value, rule: Rule, limited: bool) {
    operation["security"] = if rule.anonymous { json!([]) } else { json!([{ "bearer": [] }]) };
    let changes = is_called(operation, &["update", "delete"]);
    let codes = failures(operation, rule, changes, limited);
    problems::add(operation, &codes);
    if limited {
        limits::complete(operation);
    }
    if changes {
        add_header(operation, "If-Match", "Entity tags that you know; 412 if none is current", "\"1\"");
    }
}

/// Whether the operation's id begins with one of these verbs.
fn is_called(operation: &Value, verbs: &[&str]) -> bool {
    operation["operationId"].as_str().is_some_and(|id| verbs.iter().any(|verb| id.starts_with(verb)))
}

/// The codes by which an operation can fail, beside those that its own annotation names.
fn failures(operation: &Value, rule: Rule, changes: bool, limited: bool) -> Vec<Code> {
    let parameters = || operation["parameters"].as_array().into_iter().flatten();
    let within = |place: &str| parameters().any(|parameter| parameter["in"] == place);
    let takes_body = operation["requestBody"].is_object();
    let takes_json = operation["requestBody"]["content"]["application/json"].is_object();
    let closed = Role::ALL.iter().any(|role| rule.of(*role) != rule.admin || rule.of(*role).is_none());
    let groups: [(bool, &[Code]); 11] = [
        (within("query") || takes_body, &[Code::BadRequest, Code::InvalidInput]),
        (parameters().any(|parameter| parameter["name"] == "cursor"), &[Code::InvalidCursor]),
        (takes_json, &[Code::MalformedBody]),
        (takes_body, &[Code::RequestTimeout, Code::BodyTooLarge]),
        (takes_body, &[Code::UnsupportedMediaType, Code::UnsupportedEncoding]),
        (!rule.anonymous, &[Code::NotSignedIn, Code::InvalidToken]),
        (!rule.anonymous && closed, &[Code::Forbidden]),
        (!rule.anonymous && !rule.unverified, &[Code::AccountNotVerified]),
        (within("path"), &[Code::NotFound]),
        (changes, &[Code::Stale]),
        (limited, &[Code::TooManyRequests]),
    ];
    let own = groups.into_iter().filter(|(fails, _)| *fails).flat_map(|(_, codes)| codes).copied();
    own.chain([Code::Internal, Code::Unavailable]).collect()
}

/// Moves the examples of parameters where the documentation's pages show them, rather than fill them in: all filters
/// at once find nothing.
fn unfill(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let example = parameter.as_object_mut().and_then(|parameter| parameter.remove("example"));
        if let Some(example) = example {
            parameter["schema"]["examples"] = json!([example]);
        }
    }
}

/// Adds an optional request header.
fn add_header(operation: &mut Value, name: &str, description: &str, example: &str) {
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.push(json!({ "name": name, "in": "header", "description": description, "required": false,
        "schema": { "type": "string", "examples": [example] } }));
    operation["parameters"] = parameters.into();
}
