//! MariaDB's and MySQL's `information_schema`: four queries, for the current database.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use super::{Catalog, ObjectKind, actions};

/// Each query returns a table or '', a name or '', and a definition.
const PARTS: &[(ObjectKind, &str)] = &[
    (
        ObjectKind::Table,
        "SELECT TABLE_NAME, '', CONCAT_WS(' ', IF(TABLE_TYPE = 'BASE TABLE', 'table', LOWER(TABLE_TYPE)),
            CONCAT('engine ', ENGINE), CONCAT('collate ', TABLE_COLLATION),
            IF(TABLE_COMMENT = '', NULL, CONCAT('comment ', QUOTE(TABLE_COMMENT))))
        FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE')",
    ),
    (
        ObjectKind::Column,
        "SELECT c.TABLE_NAME, c.COLUMN_NAME, CONCAT_WS(' ', c.COLUMN_TYPE, CONCAT('collate ', c.COLLATION_NAME),
            IF(c.IS_NULLABLE = 'NO', 'not null', NULL),
            CONCAT('default ', NULLIF(c.COLUMN_DEFAULT, 'NULL')), LOWER(NULLIF(c.EXTRA, '')),
            CONCAT('as (', NULLIF(c.GENERATION_EXPRESSION, ''), ')'),
            IF(c.COLUMN_COMMENT = '', NULL, CONCAT('comment ', QUOTE(c.COLUMN_COMMENT))))
        FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
        WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_SCHEMA = DATABASE()
        AND t.TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE')",
    ),
    (
        ObjectKind::Sequence,
        "SELECT '', TABLE_NAME, 'sequence' FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'SEQUENCE'",
    ),
    (ObjectKind::View, "SELECT TABLE_NAME, '', VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"),
    (
        ObjectKind::Trigger,
        "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, CONCAT_WS(' ', ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT)
        FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
    ),
    (
        ObjectKind::Function,
        "SELECT '', ROUTINE_NAME, CONCAT_WS(' ', ROUTINE_TYPE, DTD_IDENTIFIER, ROUTINE_DEFINITION)
        FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()",
    ),
];

/// MariaDB's names of checks are unique in a table only.
const CHECKS_OF_MARIADB: &str = "SELECT TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE
    FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()";

const CHECKS_OF_MYSQL: &str = "SELECT t.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE
    FROM information_schema.CHECK_CONSTRAINTS c JOIN information_schema.TABLE_CONSTRAINTS t
    USING (CONSTRAINT_SCHEMA, CONSTRAINT_NAME)
    WHERE c.CONSTRAINT_SCHEMA = DATABASE() AND t.CONSTRAINT_TYPE = 'CHECK'";

/// With the columns of an index in their order. The expression of a key is MySQL's only.
const INDEXES: &str =
    "SELECT TABLE_NAME, INDEX_NAME, CAST(NON_UNIQUE AS CHAR), COALESCE(COLUMN_NAME, {expression}),
        COALESCE(CAST(SUB_PART AS CHAR), ''), COALESCE(COLLATION, 'A'), INDEX_TYPE, INDEX_COMMENT
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
    ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX";

const FOREIGN_KEYS: &str = "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME,
        REFERENCED_COLUMN_NAME, IF(REFERENCED_TABLE_SCHEMA = DATABASE(), '', REFERENCED_TABLE_SCHEMA)
    FROM information_schema.KEY_COLUMN_USAGE
    WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL
    ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";

const RULES: &str = "SELECT TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE
    FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()";

/// MariaDB takes these for the same.
const ANYWAY: &[&str] = &["RESTRICT", "NO ACTION"];

/// A table, and the name of an object that belongs to it.
type Key = (String, String);

pub(super) async fn read<C: ConnectionTrait>(db: &C, catalog: &mut Catalog) -> Result<(), DbErr> {
    let version = strings(db, "SELECT VERSION(), DATABASE()").await?;
    let (mariadb, database) = match version.first().map(Vec::as_slice) {
        Some([version, database]) => (version.to_lowercase().contains("mariadb"), database.clone()),
        _ => return Err(DbErr::Custom("no database is chosen in the URL".to_owned())),
    };
    objects(db, catalog, mariadb, &database).await?;
    let foreign = foreign_keys(db).await?;
    indexes(db, catalog, mariadb, &foreign).await?;
    for ((table, name), key) in &foreign {
        catalog.add(ObjectKind::ForeignKey, table, name, &key.definition);
    }
    Ok(())
}

async fn objects<C: ConnectionTrait>(
    db: &C,
    catalog: &mut Catalog,
    mariadb: bool,
    database: &str,
) -> Result<(), DbErr> {
    let checks = if mariadb { CHECKS_OF_MARIADB } else { CHECKS_OF_MYSQL };
    let parts: Vec<(ObjectKind, &str)> = PARTS.iter().copied().chain([(ObjectKind::Check, checks)]).collect();
    // Some of MySQL's columns are blobs.
    let casts: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(part, (_, sql))| {
            // The columns of a union are named by its first SELECT.
            let named = format!("SELECT '' AS t, '' AS n, '' AS d FROM DUAL WHERE FALSE UNION ALL {sql}");
            let casts = "CAST(t AS CHAR), CAST(n AS CHAR), COALESCE(CAST(d AS CHAR), '')";
            format!("SELECT '{part}', {casts} FROM ({named}) AS p{part}")
        })
        .collect();
    for row in strings(db, &casts.join(" UNION ALL ")).await? {
        let [part, table, name, definition] = row.as_slice() else { continue };
        let Some((kind, _)) = part.parse().ok().and_then(|part: usize| parts.get(part)) else { continue };
        if *kind == ObjectKind::View && definition.is_empty() {
            return Err(DbErr::Custom(format!("the user may not read the view {table}: it takes SHOW VIEW")));
        }
        catalog.add(*kind, table, name, &definition.replace(&format!("`{database}`."), ""));
    }
    Ok(())
}

