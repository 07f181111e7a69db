//! Views and tables of SQLite. Triggers and indexes go with them.

use sea_orm_migration::sea_orm::ConnectionTrait;

use super::{Error, Sweep, mentions, texts};

/// Without the tables in which virtual tables store their data.
const TABLES: &str = "SELECT name, type FROM pragma_table_list
    WHERE schema = 'main' AND type IN ('table', 'virtual', 'view') AND name NOT LIKE 'sqlite^_%' ESCAPE '^'
    ORDER BY type = 'table', name";

const FOREIGN_KEYS: &str = "SELECT DISTINCT t.name, lower(k.\"table\") FROM pragma_table_list t,
    pragma_foreign_key_list(t.name) k WHERE t.schema = 'main' AND t.type = 'table' ORDER BY 1, 2";

const USERS: &str = "SELECT tbl_name, coalesce(sql, '') FROM sqlite_master WHERE type IN ('view', 'trigger')";

pub(super) async fn statements(sweep: &Sweep<'_>, db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let (mut dropped, mut kept) = (Vec::new(), Vec::new());
    for row in texts(db, TABLES).await? {
        let [name, kind] = &row[..] else { continue };
        let stays = sweep.excludes("main", name) || (kind != "view" && !sweep.tables);
        if stays { &mut kept } else { &mut dropped }.push((name.clone(), kind == "view"));
    }
    let users = texts(db, USERS).await?;
    // A view that a trigger or view in use names stays.
    while let Some(at) = dropped.iter().position(|(name, is_view)| {
        let used = |row: &Vec<String>| kept.iter().any(|(of, _)| *of == row[0]) && mentions(&row[1], name);
        *is_view && !kept.is_empty() && users.iter().any(used)
    }) {
        kept.push(dropped.remove(at));
    }
    let is_dropped = |table: &str| dropped.iter().any(|(name, _)| name.eq_ignore_ascii_case(table));
    let refers: Vec<String> = texts(db, FOREIGN_KEYS)
        .await?
        .iter()
        .filter(|row| !is_dropped(&row[0]) && is_dropped(&row[1]))
        .map(|row| format!("table {} refers to table {}", row[0], row[1]))
        .collect();
    if !refers.is_empty() {
        return Err(Error::Kept(refers));
    }
    let drops = dropped.into_iter().map(|(name, is_view)| {
        let kind = if is_view { "VIEW" } else { "TABLE" };
        format!("DROP {kind} IF EXISTS \"{}\"", name.replace('"', "\"\""))
    });
    Ok(drops.collect())
}
