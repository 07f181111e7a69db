//! Limits in the document: the headers by which answers tell of them (draft-ietf-httpapi-ratelimit-headers-11).

use serde_json::{Value, json};
use service::access::Action;

use crate::routes;

/// Their names.
const HEADERS: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

/// The headers, for the components of the document.
pub(super) fn headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    json!({
        "RateLimit-Policy": text("The limits that the request met: `q` requests in `w` seconds", "\"log-in\";q=30;w=300"),
        "RateLimit": text("What is left of them: `r` requests for the next `t` seconds", "\"log-in\";r=29;t=290"),
    })
}

/// The actions that meet a limit: of their own, or that of whoever is signed in.
pub(super) fn limited() -> Vec<Action> {
    let endpoints = routes::endpoints();
    let limited =
        endpoints.iter().filter(|endpoint| endpoint.limit.is_some() || !endpoint.action.rule().anonymous);
    limited.map(|endpoint| endpoint.action).collect()
}

/// Adds the headers to the answers of a limited operation: to the good ones, and to 429.
pub(super) fn complete(operation: &mut Value) {
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if status.starts_with('2') || status == "429" {
            for name in HEADERS {
                answer["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
            }
        }
    }
}
