//! SQLite's catalogue: five queries, for the main database. Conditions, expressions and the names of constraints are in
//! no pragma, so they are read from the text of the statements.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use super::{Catalog, ObjectKind, actions};

mod text;
mod words;

use text::{IndexText, TableText};

const OBJECTS: &str = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema
    WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^'";

/// Without the tables of type 'shadow', in which FTS5 and other virtual tables store their data.
const TABLES: &str = "SELECT name, type, wr, strict FROM pragma_table_list
    WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite^_%' ESCAPE '^'";

const COLUMNS: &str =
    "SELECT t.name, c.name, c.type, c.\"notnull\", coalesce(c.dflt_value, ''), c.pk, c.hidden
    FROM pragma_table_list t, pragma_table_xinfo(t.name) c
    WHERE t.schema = 'main' AND t.type IN ('table', 'virtual') ORDER BY t.name, c.pk, c.cid";

const INDEXES: &str = "SELECT t.name, i.name, i.\"unique\", i.origin, i.partial,
        coalesce(c.name, ''), c.desc, coalesce(c.coll, 'BINARY')
    FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) c
    WHERE t.schema = 'main' AND t.type = 'table' AND c.key = 1 ORDER BY t.name, i.name, c.seqno";

/// A foreign key that names no columns means the primary key.
const FOREIGN_KEYS: &str = "SELECT t.name, k.id, k.\"table\", k.\"from\", coalesce(k.\"to\",
        (SELECT c.name FROM pragma_table_info(k.\"table\") c WHERE c.pk = k.seq + 1), ''),
        k.on_update, k.on_delete
    FROM pragma_table_list t, pragma_foreign_key_list(t.name) k
    WHERE t.schema = 'main' AND t.type = 'table' ORDER BY t.name, k.id, k.seq";

/// The statements behind the objects.
#[derive(Default)]
struct Texts {
    tables: BTreeMap<String, TableText>,
    indexes: BTreeMap<String, IndexText>,
}

pub(super) async fn read<C: ConnectionTrait>(db: &C, catalog: &mut Catalog) -> Result<(), DbErr> {
    let mut texts = Texts::default();
    let mut sources = BTreeMap::new();
    for row in rows(db, OBJECTS).await? {
        let (kind, name, table, sql): (String, String, String, String) = row.try_get_many_by_index()?;
        match kind.as_str() {
            "table" => {
                texts.tables.insert(name.clone(), TableText::read(&sql));
                sources.insert(name, sql);
            }
            "index" => {
                texts.indexes.insert(name, IndexText::read(&sql));
            }
            "view" => catalog.add(ObjectKind::View, &name, "", &words::normal(&sql)),
            _ => catalog.add(ObjectKind::Trigger, &table, &name, &words::normal(&sql)),
        }
    }
    tables(db, catalog, &texts, &sources).await?;
    columns(db, catalog, &texts).await?;
    indexes(db, catalog, &texts).await?;
    foreign_keys(db, catalog, &texts).await
}

async fn tables<C: ConnectionTrait>(
    db: &C,
    catalog: &mut Catalog,
    texts: &Texts,
    sources: &BTreeMap<String, String>,
) -> Result<(), DbErr> {
    for row in rows(db, TABLES).await? {
        let (table, kind, without_rowid, strict): (String, String, i32, i32) = row.try_get_many_by_index()?;
        let source = sources.get(&table).map(String::as_str).unwrap_or_default();
        let text = texts.tables.get(&table);
        if kind == "virtual" || text.is_some_and(|text| text.unread) {
            catalog.add(ObjectKind::Table, &table, "", &words::normal(source));
            continue;
        }
        let options = [("", 1), (" without rowid", without_rowid), (" strict", strict)];
        let options: String = options.iter().filter(|(_, on)| *on == 1).map(|(option, _)| *option).collect();
        catalog.add(ObjectKind::Table, &table, "", &format!("table{options}"));
        for (name, condition) in text.iter().flat_map(|text| &text.checks) {
            catalog.add(ObjectKind::Check, &table, name.as_deref().unwrap_or(condition), condition);
        }
    }
    Ok(())
}

async fn columns<C: ConnectionTrait>(db: &C, catalog: &mut Catalog, texts: &Texts) -> Result<(), DbErr> {
    let mut primary: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows(db, COLUMNS).await? {
        let (table, column, kind, not_null, default, key, hidden): (
            String,
            String,
            String,
            i32,
            String,
            i32,
            i32,
        ) = row.try_get_many_by_index()?;
        // Those of virtual tables that their module keeps for itself.
        if hidden == 1 || table.starts_with("sqlite_") {
            continue;
        }
        let text = texts.tables.get(&table).and_then(|text| text.columns.get(&column.to_lowercase()));
        let mut definition = vec![kind.to_lowercase()];
        definition
            .extend(text.and_then(|text| text.collation.as_ref()).map(|name| format!("collate {name}")));
        definition.extend((not_null == 1).then(|| "not null".to_owned()));
        definition.extend((!default.is_empty()).then(|| format!("default {}", words::normal(&default))));
        definition.extend(text.and_then(|text| text.generated.as_ref()).map(|expression| {
            format!("generated as ({expression}){}", if hidden == 3 { " stored" } else { "" })
        }));
        definition.retain(|part| !part.is_empty());
        catalog.add(ObjectKind::Column, &table, &column, &definition.join(" "));
        if key > 0 {
            let counted = if text.is_some_and(|text| text.autoincrement) { " autoincrement" } else { "" };
            primary.entry(table).or_default().push(format!("{column}{counted}"));
        }
    }
    for (table, columns) in primary {
        catalog.add(ObjectKind::PrimaryKey, &table, "", &format!("({})", columns.join(", ")));
    }
    Ok(())
}

struct Index {
    unique: bool,
    constraint: bool,
    columns: Vec<String>,
    terms: Vec<String>,
}

async fn indexes<C: ConnectionTrait>(db: &C, catalog: &mut Catalog, texts: &Texts) -> Result<(), DbErr> {
    let mut found: BTreeMap<(String, String), Index> = BTreeMap::new();
    for row in rows(db, INDEXES).await? {
        let (table, name, unique, origin, column): (String, String, i32, String, String) = (
            row.try_get_by_index(0)?,
            row.try_get_by_index(1)?,
            row.try_get_by_index(2)?,
            row.try_get_by_index(3)?,
            row.try_get_by_index(5)?,
        );
        let (descending, collation): (i32, String) = (row.try_get_by_index(6)?, row.try_get_by_index(7)?);
        if origin == "pk" {
            continue;
        }
        let expression = texts.indexes.get(&name);
        let index = found.entry((table, name)).or_insert_with(|| Index {
            unique: unique == 1,
            constraint: origin == "u",
            columns: Vec::new(),
            terms: Vec::new(),
        });
        let mut term = column.clone();
        if column.is_empty() {
            term = expression.and_then(|text| text.terms.get(index.terms.len())).cloned().unwrap_or_default();
        }
        if !collation.eq_ignore_ascii_case("BINARY") {
            term = format!("{term} collate {}", collation.to_lowercase());
        }
        index.terms.push(if descending == 1 { format!("{term} desc") } else { term });
        index.columns.push(column.to_lowercase());
    }
    for ((table, name), index) in &found {
        add_index(catalog, texts, table, name, index);
    }
    Ok(())
}

fn add_index(catalog: &mut Catalog, texts: &Texts, table: &str, name: &str, index: &Index) {
    let terms = format!("({})", index.terms.join(", "));
    if index.constraint {
        let known = texts.tables.get(table).and_then(|text| text.unique_name(&index.columns));
        let name = known.unwrap_or(&terms);
        return catalog.add(ObjectKind::Index, table, name, &format!("unique constraint {terms}"));
    }
    let predicate = texts.indexes.get(name).and_then(|text| text.predicate.as_ref());
    let predicate = predicate.map(|predicate| format!(" where {predicate}")).unwrap_or_default();
    let unique = if index.unique { "unique " } else { "" };
    catalog.add(ObjectKind::Index, table, name, &format!("{unique}{terms}{predicate}"));
}

struct ForeignKey {
    from: Vec<String>,
    to: Vec<String>,
    referenced: String,
    actions: String,
}

async fn foreign_keys<C: ConnectionTrait>(db: &C, catalog: &mut Catalog, texts: &Texts) -> Result<(), DbErr> {
    let mut found: BTreeMap<(String, i32), ForeignKey> = BTreeMap::new();
    for row in rows(db, FOREIGN_KEYS).await? {
        let (table, id, referenced, from, to, update, delete): (
            String,
            i32,
            String,
            String,
            String,
            String,
            String,
        ) = row.try_get_many_by_index()?;
        let key = found.entry((table, id)).or_insert_with(|| ForeignKey {
            from: Vec::new(),
            to: Vec::new(),
            referenced,
            actions: actions(&update, &delete, &["NO ACTION"]),
        });
        key.from.push(from);
        key.to.push(to);
    }
    for ((table, _), key) in &found {
        let from = format!("({})", key.from.join(", "));
        let lower: Vec<String> = key.from.iter().map(|column| column.to_lowercase()).collect();
        let text = texts.tables.get(table);
        let deferred = if text.is_some_and(|text| text.defers(&lower)) { " deferrable" } else { "" };
        let (to, referenced, actions) = (key.to.join(", "), &key.referenced, &key.actions);
        catalog.add(
            ObjectKind::ForeignKey,
            table,
            &from,
            &format!("{from} references {referenced} ({to}){actions}{deferred}"),
        );
    }
    Ok(())
}

async fn rows<C: ConnectionTrait>(db: &C, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await
}
