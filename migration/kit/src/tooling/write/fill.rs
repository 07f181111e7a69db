//! Values for existing rows in a column that becomes NOT NULL.

use chrono::DateTime;
use sea_orm_migration::sea_orm::prelude::Uuid;

use super::{
    code::{self, Manner},
    literal,
};
use crate::{
    snapshot::{Column, Kind, Snapshot},
    tooling::diff::TableChange,
};

/// The column that a step fills in existing rows.
pub(in crate::tooling) fn filled(step: &TableChange) -> Option<&Column> {
    match step {
        TableChange::AddColumn(column) if is_filled(column) => Some(column),
        TableChange::ChangeColumn { from, to } if from.nullable && !to.nullable => Some(to),
        _ => None,
    }
}

/// Whether every database can add the column to a table with rows in one step.
pub(super) fn is_simple(column: &Column) -> bool {
    let default = match &column.default {
        Some(default) => literal::is_literal(default),
        None => column.nullable,
    };
    default && column.generated.is_none() && !column.auto_increment
}

/// Whether existing rows get the value of the column by an UPDATE, before it becomes NOT NULL.
pub(super) fn is_filled(column: &Column) -> bool {
    !column.nullable && column.generated.is_none() && !is_simple(column)
}

/// The column as it can be added to a table with rows.
pub(super) fn bare(column: &Column) -> Column {
    Column { nullable: true, default: None, ..column.clone() }
}

/// The reason why a column of this kind cannot hold the value, if there is one.
pub(in crate::tooling) fn misfit(kind: &Kind, sql: &str) -> Option<String> {
    let text = literal::literal(sql)?;
    match kind {
        Kind::Uuid if Uuid::parse_str(&text).is_err() => Some(format!("{text:?} is no UUID")),
        Kind::Moment if moment(&text).is_none() => {
            Some(format!("{text:?} is no moment such as '2026-01-31T12:00:00Z'"))
        }
        _ => None,
    }
}

/// The value for existing rows in a column that becomes NOT NULL, if no other is given; none for a kind that is not
/// known here.
pub(in crate::tooling) fn neutral(schema: &Snapshot, kind: &Kind) -> Option<String> {
    let quoted = |value: Option<&String>| {
        format!("'{}'", value.map(|value| value.replace('\'', "''")).unwrap_or_default())
    };
    Some(match kind {
        kind if kind.is_integer() => "0".to_owned(),
        Kind::Decimal(_) => "0".to_owned(),
        Kind::Float | Kind::Double => "0.0".to_owned(),
        Kind::Boolean => "false".to_owned(),
        Kind::Moment | Kind::DateTime => "current_timestamp".to_owned(),
        Kind::Date => "current_date".to_owned(),
        Kind::Time => "'00:00:00'".to_owned(),
        Kind::Json | Kind::JsonBinary => "'{}'".to_owned(),
        Kind::Enum(of) => quoted(schema.enums.get(of).and_then(|values| values.first())),
        Kind::Values(values) => quoted(values.first()),
        Kind::Uuid => "'00000000-0000-0000-0000-000000000000'".to_owned(),
        Kind::Other(kind) => return neutral_in_words(kind),
        _ => "''".to_owned(),
    })
}

/// The same for a kind in the words of its database.
fn neutral_in_words(kind: &str) -> Option<String> {
    let word = kind.split(['(', ' ']).next().unwrap_or_default();
    Some(match word {
        array if array.ends_with("[]") => "'{}'".to_owned(),
        "datetime" | "timestamp" => "current_timestamp".to_owned(),
        "interval" => "'0'".to_owned(),
        "int" | "mediumint" | "year" | "numeric" | "decimal" | "money" | "real" => "0".to_owned(),
        "citext" | "bytea" | "binary" | "varbinary" | "tsvector" => "''".to_owned(),
        text if text.ends_with("text") || text.ends_with("blob") || text.ends_with("char") => "''".to_owned(),
        _ => return None,
    })
}

/// The value as Rust. Only text is bound as text: PostgreSQL does not convert a bound text.
pub(super) fn value(manner: Manner, kind: &Kind, sql: &str) -> String {
    if *kind == Kind::Uuid
        && let Ok(uuid) = Uuid::parse_str(literal::literal(sql).as_deref().unwrap_or(sql))
    {
        return bound(uuid);
    }
    let Some(text) = literal::literal(sql) else { return literal::value(manner, kind, sql) };
    match (kind, moment(&text)) {
        (Kind::Char(_) | Kind::String(_) | Kind::Text, _) => code::text(&text),
        (Kind::Moment, Some(moment)) => format!("dialect::at(manager, {})", code::text(&moment)),
        _ => {
            let sql = format!("'{}'", text.replace('\'', "''"));
            manner.sql(&sql)
        }
    }
}

/// Bound as bytes where the database stores it so.
fn bound(uuid: Uuid) -> String {
    if uuid.is_nil() {
        return "sea_orm_migration::sea_orm::prelude::Uuid::nil()".to_owned();
    }
    let hex = uuid.simple().to_string();
    let groups: Vec<&str> = (0..8).map(|group| &hex[group * 4..group * 4 + 4]).collect();
    format!("sea_orm_migration::sea_orm::prelude::Uuid::from_u128(0x{})", groups.join("_"))
}

/// The moment in a text with its zone, in the format of `dialect::at`.
fn moment(text: &str) -> Option<String> {
    let moment =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%F %T%.f%#z")).ok()?;
    Some(moment.naive_utc().format("%FT%T%.f").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYWHERE: Manner = Manner { postgres: true, mariadb: true, binary: true };

    #[test]
    fn a_value_is_bound_only_as_what_its_column_holds() {
        let colour = Kind::Enum("colour".to_owned());
        for (kind, sql, code) in [
            (&Kind::Text, "'it''s'", "\"it's\""),
            (
                &Kind::Uuid,
                "'00000000-0000-0000-0000-000000000000'",
                "sea_orm_migration::sea_orm::prelude::Uuid::nil()",
            ),
            (
                &Kind::Uuid,
                "'0190A000-0000-7000-8000-00000000000f'::uuid",
                "sea_orm_migration::sea_orm::prelude::Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_000f)",
            ),
            (&Kind::Uuid, "gen_random_uuid()", r#"dialect::sql(manager, "gen_random_uuid()")"#),
            (&colour, "'it''s'", r#"dialect::sql(manager, "'it''s'")"#),
            (&Kind::Time, "'00:00:00'", r#"dialect::sql(manager, "'00:00:00'")"#),
            (&Kind::Integer, "7", "7"),
            (&Kind::Moment, "current_timestamp", "dialect::now(manager)"),
            (
                &Kind::Moment,
                "'2026-01-31 12:00:00.5+02'",
                r#"dialect::at(manager, "2026-01-31T10:00:00.500")"#,
            ),
        ] {
            assert_eq!(value(EVERYWHERE, kind, sql), code, "{kind}");
            assert_eq!(misfit(kind, sql), None);
        }
        assert!(misfit(&Kind::Uuid, "'nobody'").is_some_and(|why| why == "\"nobody\" is no UUID"));
        assert!(misfit(&Kind::Moment, "'yesterday'").is_some());
    }
}
