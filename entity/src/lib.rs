//! Rows of Bookly's tables, as SeaORM models.
//!
//! Invariant: `generated` is the output of `sea-orm-cli generate entity` for a migrated database, byte for byte;
//! everything else is in [`behavior`]. Rows do not implement serde: clients see the resource types of `service`.

pub mod behavior;

#[rustfmt::skip]
mod generated;

pub use generated::*;
