//! The OpenAPI document, the pages that show it, and what each problem code means. Security and failures
//! are not written by hand: they follow from the permission table and from what an operation takes.

use std::{collections::BTreeMap, sync::LazyLock};

use actix_web::{
    HttpResponse, Responder,
    dev::HttpServiceFactory,
    http::{StatusCode, header},
    middleware::DefaultHeaders,
    web::{self, Bytes, Path},
};
use serde_json::{Map, Value, json};
use service::{
    access::{Action, Role, Rule},
    books::BookSort,
    import::{Mode, OnConflict},
    users::UserSort,
};
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    auth, books,
    error::{Code, Document, Problem, Result},
    health,
    request::PROBLEM_JSON,
    routes, users,
};

/// Where the documentation is.
pub const DOCS: &str = "/api/v1/docs/";

/// What the documentation's pages may load: what this server serves.
const DOCS_POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// The headers that tell of limits.
const LIMIT_HEADERS: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

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
        (name = "books", description = "The catalogue and its import"),
        (name = "documentation", description = "This document, and what problems mean"),
        (name = "health", description = "Whether the server lives and can serve"),
    ),
    components(schemas(Document, BookSort, UserSort, Mode, OnConflict)),
    paths(
        auth::sign_up, auth::log_in, auth::refresh, auth::log_out,
        auth::verify_email, auth::resend_verification, auth::request_password_reset, auth::reset_password,
        users::me, users::update_me, users::delete_me, users::change_password, users::change_email, users::export,
        users::sessions, users::end_other_sessions, users::end_session,
        users::list, users::create, users::get, users::update, users::delete, users::send_password_reset,
        users::end_sessions,
        books::list_of_user, books::list, books::facets, books::create, books::import, books::get_by_isbn,
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
    HttpResponse::Ok().content_type("application/json").body(BYTES.clone())
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
        .service(SwaggerUi::new("/{_:.*}").config(config))
}

/// Completes what the annotations say.
fn build() -> Value {
    let mut document = serde_json::to_value(Annotated::openapi()).expect("the document is made of JSON");
    document["openapi"] = json!("3.1.0");
    document["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The access token of a session" }
    });
    document["components"]["responses"] =
        Code::ALL.iter().map(|code| failure(code.status())).collect::<Map<_, _>>().into();
    let schemas = &mut document["components"]["schemas"];
    schemas["Code"]["enum"] = Code::ALL.iter().map(|code| code.name()).collect();
    // A resource always has all of its fields, and a page refers to it.
    for resource in ["Book", "Session", "User"] {
        let fields = schemas[resource]["properties"].as_object().into_iter().flatten();
        let names: Value = fields.map(|(name, _)| name.clone()).collect();
        schemas[resource]["required"] = names;
        let page = &mut schemas[format!("Page_{resource}")];
        page["required"] = json!(["items", "next_cursor"]);
        page["properties"]["items"]["items"] = json!({ "$ref": format!("#/components/schemas/{resource}") });
    }
    // The cookie does instead of it.
    let refresh = find(&mut document, Action::Refresh.name()).expect("it is annotated");
    refresh["requestBody"]["required"] = json!(false);
    document["components"]["headers"] = limit_headers();
    let limited: Vec<Action> = routes::endpoints()
        .iter()
        .filter(|endpoint| endpoint.limit.is_some() || !endpoint.action.rule().anonymous)
        .map(|endpoint| endpoint.action)
        .collect();
    for action in Action::ALL {
        let operation = find(&mut document, action.name()).expect("every action has an operation");
        complete(operation, action.rule(), limited.contains(action));
    }
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
    let tagged = operation["responses"]["200"]["headers"]["ETag"].is_object();
    let reads = is_called(operation, &["get"]) && tagged;
    let changes = is_called(operation, &["update", "delete"]);
    for status in failures(operation, rule, changes, limited) {
        let code = StatusCode::from_u16(status).expect("a status of HTTP");
        let reference = json!({ "$ref": format!("#/components/responses/{}", name(code)) });
        let responses = operation["responses"].as_object_mut().expect("every operation has answers");
        responses.entry(status.to_string()).or_insert(reference);
    }
    if reads {
        add_header(operation, "If-None-Match", "Entity tags that you have; 304 if one is current");
        operation["responses"]["304"] = json!({ "description": "You have it already" });
    } else if changes {
        add_header(operation, "If-Match", "Entity tags that you know; 412 if none is current");
    }
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if status.starts_with(['4', '5']) && answer["$ref"].is_null() {
            answer["content"] = problem_content();
        }
        if limited && answer["$ref"].is_null() {
            for name in LIMIT_HEADERS {
                answer["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
            }
        }
    }
}

