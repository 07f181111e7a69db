//! The Rust expressions for tables, columns, indexes and keys.

use std::fmt::Write as _;

use crate::snapshot::{Action, Column, ForeignKey, Index, Kind, Part, PrimaryKey, Snapshot, Table};

/// A text as a Rust literal.
pub(super) fn text(text: &str) -> String {
    if text.contains(['"', '\\']) && !text.contains("\"#") {
        return format!("r#\"{text}\"#");
    }
    format!("{text:?}")
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
pub(super) fn column(schema: &Snapshot, column: &Column) -> String {
    let mut code = bare_column(schema, column);
    if let Some(default) = &column.default {
        let _ = write!(code, ".default({})", value(&column.kind, default));
    }
    if column.auto_increment {
        code += ".auto_increment()";
    }
    if let Some(generated) = &column.generated {
        let _ = write!(code, ".generated(dialect::sql(manager, {}), true)", text(generated));
    }
    code
}

/// A column without its default.
fn bare_column(schema: &Snapshot, column: &Column) -> String {
    let name = text(&column.name);
    let null = if column.nullable { "_null" } else { "" };
    let plain = |function: &str| format!("{function}{null}({name})");
    match &column.kind {
        Kind::Char(None) => plain("char"),
        Kind::Char(Some(length)) => format!("char_len{null}({name}, {length})"),
        Kind::String(None) => plain("string"),
        Kind::String(Some(length)) => format!("string_len{null}({name}, {length})"),
        Kind::Text => plain("text"),
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
        Kind::Moment => format!("dialect::moment{null}(manager, {name})"),
        Kind::Blob => plain("blob"),
        Kind::Json => plain("json"),
        Kind::JsonBinary => plain("json_binary"),
        Kind::Uuid => plain("uuid"),
        Kind::Enum(of) => {
            let values: Vec<String> =
                schema.enums.get(of).into_iter().flatten().map(|value| text(value)).collect();
            format!("enumeration{null}({name}, {}, [{}])", text(of), values.join(", "))
        }
        Kind::Other(kind) => format!("custom{null}({name}, {})", text(kind)),
    }
}

/// The value of a default, or of a back-fill that is no text.
pub(super) fn value(kind: &Kind, sql: &str) -> String {
    match (kind, literal(sql)) {
        (_, Some(literal)) => text(&literal),
        (Kind::Moment, _) if sql == "current_timestamp" => "dialect::now(manager)".to_owned(),
        _ if sql == "current_timestamp" => "Expr::current_timestamp()".to_owned(),
        _ if sql == "current_date" => "Expr::current_date()".to_owned(),
        _ if is_literal(sql) => number(sql),
        _ => format!("dialect::sql(manager, {})", text(sql)),
    }
}

/// The text in a literal such as `'it''s'` or `'new'::text`, if it is one.
pub(super) fn literal(sql: &str) -> Option<String> {
    let literal = sql.split_once("'::").map_or_else(|| sql.to_owned(), |(text, _)| format!("{text}'"));
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "\0");
    (!inner.contains('\'')).then(|| inner.replace('\0', "'"))
}

/// A number or a boolean. An integer beyond `i32` gets its type.
fn number(sql: &str) -> String {
    match sql.parse::<i64>() {
        Ok(number) if i32::try_from(number).is_err() => format!("{}i64", spaced(sql)),
        Err(_) if !is_float(sql) => format!("dialect::sql(manager, {})", text(sql)),
        _ => spaced(sql),
    }
}

/// Whether a number with a fraction, or a boolean, is the same as a literal of Rust: an `f64` keeps 15 digits, and Clippy
/// rejects numbers such as 3.14, which it takes for an imprecise π.
fn is_float(sql: &str) -> bool {
    use std::f64::consts::{
        E, FRAC_1_PI, FRAC_1_SQRT_2, FRAC_2_PI, FRAC_2_SQRT_PI, FRAC_PI_2, FRAC_PI_3, FRAC_PI_4, FRAC_PI_6,
        FRAC_PI_8, LN_2, LN_10, LOG2_10, LOG2_E, LOG10_2, LOG10_E, PI, SQRT_2, TAU,
    };
    let constants = [
        E,
        FRAC_1_PI,
        FRAC_1_SQRT_2,
        FRAC_2_PI,
        FRAC_2_SQRT_PI,
        FRAC_PI_2,
        FRAC_PI_3,
        FRAC_PI_4,
        FRAC_PI_6,
        FRAC_PI_8,
        LN_2,
        LN_10,
        LOG2_10,
        LOG2_E,
        LOG10_2,
        LOG10_E,
        PI,
        SQRT_2,
        TAU,
    ];
    let digits = sql.trim_start_matches(['-', '+']);
    let looks_like = |constant: &f64| {
        let places = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let (rounded, cut) = (format!("{constant:.places$}"), constant.to_string());
        digits.len() > 2 && (rounded == digits || cut.starts_with(digits))
    };
    digits.bytes().filter(u8::is_ascii_digit).count() <= 15 && !constants.iter().any(looks_like)
}

