//! Failures of scratch space.

use sea_orm_migration::sea_orm::{DbErr, RuntimeErr};

use crate::run::{Unreachable, describe};

/// Failure of scratch space.
#[derive(Debug, thiserror::Error)]
pub enum ShadowError {
    /// The database cannot be reached.
    #[error("cannot connect: {}", describe(.0))]
    Connect(#[source] DbErr),
    /// The server does not let us in.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// A statement of the kit failed, such as a query on the catalogue or the records.
    #[error("cannot read the database: {}", describe(.0))]
    Read(#[source] DbErr),
    /// The scratch space could not be created, usually because a right is missing.
    #[error(
        "cannot create {space}, which needs {right}; grant it, or name another database for it: {}",
        describe(source)
    )]
    Space {
        /// The missing space.
        space: &'static str,
        /// The right that it needs.
        right: &'static str,
        /// The error of the database.
        source: DbErr,
    },
    /// The scratch space is on another kind of database.
    #[error("scratch space on {shadow} cannot replace {live}")]
    Kind {
        /// The kind of the database that is compared.
        live: &'static str,
        /// The kind of the database for scratch space.
        shadow: &'static str,
    },
    /// A migration failed.
    #[error("{name}: {}", describe(source))]
    Migration {
        /// Its name.
        name: String,
        /// Its error.
        source: DbErr,
    },
    /// A migration panicked, as `SeaQuery` does if a database lacks a feature.
    #[error("{name} panicked: {message}")]
    Panic {
        /// Its name.
        name: String,
        /// Message of the panic.
        message: String,
    },
}

impl ShadowError {
    /// Whether the cause is one transaction for many migrations, which a scratch database would avoid.
    pub(in crate::tooling) fn for_want_of_a_database(&self) -> bool {
        let Self::Migration {
            source: DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e)),
            ..
        } = self
        else {
            return false;
        };
        // active_sql_transaction, unsafe_new_enum_value_usage, and object_in_use by pending triggers.
        e.as_database_error()
            .and_then(|error| error.code().map(|code| ["25001", "55P04", "55006"].contains(&code.as_ref())))
            .unwrap_or(false)
    }
}
