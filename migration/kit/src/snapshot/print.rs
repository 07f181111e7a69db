//! Parts of a schema in the words of PostgreSQL.

use std::fmt;

use super::{Action, Column, ForeignKey, Index, Kind};

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(None) => f.write_str("char"),
            Self::Char(Some(length)) => write!(f, "char({length})"),
            Self::String(None) => f.write_str("varchar"),
            Self::String(Some(length)) => write!(f, "varchar({length})"),
            Self::Text => f.write_str("text"),
            Self::SmallInteger => f.write_str("smallint"),
            Self::Integer => f.write_str("integer"),
            Self::BigInteger => f.write_str("bigint"),
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
        write!(f, "{}{}", self.kind, if self.nullable { "" } else { " not null" })?;
        match &self.default {
            Some(default) => write!(f, " default {default}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.parts.iter().map(|part| part.key.as_str()).collect();
        write!(f, "{}on {}", if self.unique { "unique " } else { "" }, keys.join(", "))?;
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
        )
    }
}
