//! Tables, views, sequences, routines and events of MariaDB / MySQL, in the database of the connection and in those that
//! migrations create. Triggers go with their tables.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};

use super::{Error, Sweep, mentions, texts};
use crate::run::journal::sql::quoted;

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Object {
    database: String,
    /// As DROP calls it.
    kind: String,
    name: String,
}

impl Object {
    fn is_table(&self) -> bool {
        self.kind == "TABLE"
    }

    fn drop(&self) -> String {
        format!("DROP {} IF EXISTS {}.{}", self.kind, quoted(&self.database), quoted(&self.name))
    }
}

pub(super) async fn statements(sweep: &Sweep<'_>, db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let current = texts(db, "SELECT COALESCE(DATABASE(), '')").await?.concat().concat();
    let mut databases = sweep.schemas.clone();
    databases.insert(current.clone());
    let listed: Vec<String> = databases
        .iter()
        .map(|name| format!("'{}'", name.replace('\\', "\\\\").replace('\'', "''")))
        .collect();
    let listed = listed.join(", ");
    let (mut kept, mut dropped): (Vec<_>, Vec<_>) =
        objects(db, &listed).await?.into_iter().partition(|object| {
            sweep.excludes(&object.database, &object.name) || (object.is_table() && !sweep.tables)
        });
    keep_what_is_used(db, &listed, &mut kept, &mut dropped).await?;
    let refers = references(db, &listed, &dropped).await?;
    if !refers.is_empty() {
        return Err(Error::Kept(refers));
    }
    let others = databases
        .iter()
        .filter(|database| **database != current && !kept.iter().any(|object| object.database == **database));
    let drops = dropped.iter().map(Object::drop);
    let drops = drops.chain(others.map(|database| format!("DROP DATABASE IF EXISTS {}", quoted(database))));
    Ok(drops.collect())
}

/// The objects of databases, views first and sequences after the tables that use them.
async fn objects(db: &impl ConnectionTrait, databases: &str) -> Result<Vec<Object>, DbErr> {
    let sql = format!(
        "SELECT TABLE_SCHEMA, CASE TABLE_TYPE WHEN 'VIEW' THEN 'VIEW' WHEN 'SEQUENCE' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
            TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ({databases})
        UNION ALL SELECT ROUTINE_SCHEMA, ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES
            WHERE ROUTINE_SCHEMA IN ({databases}) AND ROUTINE_TYPE <> 'PACKAGE BODY'
        UNION ALL SELECT EVENT_SCHEMA, 'EVENT', EVENT_NAME FROM information_schema.EVENTS
            WHERE EVENT_SCHEMA IN ({databases})
        ORDER BY kind = 'VIEW' DESC, kind = 'TABLE' DESC, kind, 3"
    );
    let objects = texts(db, &sql).await?.into_iter().filter_map(|row| {
        let [database, kind, name] = <[String; 3]>::try_from(row).ok()?;
        Some(Object { database, kind, name })
    });
    Ok(objects.collect())
}

/// Keeps views, routines and sequences that kept views, triggers and defaults name.
async fn keep_what_is_used(
    db: &impl ConnectionTrait,
    databases: &str,
    kept: &mut Vec<Object>,
    dropped: &mut Vec<Object>,
) -> Result<(), DbErr> {
    let sql = format!(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COALESCE(VIEW_DEFINITION, '') FROM information_schema.VIEWS
            WHERE TABLE_SCHEMA IN ({databases})
        UNION ALL SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, COALESCE(ACTION_STATEMENT, '')
            FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA IN ({databases})
        UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_DEFAULT FROM information_schema.COLUMNS
            WHERE TABLE_SCHEMA IN ({databases}) AND COLUMN_DEFAULT LIKE '%nextval%'
        UNION ALL SELECT ROUTINE_SCHEMA, ROUTINE_NAME, COALESCE(ROUTINE_DEFINITION, '')
            FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN ({databases})
        UNION ALL SELECT EVENT_SCHEMA, EVENT_NAME, COALESCE(EVENT_DEFINITION, '') FROM information_schema.EVENTS
            WHERE EVENT_SCHEMA IN ({databases})"
    );
    let users = texts(db, &sql).await?;
    while let Some(at) = dropped.iter().position(|object| {
        let is_kept = |row: &Vec<String>| kept.iter().any(|of| of.database == row[0] && of.name == row[1]);
        !object.is_table() && users.iter().any(|row| is_kept(row) && mentions(&row[2], &object.name))
    }) {
        kept.push(dropped.remove(at));
    }
    Ok(())
}

/// Foreign keys of tables that stay, also in other databases, to tables that would be dropped.
async fn references(
    db: &impl ConnectionTrait,
    databases: &str,
    dropped: &[Object],
) -> Result<Vec<String>, DbErr> {
    let sql = format!(
        "SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME
        FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA IN ({databases}) ORDER BY 1, 2, 4"
    );
    let is_dropped = |database: &String, name: &String| {
        dropped.iter().any(|object| object.is_table() && object.database == *database && object.name == *name)
    };
    let refers = texts(db, &sql).await?.into_iter().filter_map(|row| match &row[..] {
        [of, table, to, referred] if !is_dropped(of, table) && is_dropped(to, referred) => {
            let of = if of == to { String::new() } else { format!("{of}.") };
            Some(format!("table {of}{table} refers to table {referred}"))
        }
        _ => None,
    });
    Ok(refers.collect())
}
