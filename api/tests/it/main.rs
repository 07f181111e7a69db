//! Tests at the HTTP door, against the very application that serves, with a database of its own for each.
//!
//! They run on SQLite, or on the server that `TEST_POSTGRES_URL` or `TEST_MARIADB_URL` names, whose user must be
//! allowed to create databases. Every answer is checked against the OpenAPI document.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod app;
mod contract;
#[path = "../../../migration/tests/it/database.rs"]
mod database;

mod auth;
mod books;
mod cli;
mod errors;
mod health;
mod import;
mod lists;
mod migrations;
mod openapi;
mod permissions;
mod reads;
mod users;
