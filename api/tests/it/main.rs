//! Tests of the API over HTTP, against the application that serves in production, each with its own database.
//!
//! They run on SQLite, or on the server of `TEST_POSTGRES_URL` or `TEST_MARIADB_URL`, whose user must be allowed to
//! create databases. Every response is checked against the OpenAPI document.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod app;
mod contract;
mod corpus;
#[path = "../../../migration/kit/tests/it/database.rs"]
mod database;
mod mailbox;
mod process;
mod proxy;
mod raw;
mod smtp;

mod admins;
mod auth;
mod books;
mod cli;
mod client_log;
mod clock;
mod compression;
mod conditional;
mod config;
mod connections;
mod cookie;
mod database_tls;
mod documents;
mod endpoints;
mod errors;
mod export;
mod files;
mod formats;
mod framing;
#[cfg(target_os = "linux")]
mod full_disk;
mod health;
mod import;
mod keys;
mod lists;
mod lockout;
mod mail;
mod memory;
mod migrations;
mod names;
mod openapi;
mod operator;
mod outage;
mod own_data;
mod pages;
mod permissions;
mod pipelining;
mod reads;
mod recovery;
mod revocation;
mod sameness;
mod schema;
mod search;
mod secrecy;
mod security;
mod sessions;
mod setting_files;
mod slow_clients;
mod squatter;
#[cfg(unix)]
mod stopping;
mod tables;
mod texts;
mod throttle;
mod tokens;
mod underway;
mod user_command;
mod users;
mod verification;
mod workspace;
