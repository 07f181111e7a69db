//! What the document says of every read: what caches may keep, entity tags and 304, sparse answers, and HEAD
//! beside GET. And of every other answer, that nobody may keep it.

use serde_json::{Map, Value, json};
use service::access::Rule;

use crate::respond::SPARSE_JSON;

/// The entity tag of a thing that has a version.
const VERSION: &str = "\"1\"";

/// The entity tag of anything else.
const HASH: &str = "W/\"6d1bc0e7e5a1a6a34d8b4f0f7d2a9c11\"";

/// Completes what an operation says of its good answers.
pub(super) fn complete(operation: &mut Value, rule: Rule, is_get: bool) {
    let health = operation["tags"][0] == "health";
    let shared = is_get && rule.anonymous && !health;
    let caching = if shared { "public, no-cache" } else { "no-store" };
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if status.starts_with('2') {
            answer["headers"]["Cache-Control"] = header("What caches may do with it", caching);
        }
    }
    let headers = &operation["responses"]["200"]["headers"];
    if is_get && (shared || headers["ETag"].is_object() || headers["Link"].is_object()) {
        condition(operation, caching);
    }
    if takes(operation, "fields") {
        let whole = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].clone();
        let sparse = whole.as_str().map(|whole| whole.replace("Book", "SparseBook"));
        let content = &mut operation["responses"]["200"]["content"];
        content[SPARSE_JSON] = json!({ "schema": { "$ref": sparse } });
    }
}

/// Adds the entity tag, and 304 for one who has it.
fn condition(operation: &mut Value, caching: &str) {
    let headers = &mut operation["responses"]["200"]["headers"];
    let example = if headers["ETag"].is_object() { VERSION } else { HASH };
    let tag = header("The entity tag of this representation", example);
    headers["ETag"] = tag.clone();
    operation["responses"]["304"] = json!({ "description": "You have it already",
        "headers": { "ETag": tag, "Cache-Control": header("What caches may do with it", caching) } });
    super::add_header(
        operation,
        "If-None-Match",
        "Entity tags that you have; 304 if one is current",
        example,
    );
}

/// Adds books that have what was asked for, and pages of them.
pub(super) fn add_sparse(schemas: &mut Value) {
    let mut book = schemas["Book"].clone();
    book["description"] = "As much of a book as `fields` asks for.".into();
    let mut page = schemas["Page_Book"].clone();
    page["properties"]["items"]["items"] = json!({ "$ref": "#/components/schemas/SparseBook" });
    if let Some(book) = book.as_object_mut() {
        book.remove("required");
        book.insert("minProperties".to_owned(), 1.into());
    }
    schemas["SparseBook"] = book;
    schemas["Page_SparseBook"] = page;
}

/// Adds a HEAD beside each GET: the same headers, and no body.
pub(super) fn add_heads(document: &mut Value) {
    for item in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        let Some(get) = item.get("get") else { continue };
        let mut head = get.clone();
        let text = |value: &Value, suffix: &str| format!("{}{suffix}", value.as_str().unwrap_or_default());
        head["operationId"] = text(&get["operationId"], "Head").into();
        head["summary"] = text(&get["summary"], ": the headers alone").into();
        head["tags"] = json!(["head"]);
        for answer in head["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            answer.as_object_mut().map(|answer| answer.remove("content"));
        }
        item["head"] = head;
    }
}

fn takes(operation: &Value, name: &str) -> bool {
    operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["name"] == name)
}

fn header(description: &str, example: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" }, "example": example })
}
