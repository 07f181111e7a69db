//! Successful responses in the document: caching, entity tags and 304, links, sparse responses, and HEAD beside GET.

use serde_json::{Map, Value, json};

use super::{
    build::{add_header, successes},
    schemas,
};
use crate::{
    endpoints::{Caching, Content, Endpoint, EntityTag},
    response::SPARSE_JSON,
};

/// Completes the successful responses of an operation.
pub(super) fn complete(operation: &mut Value, endpoint: &Endpoint) {
    let caching = match endpoint.caching() {
        Caching::Shared => "public, no-cache",
        Caching::NoStore => "no-store",
    };
    for (status, response) in successes(operation) {
        response["headers"]["Cache-Control"] = header("Permission of caches to store the response", caching);
        if let Some(tag) = endpoint.entity_tag() {
            response["headers"]["ETag"] = tag_header(tag);
        }
        if matches!(endpoint.content, Content::List(_)) {
            response["headers"]["Link"] = text("Next page, `rel=\"next\"`; absent on the last one");
        }
        if status == 201 {
            response["headers"]["Location"] = text("Path of the new resource");
        }
    }
    if let Some(tag) = endpoint.entity_tag().filter(|_| endpoint.not_modified()) {
        add_condition(operation, tag, caching);
    }
    if endpoint.sparse {
        add_sparse(operation, endpoint.content);
    }
}

/// Adds `If-None-Match`, and 304 for clients that have the current representation.
fn add_condition(operation: &mut Value, tag: EntityTag, caching: &str) {
    operation["responses"]["304"] = json!({ "description": "You have the current representation",
        "headers": { "ETag": tag_header(tag), "Cache-Control": header("Permission of caches to store the response", caching) } });
    add_header(operation, "If-None-Match", "Entity tags that you have; 304 if one is current", example(tag));
}

/// Adds the sparse variant of a response with a resource or a page.
fn add_sparse(operation: &mut Value, content: Content) {
    let schema = match content {
        Content::Other => return,
        Content::Resource(name) => schemas::sparse(&name()),
        Content::List(name) => schemas::page_of(&schemas::sparse(&name())),
    };
    let reference = schemas::reference(&schema);
    operation["responses"]["200"]["content"][SPARSE_JSON] = json!({ "schema": { "$ref": reference } });
}

/// Adds a HEAD beside each GET: the same headers without a body.
pub(super) fn add_heads(document: &mut Value) {
    for item in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        let Some(get) = item.get("get") else { continue };
        let mut head = get.clone();
        let text = |value: &Value, suffix: &str| format!("{}{suffix}", value.as_str().unwrap_or_default());
        head["operationId"] = text(&get["operationId"], "Head").into();
        head["summary"] = text(&get["summary"], ": headers only").into();
        head["tags"] = json!(["head"]);
        for answer in head["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            answer.as_object_mut().map(|answer| answer.remove("content"));
        }
        item["head"] = head;
    }
}

fn tag_header(tag: EntityTag) -> Value {
    header("Entity tag of this representation", example(tag))
}

const fn example(tag: EntityTag) -> &'static str {
    match tag {
        EntityTag::Version => "\"1\"",
        EntityTag::Hash => "W/\"6d1bc0e7e5a1a6a34d8b4f0f7d2a9c11\"",
    }
}

fn text(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" } })
}

fn header(description: &str, example: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" }, "example": example })
}
