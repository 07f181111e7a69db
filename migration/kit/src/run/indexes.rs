//! INVALID indexes of PostgreSQL: CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY that failed leaves one behind. It serves
//! no query, a unique one refuses no row, and IF NOT EXISTS takes it for the index.

use std::fmt;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement},
};
use serde::Serialize;

use super::recorder;

/// An index that is INVALID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvalidIndex {
    /// Its schema.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Whether it is unique: rows that are alike were perhaps the reason.
    pub unique: bool,
    /// The statement that mends it, after such rows are gone.
    pub remedy: String,
    /// Whether it is in a schema of the connection.
    #[serde(skip)]
    is_near: bool,
}

impl InvalidIndex {
    /// Whether a statement names it.
    pub(super) fn is_named_in(&self, statement: &Statement) -> bool {
        let mut words = statement.sql.split(|c: char| !c.is_alphanumeric() && !"_-$".contains(c));
        words.any(|word| word.eq_ignore_ascii_case(&self.name))
    }
}

impl fmt::Display for InvalidIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the index {} on {} is INVALID, and serves no query: ", self.name, self.table)?;
        if self.unique {
            f.write_str("remove the rows that are alike, then ")?;
        }
        write!(f, "run {}", self.remedy)
    }
}

/// The INVALID indexes in the schemas of the connection, and in others that migrations of `M` name, without those that are being built. None on other databases than
/// PostgreSQL. Reads only the catalogue, which needs no right.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn invalid_of<M: MigratorTrait>(db: &impl ConnectionTrait) -> Result<Vec<InvalidIndex>, DbErr> {
    let mut indexes = invalid(db).await?;
    if indexes.iter().any(|index| !index.is_near) {
        let recorded = recorder::ups::<M>(db.get_database_backend()).await;
        let own: Vec<&Statement> = recorded.iter().flat_map(|up| &up.statements).collect();
        indexes.retain(|index| index.is_near || own.iter().any(|statement| index.is_named_in(statement)));
    }
    Ok(indexes)
}

/// All INVALID indexes of the database.
pub(super) async fn invalid(db: &impl ConnectionTrait) -> Result<Vec<InvalidIndex>, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(Vec::new());
    }
    let sql = "SELECT n.nspname::text AS schema, t.relname::text AS on_table, c.relname::text AS name, \
               i.indisunique AS is_unique, n.nspname = ANY (current_schemas(false)) AS is_near, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted \
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
               JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname NOT LIKE 'pg\\_%' \
               AND NOT EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) \
               ORDER BY 1, 3";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    rows.iter().map(index).collect()
}

fn index(row: &QueryResult) -> Result<InvalidIndex, DbErr> {
    let name: String = row.try_get("", "name")?;
    let quoted: String = row.try_get("", "quoted")?;
    // REINDEX CONCURRENTLY names its copies so.
    let is_copy = |mark: &str| {
        name.rsplit_once(mark).is_some_and(|(_, number)| number.chars().all(|c| c.is_ascii_digit()))
    };
    let verb = if is_copy("_ccnew") || is_copy("_ccold") { "DROP" } else { "REINDEX" };
    Ok(InvalidIndex {
        schema: row.try_get("", "schema")?,
        table: row.try_get("", "on_table")?,
        unique: row.try_get("", "is_unique")?,
        is_near: row.try_get("", "is_near")?,
        remedy: format!("{verb} INDEX CONCURRENTLY {quoted}"),
        name,
    })
}
