//! Shapes of the JSON that verbs print: scripts depend on the names.

use serde_json::Value;

use super::Shell;
use crate::database::Database;

/// The names in an object, or in the first object of a list.
fn names(value: &Value) -> Vec<&str> {
    let object = value.get(0).unwrap_or(value);
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Output and exit code of a command that prints JSON.
fn printed(shell: &Shell, command: &str) -> (i32, Value) {
    let answer = shell.run(command);
    let json =
        serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{command}: {error}: {answer:?}"));
    (answer.code, json)
}

#[tokio::test]
async fn every_json_has_the_documented_names_and_the_exit_code_of_the_text() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    let (code, plan) = printed(&shell, "plan --json");
    let expected = ["compatibility", "losses", "name", "reads", "sql", "stopped", "unknown"];
    assert_eq!((code, names(&plan)), (0, expected.to_vec()));
    shell.well("up");

    let history = ["entries", "invalid_indexes", "out_of_order", "renamed", "unchecked"];
    for verb in ["status --json", "history --json"] {
        let (code, json) = printed(&shell, verb);
        assert_eq!(code, 0, "{verb}");
        assert!(history.iter().all(|name| names(&json).contains(name)), "{verb}: {json}");
        let entry = ["applied_at", "created", "description", "name", "state"];
        assert!(entry.iter().all(|name| names(&json["entries"]).contains(name)), "{verb}: {json}");
    }
    database.execute("ALTER TABLE parcels ADD COLUMN by_hand bigint").await;
    let (code, drift) = printed(&shell, "drift --json");
    assert_eq!((code, names(&drift)), (1, vec!["expected", "found", "object"]));
    assert_eq!(names(&drift[0]["object"]), ["kind", "name", "table"]);

    let (code, verified) = printed(&shell, "verify --json");
    assert_eq!((code, names(&verified)), (0, vec!["database", "migrations"]));
    assert_eq!(names(&verified[0]["migrations"]), ["name", "steps"]);
    assert_eq!(names(&verified[0]["migrations"][0]["steps"]), ["outcome", "took", "way"]);
}

#[tokio::test]
async fn a_check_prints_its_differences_as_json() {
    let names_of_check = ["agrees", "differences", "edited", "not_compared"];
    let (code, agreeing) = printed(&Shell::at("", "agreeing"), "check --json");
    assert_eq!((code, names(&agreeing)), (0, names_of_check.to_vec()));
    assert_eq!(agreeing["agrees"], true);
    let (code, losing) = printed(&Shell::at("", "losing"), "check --json");
    assert_eq!((code, &losing["agrees"]), (1, &Value::Bool(false)));
    assert!(losing["differences"][0].as_str().unwrap().contains("parcels.note"), "{losing}");
}

#[tokio::test]
async fn the_linter_lists_its_rules_and_explains_each() {
    let shell = Shell::at("", "losing");
    let (code, findings) = printed(&shell, "lint --json");
    let expected = ["allowed", "database", "instead", "level", "migration", "rule", "statement", "why"];
    assert_eq!((code, names(&findings)), (1, expected.to_vec()));
    let (code, rules) = printed(&shell, "lint --rules --json");
    assert_eq!((code, names(&rules)), (0, vec!["databases", "rule", "summary"]));
    assert_eq!(names(&rules[0]["databases"]), ["database", "instead", "level", "why"]);
    assert_eq!(shell.well("lint --rules").lines().count(), rules.as_array().unwrap().len());
    let page = shell.well("lint --explain ban-drop-column");
    assert!(page.contains("Instead: ") && page.contains("Rule::BanDropColumn"), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 110), "{page}");
    let wrong = shell.run("lint --explain drop-column");
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("near it are ban-drop-column, "), "{wrong:?}");
}
