//! Problems in the document: a schema for each code, by which clients distinguish them, and the codes of each
//! operation.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::{endpoints::Endpoint, error::Code, request::PROBLEM_JSON};

/// Members that only one code has.
const PARTICULAR: [(Code, &str); 2] = [(Code::InvalidInput, "errors"), (Code::ImportFailed, "report")];

/// Makes `Problem` the union of a schema for each code.
pub(super) fn specify(schemas: &mut Value) {
    schemas["Code"]["enum"] = Code::ALL.iter().map(|code| code.name()).collect();
    let (common, mut mapping) = (schemas["Problem"].take(), BTreeMap::new());
    for code in Code::ALL {
        mapping.insert(code.name(), reference(*code));
        schemas[schema_name(*code)] = schema(*code, &common);
    }
    schemas["Problem"] = json!({
        "description": common["description"],
        "oneOf": Code::ALL.iter().map(|code| json!({ "$ref": reference(*code) })).collect::<Vec<_>>(),
        "discriminator": { "propertyName": "code", "mapping": mapping },
    });
}

/// Schema of the problems with a code.
fn schema(code: Code, common: &Value) -> Value {
    let mut schema = common.clone();
    schema["description"] = code.explanation().into();
    for (particular, member) in PARTICULAR {
        if code == particular {
            let required = schema["required"].as_array_mut().expect("a problem has required members");
            required.push(member.into());
        } else if let Some(members) = schema["properties"].as_object_mut() {
            members.remove(member);
        }
    }
    let fixed = [
        ("type", json!(format!("/problems/{}", code.name()))),
        ("title", json!(code.title())),
        ("status", json!(code.status().as_u16())),
        ("code", json!(code.name())),
    ];
    for (name, value) in fixed {
        let member = &schema["properties"][name];
        let (kind, description) =
            (if value.is_string() { "string" } else { "integer" }, &member["description"]);
        schema["properties"][name] = json!({ "type": kind, "const": value, "description": description });
    }
    schema
}

/// Adds the failures of an operation, one response for each status.
pub(super) fn add(operation: &mut Value, endpoint: &Endpoint) {
    let mut responses: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in endpoint.codes() {
        responses.entry(code.status().as_u16()).or_default().push(code);
    }
    for (status, codes) in responses {
        operation["responses"][status.to_string()] = response(&codes);
    }
}

/// Response with one of these codes, which have the same status.
fn response(codes: &[Code]) -> Value {
    let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.name())).collect();
    let mut schemas: Vec<Value> = codes.iter().map(|code| json!({ "$ref": reference(*code) })).collect();
    let schema = if schemas.len() == 1 { schemas.remove(0) } else { json!({ "oneOf": schemas }) };
    let mut headers = BTreeMap::new();
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    match codes.first().map(|code| code.status()) {
        Some(StatusCode::UNAUTHORIZED) => {
            headers.insert("WWW-Authenticate", text("Authentication scheme, `Bearer`"));
        }
        Some(StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => {
            headers.insert("Retry-After", text("Seconds to wait"));
        }
        _ => {}
    }
    json!({ "description": names.join(" or "), "headers": headers, "content": { PROBLEM_JSON: { "schema": schema } } })
}

fn reference(code: Code) -> String {
    format!("#/components/schemas/{}", schema_name(code))
}

/// Name of a code's schema: `InvalidInputProblem`.
fn schema_name(code: Code) -> String {
    let words = code.name().split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.chain(["Problem".to_owned()]).collect()
}
