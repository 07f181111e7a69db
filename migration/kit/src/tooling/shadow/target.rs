//! Where scratch space is made, and of which sort.

use sea_orm_migration::MigratorTrait;

use super::ShadowError;

/// Where scratch space is made.
#[derive(Debug, Clone)]
pub struct ShadowTarget {
    pub(super) url: String,
    pub(super) collation: Option<String>,
    pub(super) database: bool,
    pub(super) schemas: Vec<String>,
}

impl ShadowTarget {
    /// Beside the database at `url`, with room for the migrations of `M`.
    #[must_use]
    pub fn beside<M: MigratorTrait>(url: &str) -> Self {
        let database = M::migrations().iter().any(|migration| migration.use_transaction() == Some(false));
        Self { url: url.to_owned(), collation: None, database, schemas: Vec::new() }
    }

    /// With the collation, which tables inherit on MariaDB, of another database than the one beside.
    #[must_use]
    pub fn collated(mut self, collation: Option<String>) -> Self {
        self.collation = collation;
        self
    }

    /// With these schemas of PostgreSQL, which the migrations name: in a database of its own, since a scratch schema
    /// would be beside them.
    #[must_use]
    pub fn with_schemas(mut self, schemas: Vec<String>) -> Self {
        self.database |= !schemas.is_empty();
        self.schemas = schemas;
        self
    }

    pub(in crate::tooling) fn is_database(&self) -> bool {
        self.database
    }

    /// Does `work` there. On PostgreSQL it is done again in a database of its own if it turns out that a migration
    /// cannot run in one transaction with the others.
    ///
    /// # Errors
    /// The error of `work`.
    pub async fn tried<T>(
        mut self,
        work: impl AsyncFn(&Self) -> Result<T, ShadowError>,
    ) -> Result<T, ShadowError> {
        match work(&self).await {
            Err(error) if !self.database && error.for_want_of_a_database() => {
                self.database = true;
                work(&self).await
            }
            done => done,
        }
    }
}
