//! Model of a schema: tables, columns, keys, indexes, checks and enums, in the dialect of the database that it is read
//! for.

use std::collections::BTreeMap;

mod column;
pub mod fold;
mod key;
mod narrowing;
mod print;

pub use column::{Column, Generated, Kind, Width};
pub use key::{Action, Check, ForeignKey, Index, Part, PrimaryKey};

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
    /// Its name, with the schema in front of it if that is not the usual one: `sales.events`.
    pub name: String,
    /// The schema, if it is not the usual one.
    pub schema: Option<String>,
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
    /// Its comment.
    pub comment: Option<String>,
    /// How it is stored, in the words of the database: `ENGINE=InnoDB`, `STRICT`, `PARTITION BY …`.
    pub options: Vec<String>,
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

    /// Renames a table, also in foreign keys that refer to it. A new name without a schema keeps the table in its own.
    pub fn rename_table(&mut self, from: &str, to: &str) {
        let Some(mut table) = self.tables.remove(from) else { return };
        let schema = table.schema.as_ref();
        let to = match schema.filter(|schema| !to.starts_with(&format!("{schema}."))) {
            Some(schema) => format!("{schema}.{to}"),
            None => to.to_owned(),
        };
        table.name.clone_from(&to);
        self.tables.insert(to.clone(), table);
        for key in self.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
            if key.table == from {
                key.table.clone_from(&to);
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

    /// Renames a value of an enum, also in defaults of its columns.
    pub fn rename_value(&mut self, name: &str, from: &str, to: &str) {
        let of_enum = self.enums.get_mut(name).into_iter().flatten();
        of_enum.filter(|value| *value == from).for_each(|value| to.clone_into(value));
        let kind = Kind::Enum(name.to_owned());
        for (table, column) in self
            .tables
            .iter_mut()
            .flat_map(|(table, of)| of.columns.iter_mut().map(move |column| (table, column)))
        {
            let listed = name == format!("{table}.{}", column.name);
            if let Kind::Values(values) = &mut column.kind
                && listed
            {
                values.iter_mut().filter(|value| *value == from).for_each(|value| to.clone_into(value));
                column.rename_default(from, to);
            } else if column.kind == kind {
                column.rename_default(from, to);
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

    /// The name without the schema.
    #[must_use]
    pub fn bare_name(&self) -> &str {
        let schema = self.schema.as_deref().and_then(|schema| self.name.strip_prefix(schema));
        schema.and_then(|rest| rest.strip_prefix('.')).unwrap_or(&self.name)
    }

    fn rename_column(&mut self, from: &str, to: &str) {
        for column in self.columns.iter_mut().filter(|column| column.name == from) {
            to.clone_into(&mut column.name);
        }
        let (quoted, new) = (format!("\"{from}\""), format!("\"{to}\""));
        let in_sql = |sql: &mut String| *sql = sql.replace(&quoted, &new);
        if let Some(key) = &mut self.primary_key {
            rename_in(&mut key.columns, from, to);
            in_sql(&mut key.clauses);
        }
        for key in &mut self.foreign_keys {
            rename_in(&mut key.columns, from, to);
        }
        for index in &mut self.indexes {
            for part in &mut index.parts {
                if part.expression {
                    in_sql(&mut part.key);
                } else if part.key == from {
                    to.clone_into(&mut part.key);
                }
            }
            index.predicate.iter_mut().for_each(in_sql);
            in_sql(&mut index.clauses);
        }
        self.checks.iter_mut().map(|check| &mut check.condition).for_each(in_sql);
        let generated = self.columns.iter_mut().filter_map(|column| column.generated.as_mut());
        generated.map(|generated| &mut generated.expression).for_each(in_sql);
    }

    /// Removes a column with its keys, indexes and checks, as databases do.
    pub(crate) fn drop_column(&mut self, name: &str) {
        let quoted = format!("\"{name}\"");
        self.columns.retain(|column| column.name != name);
        self.indexes.retain(|index| !index.names(name));
        self.foreign_keys.retain(|key| !key.columns.iter().any(|column| column == name));
        self.checks.retain(|check| !check.condition.contains(&quoted));
        if self.primary_key.as_ref().is_some_and(|key| key.columns.iter().any(|column| column == name)) {
            self.primary_key = None;
        }
    }
}

fn rename_in(names: &mut [String], from: &str, to: &str) {
    for name in names.iter_mut().filter(|name| *name == from) {
        to.clone_into(name);
    }
}
