//! Rate limits in the document: the response headers that report them
//! (draft-ietf-httpapi-ratelimit-headers-11).

use serde_json::{Value, json};

use crate::endpoints::Endpoint;

/// Names of the headers.
const HEADERS: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

/// The headers, for the components of the document.
pub(super) fn headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    json!({
        "RateLimit-Policy": text("Limits of the request: `q` requests in `w` seconds", "\"log-in\";q=30;w=300"),
        "RateLimit": text("Rest of each limit: `r` requests for the next `t` seconds", "\"log-in\";r=29;t=290"),
    })
}

/// Adds the headers to the responses of a limited operation: to successful ones, and to 429.
pub(super) fn complete(operation: &mut Value, endpoint: &Endpoint) {
    if endpoint.limits.is_empty() {
        return;
    }
    for (_, response) in super::build::successes(operation) {
        add(response);
    }
    add(&mut operation["responses"]["429"]);
}

fn add(response: &mut Value) {
    for name in HEADERS {
        response["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
    }
}