struct ForeignKey {
    columns: Vec<String>,
    definition: String,
}

async fn foreign_keys<C: ConnectionTrait>(db: &C) -> Result<BTreeMap<Key, ForeignKey>, DbErr> {
    let mut rules: BTreeMap<Key, String> = BTreeMap::new();
    for row in strings(db, RULES).await? {
        if let [table, name, update, delete] = row.as_slice() {
            rules.insert((table.clone(), name.clone()), actions(update, delete, ANYWAY));
        }
    }
    let mut found: BTreeMap<Key, (Vec<String>, Vec<String>, String)> = BTreeMap::new();
    for row in strings(db, FOREIGN_KEYS).await? {
        if let [table, name, column, referenced, to, elsewhere] = row.as_slice() {
            let target =
                if elsewhere.is_empty() { referenced.clone() } else { format!("{elsewhere}.{referenced}") };
            let key = found.entry((table.clone(), name.clone())).or_insert_with(|| (vec![], vec![], target));
            key.0.push(column.clone());
            key.1.push(to.clone());
        }
    }
    let hidden: BTreeSet<String> =
        found.keys().filter(|key| !rules.contains_key(key)).map(|(table, _)| table.clone()).collect();
    for table in hidden {
        rules.append(&mut written_rules(db, &table).await?);
    }
    let keys = found.into_iter().map(|(key, (columns, to, target))| {
        let actions = rules.get(&key).cloned().unwrap_or_default();
        let definition = format!("({}) references {target} ({}){actions}", columns.join(", "), to.join(", "));
        (key, ForeignKey { columns, definition })
    });
    Ok(keys.collect())
}

/// The rules of a table's foreign keys from its text: MariaDB hides them from a user who may only SELECT.
async fn written_rules<C: ConnectionTrait>(db: &C, table: &str) -> Result<BTreeMap<Key, String>, DbErr> {
    let sql = format!("SHOW CREATE TABLE `{}`", table.replace('`', "``"));
    let Some(row) = db.query_one_raw(Statement::from_string(DbBackend::MySql, sql)).await? else {
        return Ok(BTreeMap::new());
    };
    let text: String = row.try_get_by_index(1)?;
    let rules = text.lines().filter_map(|line| {
        let (name, rest) = line.trim().strip_prefix("CONSTRAINT `")?.split_once("` FOREIGN KEY ")?;
        let action = |on: &str| {
            let rest = rest.split_once(on).map_or("", |(_, rest)| rest);
            ["CASCADE", "SET NULL", "SET DEFAULT"]
                .into_iter()
                .find(|a| rest.starts_with(a))
                .unwrap_or("RESTRICT")
        };
        Some((
            (table.to_owned(), name.replace("``", "`")),
            actions(action(" ON UPDATE "), action(" ON DELETE "), ANYWAY),
        ))
    });
    Ok(rules.collect())
}

struct Index {
    unique: bool,
    terms: Vec<String>,
    kind: String,
    comment: String,
}

async fn indexes<C: ConnectionTrait>(
    db: &C,
    catalog: &mut Catalog,
    mariadb: bool,
    foreign: &BTreeMap<Key, ForeignKey>,
) -> Result<(), DbErr> {
    let sql = INDEXES.replace("{expression}", if mariadb { "''" } else { "EXPRESSION" });
    let mut found: BTreeMap<Key, Index> = BTreeMap::new();
    for row in strings(db, &sql).await? {
        let [table, name, plain, column, part, order, kind, comment] = row.as_slice() else { continue };
        let index = found.entry((table.clone(), name.clone())).or_insert_with(|| Index {
            unique: plain == "0",
            terms: Vec::new(),
            kind: kind.clone(),
            comment: comment.clone(),
        });
        let part = if part.is_empty() { String::new() } else { format!("({part})") };
        index.terms.push(format!("{column}{part}{}", if order == "D" { " desc" } else { "" }));
    }
    for ((table, name), index) in &found {
        let Index { unique, terms, kind, comment } = index;
        if name == "PRIMARY" {
            catalog.add(ObjectKind::PrimaryKey, table, "", &format!("({})", terms.join(", ")));
        } else if !made_for_a_foreign_key(table, name, index, foreign) {
            let unique = if *unique { "unique " } else { "" };
            let kind = if kind == "BTREE" { String::new() } else { format!("{} ", kind.to_lowercase()) };
            let comment = if comment.is_empty() { String::new() } else { format!(" comment '{comment}'") };
            catalog.add(
                ObjectKind::Index,
                table,
                name,
                &format!("{unique}{kind}({}){comment}", terms.join(", ")),
            );
        }
    }
    Ok(())
}

/// Whether an index is, or could be, the one that MariaDB makes for a foreign key that has none. It belongs to the key:
/// MariaDB drops it by itself when another index can replace it, and refuses to drop it before.
fn made_for_a_foreign_key(
    table: &str,
    name: &str,
    index: &Index,
    foreign: &BTreeMap<Key, ForeignKey>,
) -> bool {
    !index.unique
        && foreign.iter().any(|((of, key), foreign)| {
            of == table && foreign.columns == index.terms && (key == name || foreign.columns[0] == name)
        })
}

async fn strings<C: ConnectionTrait>(db: &C, sql: &str) -> Result<Vec<Vec<String>>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::MySql, sql)).await?;
    let strings = |row: QueryResult| {
        (0..row.column_names().len()).map(|column| row.try_get_by_index(column)).collect::<Result<_, _>>()
    };
    rows.into_iter().map(strings).collect()
}
