//! The statements of a SQLite file, as its users wrote them.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::Piece;

/// Without the tables in which FTS5 and other virtual tables store their data, and those of SQLite itself.
const OBJECTS: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema
    WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite^_%' ESCAPE '^'
    AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')
    ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, rowid";

pub(super) async fn read<C: ConnectionTrait>(
    db: &C,
    keep: impl Fn(&str) -> bool,
) -> Result<Vec<Piece>, DbErr> {
    let mut pieces = Vec::new();
    for row in db.query_all_raw(Statement::from_string(DbBackend::Sqlite, OBJECTS)).await? {
        let (kind, name, table, create): (String, String, String, String) = row.try_get_many_by_index()?;
        if !keep(&table) {
            continue;
        }
        let name = format!("\"{}\"", name.replace('"', "\"\""));
        let undo = match kind.as_str() {
            "table" => Some(format!("DROP TABLE {name}")),
            "view" => Some(format!("DROP VIEW {name}")),
            // Indexes and triggers go with their table.
            _ => None,
        };
        pieces.push(Piece { create, undo });
    }
    Ok(pieces)
}
