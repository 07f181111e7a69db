//! The schema in the catalogue of a live database, object by object, for a comparison with another database of the same
//! kind.
//!
//! Left out on purpose: the order of columns (an added column is the last one, and statements name their columns), rows,
//! statistics, rights, and the current values of sequences.

use std::{collections::BTreeMap, fmt};

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};
use serde::Serialize;

mod mariadb;
mod postgres;
mod sqlite;

/// Kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// PostgreSQL's type of listed values.
    Enum,
    /// A domain or a composite type of PostgreSQL.
    Type,
    /// A function or a procedure.
    Function,
    /// A sequence. Its current value is left out.
    Sequence,
    /// A table without its parts.
    Table,
    /// A view, also a materialised one.
    View,
    /// A column with its type, nullability, default, collation and comment.
    Column,
    /// A primary key.
    PrimaryKey,
    /// An index or a unique constraint; its definition shows which.
    Index,
    /// A foreign key.
    ForeignKey,
    /// A CHECK.
    Check,
    /// A row-level policy of PostgreSQL.
    Policy,
    /// A trigger.
    Trigger,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enum => "enum",
            Self::Type => "type",
            Self::Function => "function",
            Self::Sequence => "sequence",
            Self::Table => "table",
            Self::View => "view",
            Self::Column => "column",
            Self::PrimaryKey => "primary key",
            Self::Index => "index",
            Self::ForeignKey => "foreign key",
            Self::Check => "check",
            Self::Policy => "policy",
            Self::Trigger => "trigger",
        })
    }
}

/// Which object: unique in a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Object {
    /// The table or view that it is or belongs to; none for an object of its own.
    pub table: Option<String>,
    /// Its kind.
    pub kind: ObjectKind,
    /// Its name. Where a database keeps none, its columns in parentheses or its condition; a primary key has its table's.
    pub name: String,
}

impl Object {
    fn new(kind: ObjectKind, table: &str, name: &str) -> Self {
        let table = Some(table.to_owned()).filter(|table| !table.is_empty());
        let name = if name.is_empty() { table.clone().unwrap_or_default() } else { name.to_owned() };
        Self { table, kind, name }
    }

    /// The name by which objects are selected: that of its table, or its own.
    fn owner(&self) -> &str {
        self.table.as_deref().unwrap_or(&self.name)
    }

    fn whole(&self) -> bool {
        matches!(self.kind, ObjectKind::Table | ObjectKind::View)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, kind, name } = self;
        match (kind, table) {
            (ObjectKind::Column, Some(table)) => write!(f, "column {table}.{name}"),
            (ObjectKind::PrimaryKey, Some(table)) => write!(f, "primary key of {table}"),
            (_, Some(table)) if !self.whole() => write!(f, "{kind} {name} on {table}"),
            _ => write!(f, "{kind} {name}"),
        }
    }
}

/// A schema: its objects and their definitions, in the words of its kind of database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog(BTreeMap<Object, String>);

/// An object that is otherwise than expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which object.
    pub object: Object,
    /// Its definition as it should be; none where it should not exist.
    pub expected: Option<String>,
    /// Its actual definition; none if it does not exist.
    pub found: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, expected, found } = self;
        let lengthy = matches!(object.kind, ObjectKind::View | ObjectKind::Function | ObjectKind::Trigger);
        match (expected, found) {
            (Some(_), None) => write!(f, "{object}: dropped"),
            (None, Some(found)) if !lengthy && !object.whole() => write!(f, "{object}: added ({found})"),
            (None, _) => write!(f, "{object}: added"),
            (Some(_), Some(_)) if lengthy => write!(f, "{object}: has another definition"),
            (Some(expected), Some(found)) => write!(f, "{object}: is {found} instead of {expected}"),
        }
    }
}

impl Catalog {
    /// Reads the schema that `db` is connected to: on PostgreSQL the current schema, elsewhere the database. `keep`
    /// selects tables, views, and objects without a table, such as enums, by their names.
    ///
    /// It needs no rights to rows, but MariaDB hides views and triggers from users without SHOW VIEW and TRIGGER.
    ///
    /// # Errors
    /// [`DbErr`] of the database; on MariaDB also if a view may not be read.
    pub async fn read<C: ConnectionTrait>(db: &C, keep: impl Fn(&str) -> bool) -> Result<Self, DbErr> {
        Self::read_with(db, &[], keep).await
    }

    /// As [`Catalog::read`], with the objects of other `schemas` of PostgreSQL.
    ///
    /// # Errors
    /// See [`Catalog::read`].
    pub async fn read_with<C: ConnectionTrait>(
        db: &C,
        schemas: &[String],
        keep: impl Fn(&str) -> bool,
    ) -> Result<Self, DbErr> {
        let mut catalog = Self::default();
        match db.get_database_backend() {
            DbBackend::Sqlite => sqlite::read(db, &mut catalog).await?,
            DbBackend::Postgres => postgres::read(db, schemas, &mut catalog).await?,
            DbBackend::MySql => mariadb::read(db, &mut catalog).await?,
            other => {
                return Err(DbErr::BackendNotSupported { db: other.as_str(), ctx: "reading a catalogue" });
            }
        }
        catalog.0.retain(|object, _| keep(object.owner()));
        Ok(catalog)
    }

    /// The objects that differ in `found`. Of a table that is missing on one side, only the table is listed.
    #[must_use]
    pub fn differences(&self, found: &Self) -> Vec<Difference> {
        let whole = |difference: &&Difference| {
            difference.object.whole() && (difference.expected.is_none() || difference.found.is_none())
        };
        let all: Vec<Difference> = self
            .0
            .keys()
            .chain(found.0.keys().filter(|object| !self.0.contains_key(object)))
            .filter(|object| self.0.get(object) != found.0.get(object))
            .map(|object| Difference {
                object: object.clone(),
                expected: self.0.get(object).cloned(),
                found: found.0.get(object).cloned(),
            })
            .collect();
        let absent: Vec<Option<String>> = all.iter().filter(whole).map(|d| d.object.table.clone()).collect();
        let mut told: Vec<Difference> =
            all.into_iter().filter(|d| d.object.whole() || !absent.contains(&d.object.table)).collect();
        told.sort_by(|a, b| a.object.cmp(&b.object));
        told
    }

    /// The objects and their definitions, by table.
    pub fn iter(&self) -> impl Iterator<Item = (&Object, &str)> {
        self.0.iter().map(|(object, definition)| (object, definition.as_str()))
    }

    /// Two that share a key, such as two unnamed foreign keys of one column, share an entry.
    fn add(&mut self, kind: ObjectKind, table: &str, name: &str, definition: &str) {
        self.0
            .entry(Object::new(kind, table, name))
            .and_modify(|known| *known = format!("{known}; {definition}"))
            .or_insert_with(|| definition.to_owned());
    }
}

/// The actions of a foreign key, without those that are the database's default.
fn actions(update: &str, delete: &str, anyway: &[&str]) -> String {
    let told = |on: &str, action: &str| {
        if anyway.contains(&action) { String::new() } else { format!(" on {on} {}", action.to_lowercase()) }
    };
    told("update", update) + &told("delete", delete)
}
