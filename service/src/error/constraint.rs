//! Database constraints that a client can violate, and their errors.

use sea_orm::DbErr;

use super::{
    Error, Result,
    database::{violated_unique, violates_reference},
};

macro_rules! uniques {
    ($($unique:ident = $table:literal($($column:literal),+);)+) => {
        /// Unique values of rows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Unique {
            $(#[doc = concat!("Unique in table `", $table, "`:", $(" `", $column, "`",)+ ".")] $unique,)+
        }

        impl Unique {
            /// Every unique constraint that a client can break.
            pub const ALL: &[Self] = &[$(Self::$unique),+];

            /// Table and columns of the constraint.
            const fn columns(self) -> (&'static str, &'static [&'static str]) {
                match self { $(Self::$unique => ($table, &[$($column),+]),)+ }
            }
        }
    };
}

uniques! {
    Username = "users"("username");
    Email = "users"("email");
    Isbn = "books"("isbn");
}

impl Unique {
    /// Whether `violated` names this constraint: by its index, or by its columns.
    fn is_named(self, violated: &str) -> bool {
        let (table, columns) = self.columns();
        let index = format!("idx-{table}-{}", columns.join("_"));
        let listed: Vec<String> = columns.iter().map(|column| format!("{table}.{column}")).collect();
        // MySQL puts the table before the index.
        violated == index || violated == format!("{table}.{index}") || violated == listed.join(", ")
    }
}

/// Rows that a foreign key can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// The account of the actor.
    Account,
}

/// Conversion of a violated constraint into the error of the client. A violation that the write does not name is a
/// fault of the program: [`Error::Internal`].
pub(crate) trait OrViolated<T> {
    /// The value, or [`Error::Taken`] if the write violates one of `uniques`.
    fn or_taken(self, uniques: &[Unique]) -> Result<T>;

    /// The value, or [`Error::Missing`] if the row of `reference` does not exist.
    fn or_missing(self, reference: Reference) -> Result<T>;
}

impl<T, E: Into<Error>> OrViolated<T> for std::result::Result<T, E> {
    fn or_taken(self, uniques: &[Unique]) -> Result<T> {
        self.map_err(|error| {
            let error = error.into();
            let violated = error.database().and_then(violated_unique);
            let unique = violated.and_then(|name| uniques.iter().find(|unique| unique.is_named(&name)));
            unique.map_or(error, |unique| Error::Taken(*unique))
        })
    }

    fn or_missing(self, reference: Reference) -> Result<T> {
        self.map_err(|error| {
            let error = error.into();
            if error.database().is_some_and(violates_reference) { Error::Missing(reference) } else { error }
        })
    }
}

impl Error {
    /// Database error behind this one.
    pub(super) fn database(&self) -> Option<&DbErr> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) | Self::ReadOnly(cause) => cause.downcast_ref(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_is_identified_by_its_index_and_by_its_columns() {
        for unique in Unique::ALL.iter().copied() {
            let (table, columns) = unique.columns();
            let index = format!("idx-{table}-{}", columns.join("_"));
            assert!(unique.is_named(&index));
            let listed: Vec<String> = columns.iter().map(|column| format!("{table}.{column}")).collect();
            assert!(unique.is_named(&listed.join(", ")));
            assert!(!unique.is_named(&format!("{index}_too")));
        }
        assert!(!Unique::Email.is_named("users.username"));
    }
}
