//! The rows of Bookly's tables, as SeaORM models.
//!
//! Invariant: `generated` is what `sea-orm-cli generate entity` writes from a migrated database, byte
//! for byte; what the generator cannot know stands in [`behavior`]. Rows carry no serde: what the world
//! sees are the resource types of `service`.

pub mod behavior;

#[rustfmt::skip]
mod generated;

pub use generated::*;
