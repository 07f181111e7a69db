//! Tests of the migration workflow, on fixtures of their own.
//!
//! They run on SQLite, or on the server that `TEST_POSTGRES_URL` or `TEST_MARIADB_URL` names, whose user must be
//! allowed to create databases.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod checksum;
mod database;
mod history;
mod lint;
mod script;
mod steps;
