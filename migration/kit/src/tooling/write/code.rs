//! The Rust expressions for tables, columns, indexes and keys.

use std::fmt::Write as _;

use sea_orm_migration::sea_orm::DbBackend;

use super::{Draft, literal::value};
use crate::snapshot::{Action, Column, ForeignKey, Index, Kind, Part, PrimaryKey, Snapshot, Table, Width};

/// What the databases of a project need of its code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Whether PostgreSQL is among them.
    pub postgres: bool,
    /// Whether MariaDB is among them.
    pub mariadb: bool,
    /// Whether the tables of the project compare text as `dialect::table` makes them.
    pub binary: bool,
}

impl Manner {
    pub fn of(draft: &Draft<'_>) -> Self {
        let binary = draft.table_options.iter().any(|option| option.to_lowercase().contains("utf8mb4_bin"));
        let has = |backend| draft.databases.contains(&backend);
        Self { postgres: has(DbBackend::Postgres), mariadb: has(DbBackend::MySql), binary }
    }

    /// An expression in SQL, in whose texts and names only MariaDB differs.
    pub fn sql(self, sql: &str) -> String {
        if self.mariadb {
            format!("dialect::sql(manager, {})", text(sql))
        } else {
            format!("Expr::cust({})", text(sql))
        }
    }
}

/// A text as a Rust literal.
pub(super) fn text(text: &str) -> String {
    if !text.contains(['"', '\\', '\n']) || text.contains('\r') {
        return format!("{text:?}");
    }
    let mut hashes = String::new();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

/// Texts as a Rust slice.
pub(super) fn texts<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|each| text(each)).collect();
    format!("&[{}]", texts.join(", "))
}

/// The columns of an index as a Rust slice.
pub(super) fn columns(index: &Index) -> String {
    let columns: Vec<String> = index.columns().map(text).collect();
    format!("&[{}]", columns.join(", "))
}

/// A line, escaped for a comment.
pub(super) fn for_a_comment(line: &str) -> String {
    line.replace('_', "\\_").replace('*', "\\*").replace('<', "\\<").replace('[', "\\[")
}

/// A column, with its default.
pub(super) fn column(manner: Manner, schema: &Snapshot, column: &Column) -> String {
    let mut code = bare_column(manner, schema, column);
    if let Some(default) = &column.default {
        let _ = write!(code, ".default({})", value(manner, &column.kind, default));
    }
    if column.auto_increment {
        code += ".auto_increment()";
    }
    if let Some(generated) = &column.generated {
        let _ = write!(code, ".generated({}, {})", manner.sql(&generated.expression), generated.stored);
    }
    if let Some(comment) = column.comment.as_ref().filter(|_| manner.mariadb) {
        let _ = write!(code, ".comment({})", text(comment));
    }
    code
}

/// A column without its default.
fn bare_column(manner: Manner, schema: &Snapshot, column: &Column) -> String {
    let name = text(&column.name);
    let null = if column.nullable { "_null" } else { "" };
    let plain = |function: &str| format!("{function}{null}({name})");
    match &column.kind {
        Kind::Char(None) => plain("char"),
        Kind::Char(Some(length)) => format!("char_len{null}({name}, {length})"),
        Kind::String(None) => plain("string"),
        Kind::String(Some(length)) => format!("string_len{null}({name}, {length})"),
        Kind::Text => plain("text"),
        Kind::TinyInteger => plain("tiny_integer"),
        Kind::Unsigned(Width::Tiny) => plain("tiny_unsigned"),
        Kind::Unsigned(Width::Small) => plain("small_unsigned"),
        Kind::Unsigned(Width::Normal) => plain("unsigned"),
        Kind::Unsigned(Width::Big) => plain("big_unsigned"),
        Kind::SmallInteger => plain("small_integer"),
        Kind::Integer => plain("integer"),
        Kind::BigInteger => plain("big_integer"),
        Kind::Float => plain("float"),
        Kind::Double => plain("double"),
        Kind::Decimal(None) => plain("decimal"),
        Kind::Decimal(Some((precision, scale))) => format!("decimal_len{null}({name}, {precision}, {scale})"),
        Kind::Boolean => plain("boolean"),
        Kind::Date => plain("date"),
        Kind::Time => plain("time"),
        Kind::DateTime => plain("date_time"),
        Kind::Moment if manner.mariadb => format!("dialect::moment{null}(manager, {name})"),
        Kind::Moment => plain("timestamp_with_time_zone"),
        Kind::Blob => plain("blob"),
        Kind::Json => plain("json"),
        Kind::JsonBinary => plain("json_binary"),
        Kind::Uuid => plain("uuid"),
        Kind::Enum(of) => {
            let values: Vec<String> =
                schema.enums.get(of).into_iter().flatten().map(|value| text(value)).collect();
            format!("enumeration{null}({name}, {}, [{}])", text(of), values.join(", "))
        }
        Kind::Values(values) => {
            let values: Vec<String> = values.iter().map(|value| text(value)).collect();
            format!("enumeration{null}({name}, {name}, [{}])", values.join(", "))
        }
        Kind::Other(kind) => format!("custom{null}({name}, {})", text(kind)),
    }
}