/// A number with an underscore after each three digits, where it is long.
fn spaced(number: &str) -> String {
    let (sign, digits) = number.split_at(usize::from(number.starts_with(['-', '+'])));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let parts = [whole, fraction];
    let is_plain = parts.iter().all(|part| part.bytes().all(|digit| digit.is_ascii_digit()));
    if !is_plain || parts.iter().all(|part| part.len() < 6) {
        return number.to_owned();
    }
    let point = if digits.contains('.') { "." } else { "" };
    let mut spaced = format!("{sign}{}{point}", in_threes(whole, whole.len() % 3));
    spaced += &in_threes(fraction, 0);
    spaced
}

/// Digits in groups of three, the first of which has `first` digits unless that is none.
fn in_threes(digits: &str, first: usize) -> String {
    let (head, rest) = digits.split_at(first);
    let mut groups = vec![head];
    let mut rest = rest;
    while !rest.is_empty() {
        let (group, others) = rest.split_at(rest.len().min(3));
        groups.push(group);
        rest = others;
    }
    groups.retain(|group| !group.is_empty());
    groups.join("_")
}

/// Whether a default is a plain value, which SQLite takes in a column that is added.
pub(super) fn is_literal(sql: &str) -> bool {
    let text = sql.starts_with('\'') && sql.ends_with('\'');
    text || sql.contains("'::") || sql == "true" || sql == "false" || sql.parse::<f64>().is_ok()
}

/// The value for existing rows in a column that becomes NOT NULL, if no other is given.
pub(super) fn neutral(schema: &Snapshot, kind: &Kind) -> String {
    match kind {
        Kind::SmallInteger | Kind::Integer | Kind::BigInteger | Kind::Decimal(_) => "0".to_owned(),
        Kind::Float | Kind::Double => "0.0".to_owned(),
        Kind::Boolean => "false".to_owned(),
        Kind::Moment | Kind::DateTime => "current_timestamp".to_owned(),
        Kind::Date => "current_date".to_owned(),
        Kind::Time => "'00:00:00'".to_owned(),
        Kind::Json | Kind::JsonBinary => "'{}'".to_owned(),
        Kind::Enum(of) => {
            let first = schema.enums.get(of).and_then(|values| values.first());
            format!("'{}'", first.map(|first| first.replace('\'', "''")).unwrap_or_default())
        }
        Kind::Uuid => "'00000000-0000-0000-0000-000000000000'".to_owned(),
        Kind::Char(_) | Kind::String(_) | Kind::Text | Kind::Blob | Kind::Other(_) => "''".to_owned(),
    }
}

/// A table, without the indexes that are created after it.
pub(super) fn table(schema: &Snapshot, table: &Table) -> String {
    let mut code = format!("dialect::table(manager, {})", text(&table.name));
    let key = table.primary_key.as_ref();
    let inline = key.filter(|key| key.columns.len() == 1 && key.name.is_none());
    for each in &table.columns {
        let key = if inline.is_some_and(|key| key.columns[0] == each.name) { ".primary_key()" } else { "" };
        let _ = write!(code, ".col({}{key})", column(schema, each));
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
        let condition = format!("dialect::sql(manager, {})", text(&check.condition));
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
    let code = |part: &Part| match (part.expression, part.descending) {
        (true, _) => format!(".col(Expr::cust({}))", text(&part.key)),
        (false, true) => format!(".col(({}, IndexOrder::Desc))", text(&part.key)),
        (false, false) => format!(".col({})", text(&part.key)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_written_as_clippy_wants_them() {
        for (sql, code) in [
            ("12345", "12345"),
            ("123456", "123_456"),
            ("-1234567", "-1_234_567"),
            ("3000000000", "3_000_000_000i64"),
            ("1234.5678901", "1_234.567_890_1"),
            ("0.10", "0.10"),
            ("1e10", "1e10"),
            ("true", "true"),
            ("3.14", r#"dialect::sql(manager, "3.14")"#),
            ("-2.718", r#"dialect::sql(manager, "-2.718")"#),
            ("12.1234567890123456", r#"dialect::sql(manager, "12.1234567890123456")"#),
        ] {
            assert_eq!(number(sql), code);
        }
    }
}
