#![doc = include_str!("../README.md")]

pub mod dialect;
mod exception;
mod pattern;
pub mod run;
pub mod snapshot;
pub mod sql;
#[cfg(feature = "cli")]
pub mod tooling;

pub use self::exception::{Exception, Rule, exceptions_of};
#[doc(hidden)]
pub use self::exception::{Registration, inventory};
