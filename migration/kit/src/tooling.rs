//! Tools around a list of migrations: written from entities, printed as SQL, checked, and compared with a live
//! database. Everything here takes a `MigratorTrait`, a registry of entities or a connection, and names no table.

pub mod autogenerate;
mod branches;
pub mod catalog;
pub mod cli;
pub mod compare;
pub mod diff;
pub mod drift;
mod entities;
pub mod guard;
pub mod history;
pub mod init;
pub mod lint;
mod live;
pub mod mention;
pub mod merge;
mod refine;
pub mod register;
mod rust;
pub mod script;
pub mod shadow;
pub mod verify;
pub mod write;

pub use self::compare::Project;
