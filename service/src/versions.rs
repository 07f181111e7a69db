//! Versions of a resource that a change accepts.

use sea_orm::{ColumnTrait, QueryFilter};

/// Versions of a resource that a change accepts. A change of any other version fails with
/// [`Error::Stale`](crate::Error::Stale).
#[derive(Debug, Clone)]
pub struct Versions {
    /// The accepted versions; all if absent.
    pub only: Option<Vec<i64>>,
    /// Versions that are rejected all the same.
    pub except: Vec<i64>,
}

impl Versions {
    /// Restricts a statement to rows with an accepted version.
    pub(crate) fn restrict<Q: QueryFilter>(self, statement: Q, version: impl ColumnTrait) -> Q {
        let Self { only, except } = self;
        let statement = match only {
            Some(only) => statement.filter(version.is_in(only)),
            None => statement,
        };
        if except.is_empty() { statement } else { statement.filter(version.is_not_in(except)) }
    }
}
