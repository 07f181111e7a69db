//! Tests of the migration workflow, on fixtures of their own.
//!
//! They run on SQLite, or on the server that `TEST_POSTGRES_URL` or `TEST_MARIADB_URL` names, whose user must be
//! allowed to create databases.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod catalog;
mod checksum;
mod cli;
mod compatible;
mod cut_off;
mod database;
mod depot;
mod dialect;
mod drift;
mod entities;
mod enums;
mod foreign;
mod galera;
mod guard;
mod history;
mod journal;
#[expect(clippy::duplicate_mod, reason = "most entities are the same after a change")]
mod kinds;
mod lint;
mod lock;
mod model;
mod parcels;
mod pgbouncer;
mod process;
mod reader;
mod round_trip;
mod run;
mod script;
mod steps;
mod sweep;
mod table_lock;
mod verify;
mod weight;
