//! Check of every response that a test receives against the OpenAPI document: status, headers, media type and body.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// Compiled schemas by name.
static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static (Schemas, SchemaIndex)>>> =
    LazyLock::new(Mutex::default);

/// Path template of the document for `path`; literal segments precede parameters.
pub fn template(path: &str) -> Option<&'static str> {
    let matches = |template: &str| {
        let (mut given, mut wanted) = (path.split('/'), template.split('/'));
        loop {
            match (given.next(), wanted.next()) {
                (None, None) => return true,
                (Some(given), Some(wanted)) if wanted.starts_with('{') && !given.is_empty() => {}
                (Some(given), Some(wanted)) if given == wanted => {}
                _ => return false,
            }
        }
    };
    let paths = api::openapi::openapi()["paths"].as_object().unwrap();
    let found = paths
        .keys()
        .filter(|template| matches(template))
        .min_by_key(|template| template.matches('{').count());
    found.map(String::as_str)
}

/// Headers of successful responses that clients use.
const HEADERS: [&str; 9] = [
    "Cache-Control",
    "Content-Disposition",
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Set-Cookie",
];

/// Checks a response.
pub fn check(method: &str, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    let media_type = headers.get("content-type").map_or("", |value| value.to_str().unwrap());
    let media_type = media_type.split(';').next().unwrap_or_default();
    if status >= 400 {
        assert_eq!(
            media_type, "application/problem+json",
            "{method} {path}: {status} is no problem document"
        );
    }
    // A CORS preflight and the redirect to the documentation are not operations.
    if method == "OPTIONS" || status == 307 {
        return;
    }
    let Some(template) = template(path) else {
        assert_eq!(status, 404, "{method} {path} is served and not documented");
        return validate("Problem", &json!({ "$ref": "#/components/schemas/Problem" }), body);
    };
    let operation = &api::openapi::openapi()["paths"][template][method.to_lowercase()];
    if operation.is_null() {
        assert!(status == 405, "{method} {path} answers {status} and is not documented");
        return;
    }
    let answer = resolve(&operation["responses"][status.to_string()]);
    assert!(!answer.is_null(), "{method} {template}: status {status} is not documented");
    for name in HEADERS.iter().filter(|name| status < 300 && headers.contains_key(**name)) {
        assert!(answer["headers"][*name].is_object(), "{method} {template}: {status} has {name}");
    }
    let Some(content) = answer["content"].as_object() else {
        assert!(body.is_empty(), "{method} {template}: {status} has a body that is not documented");
        return;
    };
    let schema = &content
        .get(media_type)
        .unwrap_or_else(|| panic!("{method} {template}: {media_type} is not documented"))["schema"];
    if media_type == "application/json" || media_type.ends_with("+json") {
        validate(&format!("{method} {template} {status} {media_type}"), schema, body);
    }
}

fn validate(name: &str, schema: &Value, body: &[u8]) {
    let body: Value = serde_json::from_slice(body).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (schemas, index) = *validators.entry(name.to_owned()).or_insert_with(|| compile(schema));
    drop(validators);
    if let Err(error) = schemas.validate(&body, *index) {
        panic!("{name}: {error:#}\n{body:#}");
    }
}

fn compile(schema: &Value) -> &'static (Schemas, SchemaIndex) {
    const LOCATION: &str = "answer.json";
    let components = &api::openapi::openapi()["components"];
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.set_default_draft(Draft::V2020_12);
    compiler.enable_format_assertions();
    compiler.add_resource(LOCATION, json!({ "allOf": [schema], "components": components })).unwrap();
    let index = compiler.compile(LOCATION, &mut schemas).unwrap();
    Box::leak(Box::new((schemas, index)))
}

fn resolve(answer: &'static Value) -> &'static Value {
    match answer["$ref"].as_str() {
        Some(reference) => api::openapi::openapi().pointer(reference.trim_start_matches('#')).unwrap(),
        None => answer,
    }
}

#[test]
#[should_panic(expected = "missing properties")]
fn a_response_without_a_documented_field_fails() {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    check("GET", "/api/v1/books/01a1fc31-abbd-7546-935c-2dfd8b4ffcc1", 200, &headers, b"{}");
}

#[test]
#[should_panic(expected = "is not valid uuid")]
fn a_response_in_another_format_fails() {
    validate("an id", &json!({ "type": "string", "format": "uuid" }), b"\"one\"");
}
