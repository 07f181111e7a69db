//! Endpoint table against the handlers, the permission table and the routes.

use std::collections::{BTreeMap, BTreeSet};

use api::endpoints::{Access, endpoints};
use service::access::Action;

use crate::{app::TestApp, workspace};

/// Actions of the permission table without an endpoint, each for a reason.
const NOT_HTTP: [Action; 0] = [];

#[test]
fn every_annotated_handler_is_in_the_table() {
    let mut annotated = BTreeSet::new();
    for file in workspace::sources("api/src") {
        let module = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = std::fs::read_to_string(&file).unwrap();
        for part in source.split("#[utoipa::path(").skip(1) {
            let (_, handler) = part.split_once("pub async fn ").unwrap();
            annotated.insert(format!("{module}::{}", handler.split(['(', '<']).next().unwrap()));
        }
    }
    let served: BTreeSet<String> = endpoints().iter().map(|endpoint| endpoint.handler.to_owned()).collect();
    assert_eq!(annotated, served);
    assert_eq!(served.len(), endpoints().len(), "a handler has two rows");
}

#[test]
fn every_action_has_one_endpoint_of_its_name() {
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for endpoint in endpoints() {
        if let Access::Action(action) = endpoint.access {
            assert_eq!(endpoint.id, action.name(), "the operation id of {}", endpoint.handler);
            *rows.entry(action.name()).or_default() += 1;
        } else {
            let named = Action::ALL.iter().any(|action| action.name() == endpoint.id);
            assert!(!named, "{} is an action and bypasses the permission table", endpoint.id);
        }
    }
    for action in Action::ALL {
        let expected = usize::from(!NOT_HTTP.contains(action));
        assert_eq!(rows.get(action.name()).copied().unwrap_or(0), expected, "{}", action.name());
    }
}

#[test]
fn rows_of_one_path_are_adjacent_and_literal_paths_come_first() {
    let groups: Vec<&str> =
        endpoints().chunk_by(|a, b| a.path == b.path).map(|group| group[0].path.as_str()).collect();
    assert_eq!(
        groups.iter().collect::<BTreeSet<_>>().len(),
        groups.len(),
        "a path has two resources: {groups:?}"
    );
    let hides = |pattern: &str, path: &str| {
        let segments = pattern.split('/').zip(path.split('/'));
        pattern.split('/').count() == path.split('/').count()
            && segments.into_iter().all(|(pattern, segment)| pattern == segment || pattern.starts_with('{'))
    };
    for (place, path) in groups.iter().enumerate() {
        let hidden = groups[..place].iter().find(|earlier| hides(earlier, path));
        assert_eq!(hidden, None, "hides {path}");
    }
}

#[actix_web::test]
async fn every_path_answers_another_method_with_those_of_the_table() {
    let app = TestApp::start().await;
    for group in endpoints().chunk_by(|a, b| a.path == b.path) {
        let path = group[0].path.replace(['{', '}'], "");
        let answer =
            app.anonymous().request(reqwest::Method::TRACE, &format!("/{path}")).send().await.unwrap();
        let mut allow: Vec<&str> = group.iter().map(|endpoint| endpoint.method.as_str()).collect();
        if allow.contains(&"GET") {
            allow.push("HEAD");
        }
        assert_eq!(answer.status(), 405, "{path}");
        assert_eq!(answer.headers()["allow"], allow.join(", ").as_str(), "{path}");
    }
}
