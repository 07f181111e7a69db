//! What Alembic gives `SQLAlchemy`, for SeaORM: migrations that are written from entities, printed as SQL,
//! checked, and compared with a live database.
//!
//! Invariant: nothing here knows a table. It is given a `MigratorTrait`, a registry of entities and a
//! connection, and can be lifted into any SeaORM project.

pub mod autogenerate;
pub mod catalog;
pub mod checksum;
pub mod cli;
pub mod compare;
pub mod diff;
pub mod drift;
pub mod fold;
pub mod history;
pub mod lint;
pub mod mention;
pub mod merge;
pub mod pattern;
pub mod record;
pub mod script;
pub mod shadow;
pub mod snapshot;
pub mod verify;
pub mod write;
