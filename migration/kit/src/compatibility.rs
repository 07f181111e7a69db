//! Compatibility of a migration with the programs of before, which do not know it and may still serve during an upgrade.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer};

/// Whether programs that do not know a migration work on the schema after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compatibility {
    /// They go on.
    Compatible,
    /// They must be replaced. Why.
    Breaking(Cow<'static, str>),
}

impl Compatibility {
    /// The declaration of [`compatible!`](crate::compatible).
    ///
    /// # Panics
    /// If `reason` is empty: in a constant, this is an error of compilation.
    #[must_use]
    pub const fn compatible(reason: &'static str) -> Self {
        assert!(!reason.is_empty(), "a declaration of compatibility needs a reason");
        Self::Compatible
    }

    /// The declaration of [`breaking!`](crate::breaking).
    ///
    /// # Panics
    /// As [`Self::compatible`].
    #[must_use]
    pub const fn breaking(reason: &'static str) -> Self {
        assert!(!reason.is_empty(), "a declaration of compatibility needs a reason");
        Self::Breaking(Cow::Borrowed(reason))
    }

    /// Whether older programs go on.
    #[must_use]
    pub fn is_compatible(&self) -> bool {
        match self {
            Self::Compatible => true,
            Self::Breaking(_) => false,
        }
    }
}

/// A migration of which nothing is known counts as breaking.
impl Default for Compatibility {
    fn default() -> Self {
        Self::Breaking(Cow::Borrowed("nothing is known of it"))
    }
}

impl fmt::Display for Compatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compatible => f.write_str("compatible"),
            Self::Breaking(reason) => write!(f, "breaking: {reason}"),
        }
    }
}

impl Serialize for Compatibility {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The declaration of one migration, collected from the whole program.
#[doc(hidden)]
#[derive(Debug)]
pub struct CompatibilityRegistration {
    /// Name of the migration.
    pub migration: fn() -> String,
    /// Its constant.
    pub compatibility: &'static Compatibility,
}

inventory::collect!(CompatibilityRegistration);

/// What the migration of this name declares by [`compatible!`](crate::compatible) or [`breaking!`](crate::breaking).
#[must_use]
pub fn declared_compatibility(migration: &str) -> Option<Compatibility> {
    let mut registrations = inventory::iter::<CompatibilityRegistration>.into_iter();
    let own = registrations.find(|registration| (registration.migration)() == migration);
    own.map(|registration| registration.compatibility.clone())
}

/// Declares that programs which do not know a migration work on the schema after it, with the reason. Without a
/// declaration, a migration that only adds is compatible, and any other is breaking.
///
/// ```
/// use sea_orm_migration::prelude::*;
/// use sea_orm_migration_kit::compatible;
///
/// #[derive(DeriveMigrationName)]
/// pub struct Migration;
///
/// compatible!(Migration, "no released program reads the dropped column");
///
/// assert!(Migration::COMPATIBILITY.is_compatible());
/// ```
#[macro_export]
macro_rules! compatible {
    ($migration:ident, $reason:expr) => {
        $crate::declare_compatibility!($migration, $crate::Compatibility::compatible($reason));
    };
}

/// Declares that programs which do not know a migration must not serve on the schema after it, with the reason.
///
/// ```
/// use sea_orm_migration::prelude::*;
/// use sea_orm_migration_kit::breaking;
///
/// #[derive(DeriveMigrationName)]
/// pub struct Migration;
///
/// breaking!(Migration, "programs before 2.0 would show drafts, which have a column of their own now");
///
/// assert!(!Migration::COMPATIBILITY.is_compatible());
/// ```
#[macro_export]
macro_rules! breaking {
    ($migration:ident, $reason:expr) => {
        $crate::declare_compatibility!($migration, $crate::Compatibility::breaking($reason));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! declare_compatibility {
    ($migration:ident, $compatibility:expr) => {
        impl $migration {
            /// Whether programs that do not know this migration work on the schema after it.
            pub const COMPATIBILITY: &'static $crate::Compatibility = &$compatibility;
        }

        $crate::inventory::submit! {
            $crate::CompatibilityRegistration {
                migration: || {
                    let name = ::sea_orm_migration::MigrationName::name(&$migration);
                    ::std::string::String::from(name)
                },
                compatibility: $migration::COMPATIBILITY,
            }
        }
    };
}
