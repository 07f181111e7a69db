//! OpenAPI document against the endpoint table.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use api::{
    endpoints::{Body, Content, Endpoint, TokenUse, endpoints, sections},
    openapi::openapi,
};
use serde_json::{Value, json};
use service::{Role, access::Reach};

use crate::{app::TestApp, workspace};

/// Operation of an endpoint.
fn operation(endpoint: &Endpoint) -> &'static Value {
    &openapi()["paths"][&endpoint.path][endpoint.method.as_str().to_lowercase()]
}

/// Every operation with its path and method, HEAD included.
fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = openapi()["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// Schema of a reference.
fn resolve(schema: &'static Value) -> &'static Value {
    let reference = schema["$ref"].as_str().unwrap_or_else(|| panic!("no reference: {schema}"));
    openapi().pointer(reference.trim_start_matches('#')).unwrap()
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let committed = std::fs::read_to_string(workspace::root().join("api/openapi.json")).unwrap_or_default();
    let served = format!("{:#}\n", openapi());
    let differs = committed.lines().zip(served.lines()).find(|(committed, served)| committed != served);
    assert!(
        committed == served,
        "api/openapi.json is out of date, first at {differs:?}; write it: cargo run -- openapi > api/openapi.json"
    );
}

#[test]
fn no_operation_has_a_parameter_twice() {
    for (path, method, operation) in operations() {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let mut seen = HashSet::new();
        for parameter in parameters {
            assert!(seen.insert((&parameter["in"], &parameter["name"])), "{method} {path}: {parameter}");
        }
    }
}

#[test]
fn the_document_has_every_endpoint_in_its_order_and_no_other() {
    let documented: Vec<(String, String, String)> = operations()
        .filter(|(_, method, _)| *method != "head")
        .map(|(path, method, operation)| {
            (operation["operationId"].as_str().unwrap().to_owned(), method.to_uppercase(), path.to_owned())
        })
        .collect();
    let served: Vec<(String, String, String)> = endpoints()
        .iter()
        .map(|endpoint| (endpoint.id.clone(), endpoint.method.to_string(), endpoint.path.clone()))
        .collect();
    assert_eq!(documented.iter().collect::<HashSet<_>>(), served.iter().collect::<HashSet<_>>());
    let mut paths: Vec<&str> = endpoints().iter().map(|endpoint| endpoint.path.as_str()).collect();
    paths.dedup();
    assert!(openapi()["paths"].as_object().unwrap().keys().eq(paths));
    let fields: Vec<&String> =
        openapi()["components"]["schemas"]["NewBook"]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(fields[..3], ["title", "subtitle", "author"]);
}

#[test]
fn permissions_follow_the_permission_table() {
    for endpoint in endpoints() {
        let (operation, rule, id) = (operation(endpoint), endpoint.rule(), &endpoint.id);
        let security = match (rule.anonymous, endpoint.token_use) {
            (true, TokenUse::Ignored) => json!([]),
            (true, TokenUse::Optional) => json!([{}, { "bearer": [] }]),
            (false, _) => json!([{ "bearer": [] }]),
        };
        assert_eq!(operation["security"], security, "{id}");
        let permissions = &operation["x-permissions"];
        assert_eq!(permissions["anonymous"], rule.anonymous, "{id}");
        assert_eq!(permissions["unverified"], rule.unverified, "{id}");
        let description = operation["description"].as_str().unwrap();
        let (_, sentence) = description.rsplit_once("Permission: ").unwrap();
        assert_eq!(sentence.contains("everyone"), rule.anonymous, "{id}");
        assert_eq!(sentence.contains("verified"), !rule.unverified, "{id}");
        for role in Role::ALL {
            let reach = rule.of(role).map(|reach| match reach {
                Reach::Own => "own",
                Reach::Any => "any",
            });
            assert_eq!(permissions[role.as_str()], json!(reach), "{id} {role}");
            let named = reach.is_some_and(|reach| sentence.contains(&format!("`{role}` ({reach})")));
            assert_eq!(named, reach.is_some() && !rule.anonymous, "{id} {role}: {sentence}");
        }
    }
}

#[test]
fn failures_follow_the_endpoint_table() {
    for endpoint in endpoints() {
        let responses = operation(endpoint)["responses"].as_object().unwrap();
        let mut documented = BTreeMap::new();
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            let schema = &response["content"]["application/problem+json"]["schema"];
            let schemas =
                schema["oneOf"].as_array().map_or_else(|| vec![schema], |list| list.iter().collect());
            let codes = schemas
                .into_iter()
                .map(|schema| resolve(schema)["properties"]["code"]["const"].as_str().unwrap());
            documented.insert(status.as_str(), codes.collect::<BTreeSet<_>>());
        }
        let mut expected: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for code in endpoint.codes() {
            expected.entry(code.status().as_u16().to_string()).or_default().insert(code.name());
        }
        let expected = expected.iter().map(|(status, codes)| (status.as_str(), codes.clone()));
        assert_eq!(documented, expected.collect(), "{}", endpoint.id);
        let statuses = [
            ("401", !endpoint.rule().anonymous),
            ("412", endpoint.if_match),
            ("413", endpoint.body.is_some()),
            ("415", endpoint.body.is_some()),
            ("429", !endpoint.limits.is_empty()),
            ("500", true),
            ("503", true),
        ];
        for (status, fails) in statuses {
            assert!(responses.contains_key(status) || !fails, "{} {status}", endpoint.id);
        }
    }
}

#[test]
fn headers_follow_the_endpoint_table() {
    for endpoint in endpoints() {
        let operation = operation(endpoint);
        let sends = |name: &str| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            parameters.into_iter().any(|parameter| parameter["name"] == name && parameter["in"] == "header")
        };
        assert_eq!(sends("If-Match"), endpoint.if_match, "{}", endpoint.id);
        assert_eq!(sends("If-None-Match"), endpoint.if_none_match(), "{}", endpoint.id);
        assert_eq!(operation["responses"]["304"].is_object(), endpoint.not_modified(), "{}", endpoint.id);
        for (status, response) in operation["responses"].as_object().unwrap() {
            let headers = &response["headers"];
            let limited = !endpoint.limits.is_empty() && (status.starts_with('2') || status == "429");
            assert_eq!(headers["RateLimit"].is_object(), limited, "{} {status}", endpoint.id);
            let lists = matches!(endpoint.content, Content::List(_)) && status == "200";
            assert_eq!(headers["Link"].is_object(), lists, "{} {status}", endpoint.id);
            assert_eq!(headers["Location"].is_object(), status == "201", "{} {status}", endpoint.id);
        }
    }
}

