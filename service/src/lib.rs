#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod access;
pub mod admission;
pub mod auth;
pub mod books;
pub mod context;
pub mod db;
pub mod error;
pub mod field;
pub mod health;
pub mod lifetime;
pub mod limit;
pub mod mail;
pub mod own_data;
pub mod page;
pub mod report;
pub mod retention;
pub mod security;
pub mod sessions;
pub mod throttle;
pub mod users;

mod actor;
mod clock;
mod csv_injection;
mod input;
mod keys;
mod network;
mod passwords;
mod quota;
mod role;
mod secret;
mod versions;

pub use actor::{Account, Actor};
pub use clock::Clock;
pub use context::{Context, Shared};
pub use db::{Db, DbSettings};
pub use error::{Error, Result};
pub use field::{FieldCode, FieldError};
pub use keys::{Keys, MIN_SECRET_LENGTH, check_strength};
pub use role::Role;
pub use secret::{AccessToken, DeviceToken, MailToken, Password, RefreshToken, TokenLink};
pub use versions::Versions;
