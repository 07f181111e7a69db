//! A made-up crate of entities: parcels, the depots they lie in and the labels on them, as `sea-orm-cli` generates
//! them from the migration beside them.

#[rustfmt::skip]
pub mod depots;
#[rustfmt::skip]
pub mod labels;
#[rustfmt::skip]
pub mod parcels;

pub mod base;