#[test]
fn request_bodies_follow_the_endpoint_table() {
    for endpoint in endpoints() {
        let body = &operation(endpoint)["requestBody"];
        assert_eq!(body.is_object(), endpoint.body.is_some(), "{}", endpoint.id);
        let is_json = body["content"]["application/json"].is_object();
        assert_eq!(is_json, matches!(endpoint.body, Some(Body::Json { .. })), "{}", endpoint.id);
        if let Some(limit) = endpoint.body.map(Body::limit) {
            let description = body["description"].as_str().unwrap();
            assert!(description.ends_with(&format!("At most {} KiB.", limit / 1024)), "{}", endpoint.id);
        }
    }
}

/// Resources always have all of their fields, and pages refer to them: the row of an endpoint names the resource.
#[test]
fn responses_follow_the_endpoint_table() {
    for endpoint in endpoints() {
        let responses = operation(endpoint)["responses"].as_object().unwrap();
        let (_, success) = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap();
        let schema = &success["content"]["application/json"]["schema"];
        let (name, is_page) = match endpoint.content {
            Content::Other => {
                let properties = schema["$ref"].as_str().map(|_| &resolve(schema)["properties"]);
                let versioned = properties.is_some_and(|fields| !fields["version"].is_null());
                let paged = properties.is_some_and(|fields| !fields["next_cursor"].is_null());
                assert!(!versioned && !paged, "the row of {} names no resource", endpoint.id);
                continue;
            }
            Content::Resource(name) => (name(), false),
            Content::List(name) => (name(), true),
        };
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        let expected = if is_page { &resolve(schema)["properties"]["items"]["items"] } else { schema };
        assert_eq!(*expected, reference, "{}", endpoint.id);
        let resource = &openapi()["components"]["schemas"][&*name];
        let fields: Vec<&String> = resource["properties"].as_object().unwrap().keys().collect();
        let required: Vec<&str> =
            resource["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(fields, required, "{name}");
    }
}

#[test]
fn every_tag_is_declared_and_used() {
    let tags = openapi()["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap());
    let used = operations().flat_map(|(_, _, operation)| operation["tags"].as_array().unwrap());
    assert_eq!(tags.collect::<BTreeSet<_>>(), used.map(|tag| tag.as_str().unwrap()).collect());
}

#[test]
fn operations_have_the_tag_of_their_section() {
    for section in sections() {
        for endpoint in &section.endpoints {
            assert_eq!(operation(endpoint)["tags"], json!([section.tag]), "{}", endpoint.id);
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value) {
        if let Some(reference) = value["$ref"].as_str() {
            assert!(openapi().pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        match value {
            Value::Object(fields) => fields.values().for_each(walk),
            Value::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    walk(openapi());
}

#[actix_web::test]
async fn the_document_and_its_pages_are_served() {
    let app = TestApp::start().await;
    assert_eq!(app.anonymous().get("/openapi.json").await.ok(), *openapi());
    let page = app.anonymous().request(reqwest::Method::GET, "/docs/").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'"));
    assert!(page.text().await.unwrap().contains("swagger-ui"));
}
