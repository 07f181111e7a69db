//! Parts of a schema in words, and kinds in the SQL of each database.

use std::fmt;

use sea_orm_migration::sea_orm::DbBackend;

use super::{Action, Column, ForeignKey, Index, Kind, Part, Width};

impl Kind {
    /// The type in the SQL of a database. It is read back as this kind where the database has it.
    #[must_use]
    pub fn sql(&self, backend: DbBackend) -> String {
        match backend {
            DbBackend::MySql => self.mariadb(),
            DbBackend::Sqlite => self.sqlite(),
            _ => self.postgres(),
        }
    }

    fn postgres(&self) -> String {
        match self {
            Self::TinyInteger | Self::Unsigned(Width::Tiny) => "smallint".to_owned(),
            Self::Unsigned(Width::Small) => "integer".to_owned(),
            Self::Unsigned(Width::Normal | Width::Big) => "bigint".to_owned(),
            Self::Enum(name) => format!("\"{}\"", name.replace('.', "\".\"")),
            Self::Values(_) => "text".to_owned(),
            other => other.to_string(),
        }
    }

    fn mariadb(&self) -> String {
        match self {
            Self::String(None) => "varchar(255)".to_owned(),
            Self::Integer => "int".to_owned(),
            Self::Unsigned(Width::Normal) => "int unsigned".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Double => "double".to_owned(),
            Self::Boolean => "tinyint(1)".to_owned(),
            Self::DateTime => "datetime".to_owned(),
            Self::Moment => "timestamp".to_owned(),
            Self::Blob => "blob".to_owned(),
            Self::JsonBinary => "json".to_owned(),
            Self::Values(values) => {
                let quoted =
                    |value: &String| format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"));
                format!("enum({})", values.iter().map(quoted).collect::<Vec<_>>().join(", "))
            }
            other => other.to_string(),
        }
    }

    fn sqlite(&self) -> String {
        match self {
            Self::Unsigned(_) => "integer".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Double => "double".to_owned(),
            Self::Decimal(None) => "real_decimal".to_owned(),
            Self::Decimal(Some((precision, scale))) => format!("real({precision}, {scale})"),
            Self::Date => "date_text".to_owned(),
            Self::Time => "time_text".to_owned(),
            Self::DateTime => "datetime_text".to_owned(),
            Self::Moment => "timestamp_with_timezone_text".to_owned(),
            Self::Blob => "blob".to_owned(),
            Self::Json => "json_text".to_owned(),
            Self::JsonBinary => "jsonb_text".to_owned(),
            Self::Uuid => "uuid_text".to_owned(),
            Self::Enum(_) | Self::Values(_) => "enum_text".to_owned(),
            other => other.to_string(),
        }
    }
}

/// In the words of PostgreSQL, where it has the kind.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(None) => f.write_str("char"),
            Self::Char(Some(length)) => write!(f, "char({length})"),
            Self::String(None) => f.write_str("varchar"),
            Self::String(Some(length)) => write!(f, "varchar({length})"),
            Self::Text => f.write_str("text"),
            Self::TinyInteger => f.write_str("tinyint"),
            Self::SmallInteger => f.write_str("smallint"),
            Self::Integer => f.write_str("integer"),
            Self::BigInteger => f.write_str("bigint"),
            Self::Unsigned(Width::Tiny) => f.write_str("tinyint unsigned"),
            Self::Unsigned(Width::Small) => f.write_str("smallint unsigned"),
            Self::Unsigned(Width::Normal) => f.write_str("integer unsigned"),
            Self::Unsigned(Width::Big) => f.write_str("bigint unsigned"),
            Self::Float => f.write_str("real"),
            Self::Double => f.write_str("double precision"),
            Self::Decimal(None) => f.write_str("decimal"),
            Self::Decimal(Some((precision, scale))) => write!(f, "decimal({precision}, {scale})"),
            Self::Boolean => f.write_str("boolean"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::DateTime => f.write_str("timestamp"),
            Self::Moment => f.write_str("timestamp with time zone"),
            Self::Blob => f.write_str("bytea"),
            Self::Json => f.write_str("json"),
            Self::JsonBinary => f.write_str("jsonb"),
            Self::Uuid => f.write_str("uuid"),
            Self::Values(values) => write!(f, "enum({})", values.join(", ")),
            Self::Enum(name) | Self::Other(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAction => "no action",
            Self::Restrict => "restrict",
            Self::Cascade => "cascade",
            Self::SetNull => "set null",
            Self::SetDefault => "set default",
        })
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        let clauses = [("character set", &self.character_set), ("collate", &self.collation)];
        for (clause, value) in clauses.iter().filter_map(|(clause, value)| Some((clause, value.as_ref()?))) {
            write!(f, " {clause} {value}")?;
        }
        if !self.nullable {
            f.write_str(" not null")?;
        }
        let clauses = [("default", &self.default), ("on update", &self.on_update)];
        for (clause, value) in clauses.iter().filter_map(|(clause, value)| Some((clause, value.as_ref()?))) {
            write!(f, " {clause} {value}")?;
        }
        if let Some(generated) = &self.generated {
            let when = if generated.stored { "stored" } else { "virtual" };
            write!(f, " generated always as ({}) {when}", generated.expression)?;
        }
        if self.auto_increment {
            f.write_str(" counted")?;
        }
        self.clauses.iter().try_for_each(|clause| write!(f, " {clause}"))?;
        match &self.comment {
            Some(comment) => write!(f, " comment {comment:?}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(length) = self.length {
            write!(f, "({length})")?;
        }
        let order = if self.descending { "desc" } else { "" };
        let clauses = [self.class.as_str(), order, &self.nulls];
        clauses.iter().filter(|clause| !clause.is_empty()).try_for_each(|clause| write!(f, " {clause}"))
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.parts.iter().map(ToString::to_string).collect();
        write!(f, "{}on {}", if self.unique { "unique " } else { "" }, keys.join(", "))?;
        if let Some(method) = &self.method {
            write!(f, " using {method}")?;
        }
        if !self.clauses.is_empty() {
            write!(f, " {}", self.clauses)?;
        }
        match &self.predicate {
            Some(predicate) => write!(f, " where {predicate}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (columns, referred) = (self.columns.join(", "), self.referred.join(", "));
        write!(
            f,
            "{columns} to {}.{referred}, on delete {}, on update {}",
            self.table, self.on_delete, self.on_update
        )?;
        if self.clauses.is_empty() { Ok(()) } else { write!(f, ", {}", self.clauses) }
    }
}
