//! Names, texts and values in the SQL of a database.

use sea_orm_migration::sea_orm::{DbBackend, prelude::Uuid};

use super::define::Define;
use crate::{
    snapshot::{Kind, Table},
    sql::hex,
    tooling::write::literal::{is_literal, literal},
};

impl Define {
    pub fn name(self, name: &str) -> String {
        match self.backend {
            DbBackend::MySql => format!("`{}`", name.replace('`', "``")),
            _ => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    pub fn names(self, names: &[String]) -> String {
        names.iter().map(|name| self.name(name)).collect::<Vec<_>>().join(", ")
    }

    /// The name of an enum, with its schema.
    pub fn qualified(self, name: &str) -> String {
        name.split('.').map(|part| self.name(part)).collect::<Vec<_>>().join(".")
    }

    pub fn table_name(self, table: &Table) -> String {
        let name = self.name(table.bare_name());
        match &table.schema {
            Some(schema) => format!("{}.{name}", self.name(schema)),
            None => name,
        }
    }

    pub fn text(self, text: &str) -> String {
        let text = text.replace('\'', "''");
        if self.backend == DbBackend::MySql {
            format!("'{}'", text.replace('\\', "\\\\"))
        } else {
            format!("'{text}'")
        }
    }

    pub fn comment(self, comment: Option<&String>) -> String {
        match (comment, self.backend) {
            (Some(comment), _) => self.text(comment),
            (None, DbBackend::MySql) => "''".to_owned(),
            (None, _) => "NULL".to_owned(),
        }
    }

    /// SQL with names in double quotes, which MariaDB reads as texts.
    pub fn expression(self, sql: &str) -> String {
        if self.backend == DbBackend::MySql { crate::sql::with_backticks(sql) } else { sql.to_owned() }
    }

    /// The SQL of a default. Databases take a literal or a clock as it is, and everything else in parentheses.
    pub fn default(self, sql: &str) -> String {
        let lower = sql.to_lowercase();
        let clock = ["current_timestamp", "current_date", "current_time", "null"];
        let is_clock = clock.contains(&lower.as_str())
            || (self.backend == DbBackend::MySql && lower.starts_with("current_timestamp("));
        let sql = self.expression(sql);
        if is_clock || is_literal(&sql) { sql } else { format!("({sql})") }
    }

    /// The SQL of a value for existing rows.
    pub fn value(self, kind: &Kind, sql: &str) -> String {
        let is_uuid = *kind == Kind::Uuid || matches!(kind, Kind::Other(other) if other == "binary(16)");
        let uuid = literal(sql).and_then(|text| Uuid::parse_str(&text).ok()).filter(|_| is_uuid);
        match (uuid, self.backend) {
            (Some(uuid), DbBackend::Sqlite | DbBackend::MySql) => format!("X'{}'", hex(uuid.as_bytes())),
            (_, DbBackend::Sqlite) if *kind == Kind::Moment && sql == "current_timestamp" => {
                "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')".to_owned()
            }
            _ => self.expression(sql),
        }
    }
}
