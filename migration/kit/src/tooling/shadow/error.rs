//! Why migrations could not be run beside a database.

use sea_orm_migration::sea_orm::{DbErr, RuntimeErr};

/// Why migrations could not be run beside a database.
#[derive(Debug, thiserror::Error)]
pub enum ShadowError {
    /// The database cannot be reached.
    #[error("cannot connect: {0}")]
    Connect(#[source] DbErr),
    /// A statement of our own failed, such as one that reads the catalogue or the record of migrations.
    #[error("cannot read the database: {0}")]
    Read(#[source] DbErr),
    /// The scratch space could not be made, for want of a right as a rule.
    #[error(
        "cannot make {what}, which takes {right}; grant it, or name another database to work in: {source}"
    )]
    Space {
        /// What was to be made.
        what: &'static str,
        /// The right that it takes.
        right: &'static str,
        /// What the database said.
        source: DbErr,
    },
    /// The scratch space is of another kind than the database.
    #[error("{shadow} cannot stand in for {live}")]
    Kind {
        /// The kind of the database that is compared.
        live: &'static str,
        /// The kind of the one named for scratch space.
        shadow: &'static str,
    },
    /// A migration failed.
    #[error("{name}: {source}")]
    Migration {
        /// Its name.
        name: String,
        /// What it failed with.
        source: DbErr,
    },
    /// A migration panicked, as `SeaQuery` does where a database cannot do what is asked.
    #[error("{name} panicked: {message}")]
    Panic {
        /// Its name.
        name: String,
        /// With what words.
        message: String,
    },
}

impl ShadowError {
    /// Whether it comes of running many migrations in one transaction, and would not come on a database.
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
