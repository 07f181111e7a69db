//! Runs the linter on statements after the schema of the examples, for the tests of rules.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use super::{page::EXAMPLE_SCHEMA, run};
use crate::{Rule, run::recorder::Recorded};

/// The rules that statements break.
pub(super) fn rules(backend: DbBackend, statements: &[&str]) -> Vec<Rule> {
    rules_in(backend, statements, false)
}

/// Fails unless the rule is found on each database, or is not.
pub(super) fn expect(rule: Rule, on: &[DbBackend], statements: &[&str], found: bool) {
    expect_in(rule, on, statements, false, found);
}

/// As [`expect`], in a migration that runs inside or outside of a transaction.
pub(super) fn expect_in(rule: Rule, on: &[DbBackend], statements: &[&str], bare: bool, found: bool) {
    for backend in on {
        let rules = rules_in(*backend, statements, bare);
        assert_eq!(rules.contains(&rule), found, "{rule} on {backend:?} in {statements:?}: {rules:?}");
    }
}

fn rules_in(backend: DbBackend, statements: &[&str], bare: bool) -> Vec<Rule> {
    let migrations =
        vec![recorded(backend, "m1", EXAMPLE_SCHEMA, false), recorded(backend, "m2", statements, bare)];
    let findings = run(&[(backend, migrations)]);
    findings.into_iter().filter(|finding| finding.migration == "m2").map(|finding| finding.rule).collect()
}

fn recorded(backend: DbBackend, name: &str, statements: &[&str], bare: bool) -> Recorded {
    Recorded {
        name: name.to_owned(),
        statements: statements.iter().map(|sql| Statement::from_string(backend, *sql)).collect(),
        transaction: bare.then_some(false),
        ..Recorded::default()
    }
}