/// Whether the operation's id begins with one of these verbs.
fn is_called(operation: &Value, verbs: &[&str]) -> bool {
    operation["operationId"].as_str().is_some_and(|id| verbs.iter().any(|verb| id.starts_with(verb)))
}

/// The statuses by which an operation can fail.
fn failures(operation: &Value, rule: Rule, changes: bool, limited: bool) -> Vec<u16> {
    let takes_body = operation["requestBody"].is_object();
    let within =
        |place: &str| operation["parameters"].as_array().into_iter().flatten().any(|p| p["in"] == place);
    let closed = Role::ALL.iter().any(|role| rule.of(*role) != rule.admin || rule.of(*role).is_none());
    let groups: [(bool, &[u16]); 8] = [
        (within("query") || takes_body, &[400, 422]),
        (takes_body, &[408, 413, 415]),
        (!rule.anonymous, &[401]),
        (!rule.anonymous && (closed || !rule.unverified), &[403]),
        (within("path"), &[404]),
        (changes, &[412]),
        (limited, &[429]),
        (true, &[500, 503]),
    ];
    groups.into_iter().filter(|(fails, _)| *fails).flat_map(|(_, statuses)| statuses).copied().collect()
}

/// Adds an optional request header.
fn add_header(operation: &mut Value, name: &str, description: &str) {
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.push(json!({ "name": name, "in": "header", "description": description, "required": false,
        "schema": { "type": "string" } }));
    operation["parameters"] = parameters.into();
}

/// What answers say of limits (draft-ietf-httpapi-ratelimit-headers-11).
fn limit_headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    json!({
        "RateLimit-Policy": text("The limits that the request met: `q` requests in `w` seconds", "\"log-in\";q=30;w=300"),
        "RateLimit": text("What is left of them: `r` requests for the next `t` seconds", "\"log-in\";r=29;t=290"),
    })
}

/// The answer of a status, named, with the codes that come with it.
fn failure(status: StatusCode) -> (String, Value) {
    let codes: Vec<String> = Code::ALL
        .iter()
        .filter(|code| code.status() == status)
        .map(|code| format!("`{}`", code.name()))
        .collect();
    let mut headers = BTreeMap::new();
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    match status {
        StatusCode::UNAUTHORIZED => drop(headers.insert("WWW-Authenticate", text("The scheme, `Bearer`"))),
        StatusCode::SERVICE_UNAVAILABLE => drop(headers.insert("Retry-After", text("Seconds to wait"))),
        StatusCode::TOO_MANY_REQUESTS => {
            headers.insert("Retry-After", text("Seconds to wait"));
            for name in LIMIT_HEADERS {
                headers.insert(name, json!({ "$ref": format!("#/components/headers/{name}") }));
            }
        }
        _ => {}
    }
    let answer = json!({ "description": codes.join(", "), "headers": headers, "content": problem_content() });
    (name(status), answer)
}

fn problem_content() -> Value {
    json!({ PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } })
}

/// A status as the name of a component: `NotFound`.
fn name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("Failure").split(' ').collect()
}
