//! Assembly of the document: the annotations of the handlers, in the order of the endpoint table, completed by the
//! properties that the table declares.

use serde_json::{Value, json};
use service::{
    books::{
        BookField, BookSort,
        export::ExportFormat,
        import::{ImportMode, OnConflict},
    },
    users::UserSort,
};
use utoipa::OpenApi;

use super::{limits, permissions, problems, reading, schemas};
use crate::{
    endpoints::{Body, Endpoint, endpoints, sections},
    error::Document,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bookly",
        description = "A book catalogue and its user accounts.\n\nEvery failure is a problem document (RFC 9457) with a stable `code`; `/problems/{code}` explains it.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "This server")),
    // Schemas that no annotation collects: problem documents, and the enums of query parameters.
    components(schemas(Document, BookField, BookSort, UserSort, ImportMode, OnConflict, ExportFormat)),
)]
struct Base;

/// The whole document.
pub(super) fn document() -> Value {
    let mut document = Base::openapi();
    for endpoint in endpoints() {
        document.merge(endpoint.annotation().clone());
    }
    let mut document = serde_json::to_value(document).expect("the document is made of JSON");
    document["openapi"] = json!("3.1.0");
    document["tags"] = tags();
    document["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Access token of a session" }
    });
    document["components"]["headers"] = limits::headers();
    problems::specify(&mut document["components"]["schemas"]);
    schemas::complete(&mut document["components"]["schemas"]);
    for endpoint in endpoints() {
        let method = endpoint.method.as_str().to_lowercase();
        complete(&mut document["paths"][&endpoint.path][method], endpoint);
    }
    reading::add_heads(&mut document);
    document
}

/// Tags of the document: one for each section of the endpoint table, and one for HEAD.
fn tags() -> Value {
    let head = ("head", "HEAD beside every GET: the same headers without a body");
    let sections = sections().iter().map(|section| (section.tag, section.description));
    let tags = sections.chain([head]);
    tags.map(|(name, description)| json!({ "name": name, "description": description })).collect()
}

/// Completes an operation by the properties of its endpoint.
fn complete(operation: &mut Value, endpoint: &Endpoint) {
    permissions::complete(operation, endpoint);
    move_examples(operation);
    problems::add(operation, endpoint);
    limits::complete(operation, endpoint);
    if let Some(body) = endpoint.body {
        describe_body(&mut operation["requestBody"], body);
    }
    if endpoint.if_match {
        add_header(operation, "If-Match", "Entity tags that you know; 412 if none is current", "\"1\"");
        add_header(operation, "If-None-Match", "Entity tags that you reject; 412 if one is current", "\"2\"");
    }
    reading::complete(operation, endpoint);
    if let Some(responses) = operation["responses"].as_object_mut() {
        responses.sort_keys();
    }
}

/// States whether a request body is required, and its size limit.
fn describe_body(request_body: &mut Value, body: Body) {
    if let Body::Json { required, .. } = body {
        request_body["required"] = required.into();
    }
    let limit = format!("At most {} KiB.", body.limit() / 1024);
    let description = request_body["description"].as_str().map(|text| format!("{text}. {limit}"));
    request_body["description"] = description.unwrap_or(limit).into();
}

/// Moves the examples of parameters into their schemas. The documentation's pages would fill in examples of
/// parameters, and a list with every filter set finds nothing.
fn move_examples(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let example = parameter.as_object_mut().and_then(|parameter| parameter.remove("example"));
        if let Some(example) = example {
            parameter["schema"]["examples"] = json!([example]);
        }
    }
}

/// Adds an optional request header.
pub(super) fn add_header(operation: &mut Value, name: &str, description: &str, example: &str) {
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.push(json!({ "name": name, "in": "header", "description": description, "required": false,
        "schema": { "type": "string", "examples": [example] } }));
    operation["parameters"] = parameters.into();
}

/// Successful responses of an operation, with their status.
pub(super) fn successes(operation: &mut Value) -> impl Iterator<Item = (u16, &mut Value)> {
    let responses = operation["responses"].as_object_mut().into_iter().flatten();
    let responses = responses.filter_map(|(status, response)| Some((status.parse().ok()?, response)));
    responses.filter(|(status, _)| (200..300).contains(status))
}
