//! Lint exceptions: constants of a migration, read by the linter without running the migration.
//!
//! `MigratorTrait` hands out its migrations as trait objects, which keep no constants. So the declaration also registers
//! the constant, in the same way in which SeaORM registers entities.

use std::fmt;

#[doc(hidden)]
pub use inventory;
use serde::{Serialize, Serializer};

pub use self::rule::Rule;

mod rule;

/// Permission for a migration to break a rule of the linter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The rule.
    pub rule: Rule,
    /// Why breaking it is safe in this migration.
    pub reason: &'static str,
}

impl Exception {
    /// An exception from `rule`.
    ///
    /// # Panics
    /// If `reason` is empty: in a constant, this is an error of compilation.
    #[must_use]
    pub const fn new(rule: Rule, reason: &'static str) -> Self {
        assert!(!reason.is_empty(), "a lint exception needs a reason");
        Self { rule, reason }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.reason)
    }
}

impl Serialize for Exception {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The exceptions of one migration, collected from the whole program.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registration {
    /// Name of the migration.
    pub migration: fn() -> String,
    /// Its constant.
    pub exceptions: &'static [Exception],
}

inventory::collect!(Registration);

/// The exceptions that the migration of this name declares by [`lint_exceptions!`](crate::lint_exceptions).
#[must_use]
pub fn exceptions_of(migration: &str) -> Vec<Exception> {
    let registrations = inventory::iter::<Registration>.into_iter();
    let own = registrations.filter(|registration| (registration.migration)() == migration);
    own.flat_map(|registration| registration.exceptions).cloned().collect()
}

/// Declares the rules of the linter that a migration breaks, each with the reason, as its constant `LINT_EXCEPTIONS`.
///
/// An exception that the migration does not need is itself a finding, and a reason must not be empty.
///
/// ```
/// use sea_orm_migration::prelude::*;
/// use sea_orm_migration_kit::{Rule, lint_exceptions};
///
/// #[derive(DeriveMigrationName)]
/// pub struct Migration;
///
/// lint_exceptions!(Migration, [(Rule::RequireConcurrentIndexCreation, "the table is empty")]);
///
/// assert_eq!(Migration::LINT_EXCEPTIONS[0].reason, "the table is empty");
/// ```
#[macro_export]
macro_rules! lint_exceptions {
    ($migration:ident, [$(($rule:expr, $reason:expr)),+ $(,)?]) => {
        impl $migration {
            /// The rules of the linter that this migration breaks.
            pub const LINT_EXCEPTIONS: &'static [$crate::Exception] =
                &[$($crate::Exception::new($rule, $reason)),+];
        }

        $crate::inventory::submit! {
            $crate::Registration {
                migration: || {
                    let name = ::sea_orm_migration::MigrationName::name(&$migration);
                    ::std::string::String::from(name)
                },
                exceptions: $migration::LINT_EXCEPTIONS,
            }
        }
    };
}
