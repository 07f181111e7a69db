#![doc = include_str!("../README.md")]

mod compatibility;
pub mod dialect;
mod exception;
mod pattern;
pub mod run;
pub mod snapshot;
pub mod sql;
#[cfg(feature = "cli")]
pub mod tooling;

#[doc(hidden)]
pub use self::{
    compatibility::CompatibilityRegistration,
    exception::{Registration, inventory},
};
pub use self::{
    compatibility::{Compatibility, declared_compatibility},
    exception::{Exception, Rule, exceptions_of},
};
