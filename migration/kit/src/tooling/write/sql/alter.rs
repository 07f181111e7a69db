//! Changes of a table on PostgreSQL and MariaDB.

use sea_orm_migration::sea_orm::DbBackend;

use super::{Step, Writer};
use crate::{
    snapshot::{Column, ForeignKey, Index, Kind, PrimaryKey, Table},
    tooling::{
        diff::TableChange,
        write::{
            fill::{bare, is_filled},
            literal::is_literal,
        },
    },
};

impl Writer<'_> {
    pub(super) fn alter_table(&mut self, from: &Table, to: &Table, steps: &[TableChange]) {
        let (before, after) = self.conditions_on_retyped(from, to, steps);
        self.steps.extend(before.into_iter().map(Step::Sql));
        self.steps_of_table(from, to, steps);
        self.steps.extend(after.into_iter().map(Step::Sql));
    }

    /// The statements that drop, and create again, what stays of the conditions on columns that change their type:
    /// PostgreSQL would keep them with a cast to the old one.
    fn conditions_on_retyped(
        &self,
        from: &Table,
        to: &Table,
        steps: &[TableChange],
    ) -> (Vec<String>, Vec<String>) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        if self.backend() != DbBackend::Postgres {
            return (before, after);
        }
        let retyped = steps.iter().filter_map(|step| match step {
            TableChange::ChangeColumn { from, to } if from.kind != to.kind => {
                Some(format!("\"{}\"", to.name))
            }
            _ => None,
        });
        let retyped: Vec<String> = retyped.collect();
        let names = |sql: &str| retyped.iter().any(|column| sql.contains(column));
        let table = self.define.table_name(to);
        for check in from.checks.iter().filter(|check| names(&check.condition) && to.checks.contains(check)) {
            let stands = !steps.contains(&TableChange::DropCheck(check.clone()));
            if let Some(name) = check.name.as_ref().filter(|_| stands) {
                before.push(format!("ALTER TABLE {table} DROP CONSTRAINT {}", self.define.name(name)));
                after.push(format!("ALTER TABLE {table} ADD {}", self.define.check(check)));
            }
        }
        for index in from.indexes.iter().filter(|index| !index.constraint && to.indexes.contains(index)) {
            let expressions = index.parts.iter().filter(|part| part.expression).map(|part| &part.key);
            let conditional = expressions.chain(&index.predicate).any(|sql| names(sql));
            if conditional && !steps.contains(&TableChange::DropIndex(index.clone())) {
                let schema =
                    from.schema.as_ref().map(|schema| self.define.name(schema) + ".").unwrap_or_default();
                before.push(format!(
                    "DROP INDEX {schema}{}",
                    self.define.name(&self.define.index_name(from, index))
                ));
                after.push(self.define.create_index(to, index));
            }
        }
        (before, after)
    }

    fn steps_of_table(&mut self, from: &Table, to: &Table, steps: &[TableChange]) {
        for step in steps {
            match step {
                TableChange::DropForeignKey(key) => self.drop_foreign_key(from, key),
                TableChange::DropCheck(check) => {
                    let name = check.name.clone().unwrap_or_default();
                    if !self.gone.remove(&(from.name.clone(), name.clone())) {
                        let name = self.define.name(&name);
                        self.alter(to, &format!("DROP CONSTRAINT {name}"));
                    }
                }
                TableChange::DropIndex(index) => self.drop_index(from, to, index),
                TableChange::DropGenerated(column) | TableChange::DropColumn(column) => {
                    let column = self.define.name(&column.name);
                    self.alter(to, &format!("DROP COLUMN {column}"));
                }
                TableChange::AddColumn(column) | TableChange::AddGenerated { to: column, .. } => {
                    self.add_column(to, column);
                }
                TableChange::ChangeColumn { from: old, to: new } => {
                    if old.nullable && !new.nullable {
                        self.backfill(to, new);
                    }
                    match self.backend() {
                        DbBackend::MySql => self.modify_column(to, new),
                        _ => self.change_column(to, old, new),
                    }
                }
                TableChange::ChangePrimaryKey { from: old, to: new } => {
                    self.change_primary_key(to, old.as_ref(), new.as_ref());
                }
                TableChange::AddIndex(index) => self.add_index(to, index),
                TableChange::AddCheck(check) => {
                    let check = self.define.check(check);
                    self.alter(to, &format!("ADD {check}"));
                }
                TableChange::AddForeignKey(key) => {
                    let key = self.define.foreign_key(key, self.to);
                    self.alter(to, &format!("ADD {key}"));
                }
                TableChange::ChangeComment { .. } => self.comment_on_table(to),
            }
        }
    }

    fn drop_foreign_key(&mut self, table: &Table, key: &ForeignKey) {
        if self.backend() == DbBackend::MySql {
            let (table, key) = (table.name.clone(), key.name_on(table.bare_name()));
            self.steps.push(Step::DropForeignKey { table, key });
            return;
        }
        // How PostgreSQL names a key that was given no name.
        let unnamed = || format!("{}_{}_fkey", table.bare_name(), key.columns.join("_"));
        let name = self.define.name(&key.name.clone().unwrap_or_else(unnamed));
        self.alter(table, &format!("DROP CONSTRAINT {name}"));
    }

    fn drop_index(&mut self, from: &Table, to: &Table, index: &Index) {
        let name = self.define.index_name(from, index);
        if self.gone.remove(&(from.name.clone(), name.clone())) {
            return;
        }
        let name = self.define.name(&name);
        match (self.backend(), index.constraint) {
            (DbBackend::MySql, _) => {
                self.keep_keys_indexed(from, to, index);
                self.alter(to, &format!("DROP INDEX {name}"));
            }
            (_, true) => self.alter(to, &format!("DROP CONSTRAINT {name}")),
            (_, false) => {
                let schema =
                    from.schema.as_ref().map(|schema| self.define.name(schema) + ".").unwrap_or_default();
                self.sql(format!("DROP INDEX {schema}{name}"));
            }
        }
    }

    /// Gives the foreign keys of MariaDB that need an index one of their own, before it is dropped.
    fn keep_keys_indexed(&mut self, from: &Table, to: &Table, dropped: &Index) {
        for key in to.foreign_keys.iter().filter(|key| from.foreign_keys.contains(key)) {
            let carries = |columns: Vec<&str>| {
                columns.len() >= key.columns.len()
                    && columns.iter().zip(&key.columns).all(|(one, other)| one == other)
            };
            let stays = |index: &&Index| *index != dropped && to.indexes.contains(index);
            let others = from.indexes.iter().filter(stays).any(|index| carries(index.columns().collect()));
            let primary = to.primary_key.as_ref().filter(|key| from.primary_key.as_ref() == Some(key));
            let by_key = primary.is_some_and(|key| carries(key.columns.iter().map(String::as_str).collect()));
            if carries(dropped.columns().collect()) && !others && !by_key {
                let (table, name) = (to.name.clone(), key.name_on(to.bare_name()));
                self.steps.push(Step::KeyIndex { table, key: name, columns: key.columns.clone() });
            }
        }
    }

    fn add_index(&mut self, table: &Table, index: &Index) {
        if index.constraint || self.backend() == DbBackend::MySql {
            let index = self.define.index_within(table, index);
            self.alter(table, &format!("ADD {index}"));
        } else {
            let create = self.define.create_index(table, index);
            self.sql(create);
        }
    }

    fn add_column(&mut self, table: &Table, column: &Column) {
        let asked = self.backfills.contains_key(&(table.name.clone(), column.name.clone()));
        let filled = is_filled(column) && (asked || !column.default.as_deref().is_some_and(is_literal));
        let first = if filled { bare(column) } else { column.clone() };
        let definition = self.define.column(&first);
        self.alter(table, &format!("ADD COLUMN {definition}"));
        if filled {
            self.backfill(table, column);
            match self.backend() {
                DbBackend::MySql => self.modify_column(table, column),
                _ => self.change_column(table, &first, column),
            }
        }
        if self.backend() == DbBackend::Postgres && column.comment.is_some() {
            self.comment_on_column(table, column);
        }
    }

    fn modify_column(&mut self, table: &Table, new: &Column) {
        let definition = self.define.column(new);
        self.alter(table, &format!("MODIFY COLUMN {definition}"));
    }

    /// The parts of a column of PostgreSQL that differ.
    fn change_column(&mut self, table: &Table, old: &Column, new: &Column) {
        let name = self.define.name(&new.name);
        let retyped = old.kind != new.kind || old.collation != new.collation;
        if old.default.is_some() && (retyped || new.default.is_none()) {
            self.alter(table, &format!("ALTER COLUMN {name} DROP DEFAULT"));
        }
        if retyped {
            let kind = new.kind.sql(self.backend());
            let collation = new.collation.as_ref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
            let through = if matches!(new.kind, Kind::Enum(_)) { "::text" } else { "" };
            self.alter(
                table,
                &format!("ALTER COLUMN {name} TYPE {kind}{collation} USING {name}{through}::{kind}"),
            );
        }
        if let Some(default) = new.default.as_ref().filter(|_| retyped || !old.same_default(new)) {
            let default = self.define.default(default);
            self.alter(table, &format!("ALTER COLUMN {name} SET DEFAULT {default}"));
        }
        match (old.nullable, new.nullable) {
            (false, true) => self.alter(table, &format!("ALTER COLUMN {name} DROP NOT NULL")),
            (true, false) => self.alter(table, &format!("ALTER COLUMN {name} SET NOT NULL")),
            _ => {}
        }
        if old.comment != new.comment {
            self.comment_on_column(table, new);
        }
    }

    fn change_primary_key(&mut self, table: &Table, old: Option<&PrimaryKey>, new: Option<&PrimaryKey>) {
        let unnamed = || format!("{}_pkey", table.bare_name());
        let drop = old.map(|key| {
            if self.backend() == DbBackend::MySql {
                return "DROP PRIMARY KEY".to_owned();
            }
            format!("DROP CONSTRAINT {}", self.define.name(&key.name.clone().unwrap_or_else(unnamed)))
        });
        let add = new.map(|key| format!("ADD {}", self.define.primary_key(key)));
        let what: Vec<String> = drop.into_iter().chain(add).collect();
        self.alter(table, &what.join(", "));
    }
}
