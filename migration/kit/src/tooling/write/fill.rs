//! Values for existing rows in a column that becomes NOT NULL.

use chrono::DateTime;
use sea_orm_migration::sea_orm::prelude::Uuid;

use super::code;
use crate::{
    snapshot::{Column, Kind},
    tooling::diff::TableChange,
};

/// The column that a step fills in existing rows.
pub(in crate::tooling) fn filled(step: &TableChange) -> Option<&Column> {
    match step {
        TableChange::AddColumn(column) if !column.nullable && !is_simple(column) => Some(column),
        TableChange::ChangeColumn { from, to } if from.nullable && !to.nullable => Some(to),
        _ => None,
    }
}

/// Whether every database can add the column to a table with rows in one step.
pub(super) fn is_simple(column: &Column) -> bool {
    let default = match &column.default {
        Some(default) => code::is_literal(default),
        None => column.nullable,
    };
    default && column.generated.is_none() && !column.auto_increment
}

/// The column as it can be added to a table with rows.
pub(super) fn bare(column: &Column) -> Column {
    Column { nullable: true, default: None, ..column.clone() }
}

/// The reason why a column of this kind cannot hold the value, if there is one.
pub(in crate::tooling) fn misfit(kind: &Kind, sql: &str) -> Option<String> {
    let text = code::literal(sql)?;
    match kind {
        Kind::Uuid if Uuid::parse_str(&text).is_err() => Some(format!("{text:?} is no UUID")),
        Kind::Moment if moment(&text).is_none() => {
            Some(format!("{text:?} is no moment such as '2026-01-31T12:00:00Z'"))
        }
        _ => None,
    }
}

/// The value as Rust. Only text is bound as text: PostgreSQL does not convert a bound text.
pub(super) fn value(kind: &Kind, sql: &str) -> String {
    if *kind == Kind::Uuid
        && let Ok(uuid) = Uuid::parse_str(code::literal(sql).as_deref().unwrap_or(sql))
    {
        return bound(uuid);
    }
    let Some(literal) = code::literal(sql) else { return code::value(kind, sql) };
    match (kind, moment(&literal)) {
        (Kind::Char(_) | Kind::String(_) | Kind::Text, _) => code::text(&literal),
        (Kind::Moment, Some(moment)) => format!("dialect::at(manager, {})", code::text(&moment)),
        _ => {
            let sql = format!("'{}'", literal.replace('\'', "''"));
            format!("dialect::sql(manager, {})", code::text(&sql))
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
            assert_eq!(value(kind, sql), code, "{kind}");
            assert_eq!(misfit(kind, sql), None);
        }
        assert!(misfit(&Kind::Uuid, "'nobody'").is_some_and(|why| why == "\"nobody\" is no UUID"));
        assert!(misfit(&Kind::Moment, "'yesterday'").is_some());
    }
}
