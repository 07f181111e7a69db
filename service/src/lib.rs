//! What Bookly does: accounts, users, books and their import and export.
//!
//! Invariant: operations are plain functions `verb(db, actor, ids, input)`, each decides who may do what
//! and begins and ends its own transactions; nothing here knows of HTTP. The types they take and
//! return are the ones that go over the wire.
#![warn(missing_docs)]

pub mod access;
pub mod auth;
pub mod books;
pub mod db;
pub mod error;
pub mod export;
pub mod import;
pub mod mail;
pub mod page;
pub mod security;
pub mod throttle;
pub mod upkeep;
pub mod users;

mod cell;
mod input;
mod keys;

pub use access::Actor;
pub use db::{Db, Settings};
pub use error::{Error, FieldError, Result};
pub use keys::{Keys, MIN_SECRET_LENGTH};
