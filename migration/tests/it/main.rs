//! Tests of this project's own migrations. Those of the engine that runs them are in `migration/kit`.
//!
//! They run on SQLite, or on the server that `TEST_POSTGRES_URL` or `TEST_MARIADB_URL` names, whose user must be
//! allowed to create databases.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "../../kit/tests/it/database.rs"]
mod database;
mod migrations;
mod rebuild;
mod startup;
