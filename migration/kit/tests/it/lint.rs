//! Findings of the linter in migrations written as SQL. They need no database.

use sea_orm::{DbBackend, DbErr, Statement};
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait, prelude::*, schema::*,
};
use sea_orm_migration_kit::{
    Exception, Rule, lint_exceptions,
    run::recorder::{self, Recorded},
    tooling::lint::{self, Finding, Level},
};

use crate::steps::Step;

const SHELVES: &str =
    "CREATE TABLE shelves (id bigint NOT NULL PRIMARY KEY, label varchar(20), size bigint, kind text)";

fn recorded(backend: DbBackend, name: &str, statements: &[&str], exceptions: &[Exception]) -> Recorded {
    Recorded {
        name: name.to_owned(),
        statements: statements.iter().map(|sql| Statement::from_string(backend, *sql)).collect(),
        exceptions: exceptions.to_vec(),
        ..Recorded::default()
    }
}

/// Findings in a migration of these statements, after a migration that creates the shelves.
fn broken(backend: DbBackend, statements: &[&str]) -> Vec<Finding> {
    let migrations = vec![recorded(backend, "m1", &[SHELVES], &[]), recorded(backend, "m2", statements, &[])];
    lint::run(&[(backend, migrations)])
}

fn expect(backend: DbBackend, cases: &[(&[&str], &[&str])]) {
    for (statements, expected) in cases {
        let findings = broken(backend, statements);
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, *expected, "{statements:?}: {findings:#?}");
    }
}

const ALL: [DbBackend; 3] = [DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql];

mod dialect;
mod exceptions;
mod findings;
mod live;
mod losses;
mod rebuilds;
mod servers;