/// A table, without the indexes that are created after it.
pub(super) fn table(manner: Manner, schema: &Snapshot, table: &Table) -> String {
    let mut code = if manner.mariadb && manner.binary {
        format!("dialect::table(manager, {})", text(&table.name))
    } else {
        format!("Table::create().table({})", text(&table.name))
    };
    if let Some(comment) = table.comment.as_ref().filter(|_| manner.mariadb) {
        let _ = write!(code, ".comment({})", text(comment));
    }
    let key = table.primary_key.as_ref();
    let inline = key.filter(|key| key.columns.len() == 1 && key.name.is_none());
    for each in &table.columns {
        let key = if inline.is_some_and(|key| key.columns[0] == each.name) { ".primary_key()" } else { "" };
        let _ = write!(code, ".col({}{key})", column(manner, schema, each));
    }
    if let Some(key) = key.filter(|_| inline.is_none()) {
        let _ = write!(code, ".primary_key({})", primary_key(key));
    }
    for unique in table.indexes.iter().filter(|index| index.constraint) {
        let name = text(&unique.name_on(&table.name));
        let _ = write!(code, ".index(Index::create().unique().name({name}){})", parts(&unique.parts));
    }
    for each in &table.foreign_keys {
        let _ = write!(code, ".foreign_key({})", foreign_key(&table.name, each));
    }
    for check in &table.checks {
        let condition = manner.sql(&check.condition);
        let _ = match &check.name {
            Some(name) => write!(code, ".check(({}, {condition}))", text(name)),
            None => write!(code, ".check({condition})"),
        };
    }
    code + ".take()"
}

fn primary_key(key: &PrimaryKey) -> String {
    let name = key.name.as_ref().map(|name| format!(".name({})", text(name))).unwrap_or_default();
    let columns: Vec<String> = key.columns.iter().map(|column| format!(".col({})", text(column))).collect();
    format!("Index::create(){name}{}", columns.concat())
}

fn parts(parts: &[Part]) -> String {
    let code = |part: &Part| match (part.expression, part.descending, part.length) {
        (true, _, _) => format!(".col(Expr::cust({}))", text(&part.key)),
        (false, true, Some(length)) => format!(".col(({}, {length}u32, IndexOrder::Desc))", text(&part.key)),
        (false, false, Some(length)) => format!(".col(({}, {length}u32))", text(&part.key)),
        (false, true, None) => format!(".col(({}, IndexOrder::Desc))", text(&part.key)),
        (false, false, None) => format!(".col({})", text(&part.key)),
    };
    parts.iter().map(code).collect()
}

/// An index that is created after its table.
pub(super) fn index(table: &str, index: &Index) -> String {
    let unique = if index.unique && index.predicate.is_none() { ".unique()" } else { "" };
    let method = match index.method.as_deref() {
        None => String::new(),
        Some("hash") => ".index_type(IndexType::Hash)".to_owned(),
        Some("gin") => ".full_text()".to_owned(),
        Some(other) => format!(".index_type(IndexType::Custom({}.into_iden()))", text(other)),
    };
    let (name, of) = (text(&index.name_on(table)), text(table));
    format!("Index::create().name({name}).table({of}){}{unique}{method}.take()", parts(&index.parts))
}

/// A foreign key, in a table or on its own.
pub(super) fn foreign_key(table: &str, key: &ForeignKey) -> String {
    let each = |function: &str, columns: &[String]| -> String {
        let calls: Vec<String> =
            columns.iter().map(|column| format!(".{function}({})", text(column))).collect();
        calls.concat()
    };
    let action = |function: &str, action: Action| match action {
        Action::NoAction => String::new(),
        Action::Restrict => format!(".{function}(ForeignKeyAction::Restrict)"),
        Action::Cascade => format!(".{function}(ForeignKeyAction::Cascade)"),
        Action::SetNull => format!(".{function}(ForeignKeyAction::SetNull)"),
        Action::SetDefault => format!(".{function}(ForeignKeyAction::SetDefault)"),
    };
    format!(
        "ForeignKey::create().name({}).from_tbl({}){}.to_tbl({}){}{}{}",
        text(&key.name_on(table)),
        text(table),
        each("from_col", &key.columns),
        text(&key.table),
        each("to_col", &key.referred),
        action("on_delete", key.on_delete),
        action("on_update", key.on_update),
    )
}
