#![doc = include_str!("../README.md")]

pub mod behavior;

#[rustfmt::skip]
mod generated;

pub use generated::*;
