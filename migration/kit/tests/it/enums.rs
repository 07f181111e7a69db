//! A made-up crate of entities with a native enum: vans, beside parcels.

pub mod base;
#[rustfmt::skip]
pub mod sea_orm_active_enums;
#[rustfmt::skip]
pub mod vans;
