//! Model of a schema, independent of the database: tables, columns, keys, indexes, checks and enums.

use std::collections::BTreeMap;

pub mod fold;
mod narrowing;
mod print;

/// A schema, as a sequence of statements leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The tables, by name.
    pub tables: BTreeMap<String, Table>,
    /// The native enums of PostgreSQL, by name, with their values in order.
    pub enums: BTreeMap<String, Vec<String>>,
    /// Statements that change a schema in a way that cannot be read here, shortened to a line.
    pub unread: Vec<String>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name, without a schema.
    pub name: String,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// Its primary key, if it has one.
    pub primary_key: Option<PrimaryKey>,
    /// Unique constraints and indexes of every kind.
    pub indexes: Vec<Index>,
    /// References to other tables.
    pub foreign_keys: Vec<ForeignKey>,
    /// Conditions on each row.
    pub checks: Vec<Check>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether it may be null.
    pub nullable: bool,
    /// The SQL of its default, if it has one.
    pub default: Option<String>,
    /// Whether the database counts it up.
    pub auto_increment: bool,
    /// The SQL from which it is computed, if it is.
    pub generated: Option<String>,
}

/// Kind of a column, as PostgreSQL distinguishes kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text padded to a length.
    Char(Option<u64>),
    /// Text up to a length in characters.
    String(Option<u64>),
    /// Text of any length.
    Text,
    /// 16 bits.
    SmallInteger,
    /// 32 bits.
    Integer,
    /// 64 bits.
    BigInteger,
    /// Binary floating point of 32 bits.
    Float,
    /// Binary floating point of 64 bits.
    Double,
    /// An exact number: how many digits, and how many of them behind the point.
    Decimal(Option<(u64, u64)>),
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A date and time of no zone.
    DateTime,
    /// A moment in time.
    Moment,
    /// Bytes.
    Blob,
    /// JSON as text.
    Json,
    /// JSON in binary form.
    JsonBinary,
    /// A UUID.
    Uuid,
    /// One of an enum's values, by the enum's name.
    Enum(String),
    /// A kind that only PostgreSQL has, in its own words.
    Other(String),
}

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    /// The constraint's name, if it was given one.
    pub name: Option<String>,
    /// The columns, in their order.
    pub columns: Vec<String>,
}

/// An index, or a unique constraint, which is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Its keys, in order.
    pub parts: Vec<Part>,
    /// Whether no two rows may be alike in it.
    pub unique: bool,
    /// Whether it was made as a constraint of the table.
    pub constraint: bool,
    /// The SQL of the rows that it is limited to, if it is.
    pub predicate: Option<String>,
    /// The access method, where it is not a B-tree.
    pub method: Option<String>,
}

/// One of the keys of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The column, or the SQL of an expression.
    pub key: String,
    /// Whether `key` is an expression.
    pub expression: bool,
    /// Whether it runs from the greatest to the least.
    pub descending: bool,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The constraint's name, if it was given one.
    pub name: Option<String>,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table referred to.
    pub table: String,
    /// The columns referred to.
    pub referred: Vec<String>,
    /// Action on the row when the row it refers to is deleted.
    pub on_delete: Action,
    /// Action on the row when the key it refers to changes.
    pub on_update: Action,
}

/// Action after a change of the row that a foreign key refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The change is refused at the end of the statement.
    NoAction,
    /// The change is refused at once.
    Restrict,
    /// The row follows.
    Cascade,
    /// The columns become null.
    SetNull,
    /// The columns become their defaults.
    SetDefault,
}

/// A condition that every row meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The constraint's name, if it was given one.
    pub name: Option<String>,
    /// The SQL of the condition, with every name in double quotes.
    pub condition: String,
}

impl Kind {
    /// Whether values of one may be values of the other.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let text = |kind: &Self| matches!(kind, Self::Char(_) | Self::String(_) | Self::Text);
        self == other || (text(self) && text(other))
    }
}

impl Snapshot {
    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// Removes defaults of NULL, which mean the same as no default.
    pub fn drop_null_defaults(&mut self) {
        for column in self.tables.values_mut().flat_map(|table| &mut table.columns) {
            column.default.take_if(|default| default == "null");
        }
    }

    /// Renames a table, also in foreign keys that refer to it.
    pub fn rename_table(&mut self, from: &str, to: &str) {
        if let Some(mut table) = self.tables.remove(from) {
            to.clone_into(&mut table.name);
            self.tables.insert(to.to_owned(), table);
        }
        for key in self.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
            if key.table == from {
                to.clone_into(&mut key.table);
            }
        }
    }

    /// Renames a column, also in keys, indexes and conditions.
    pub fn rename_column(&mut self, table: &str, from: &str, to: &str) {
        for (name, other) in &mut self.tables {
            for key in other.foreign_keys.iter_mut().filter(|key| key.table == table) {
                rename_in(&mut key.referred, from, to);
            }
            if name == table {
                other.rename_column(from, to);
            }
        }
    }
}

impl Table {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn rename_column(&mut self, from: &str, to: &str) {
        for column in self.columns.iter_mut().filter(|column| column.name == from) {
            to.clone_into(&mut column.name);
        }
        if let Some(key) = &mut self.primary_key {
            rename_in(&mut key.columns, from, to);
        }
        for key in &mut self.foreign_keys {
            rename_in(&mut key.columns, from, to);
        }
        let (quoted, new) = (format!("\"{from}\""), format!("\"{to}\""));
        let in_sql = |sql: &mut String| *sql = sql.replace(&quoted, &new);
        for index in &mut self.indexes {
            for part in &mut index.parts {
                if part.expression {
                    in_sql(&mut part.key);
                } else if part.key == from {
                    to.clone_into(&mut part.key);
                }
            }
            index.predicate.iter_mut().for_each(in_sql);
        }
        self.checks.iter_mut().map(|check| &mut check.condition).for_each(in_sql);
        self.columns.iter_mut().filter_map(|column| column.generated.as_mut()).for_each(in_sql);
    }

    /// Removes a column with its keys, indexes and checks, as databases do.
    pub(crate) fn drop_column(&mut self, name: &str) {
        let quoted = format!("\"{name}\"");
        self.columns.retain(|column| column.name != name);
        self.indexes.retain(|index| !index.columns().any(|column| column == name));
        self.foreign_keys.retain(|key| !key.columns.iter().any(|column| column == name));
        self.checks.retain(|check| !check.condition.contains(&quoted));
        if self.primary_key.as_ref().is_some_and(|key| key.columns.iter().any(|column| column == name)) {
            self.primary_key = None;
        }
    }
}

impl Index {
    /// The columns among its keys.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(|part| !part.expression).map(|part| part.key.as_str())
    }

    /// The name that it has, or is given by convention: `idx-{table}-{columns}`.
    #[must_use]
    pub fn name_on(&self, table: &str) -> String {
        let columns = || self.columns().collect::<Vec<_>>().join("_");
        self.name.clone().unwrap_or_else(|| format!("idx-{table}-{}", columns()))
    }
}

impl ForeignKey {
    /// The name that it has, or is given by convention: `fk-{table}-{columns}`.
    #[must_use]
    pub fn name_on(&self, table: &str) -> String {
        self.name.clone().unwrap_or_else(|| format!("fk-{table}-{}", self.columns.join("_")))
    }
}

fn rename_in(names: &mut [String], from: &str, to: &str) {
    for name in names.iter_mut().filter(|name| *name == from) {
        to.clone_into(name);
    }
}
