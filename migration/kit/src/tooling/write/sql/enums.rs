//! Native enums of PostgreSQL.

use super::Writer;
use crate::{
    snapshot::{Column, Kind, Table},
    tooling::write::statements::columns_of_enum,
};

impl Writer<'_> {
    pub(super) fn create_enum(&mut self, name: &str, values: &[String]) {
        let values: Vec<String> = values.iter().map(|value| self.define.text(value)).collect();
        let (name, values) = (self.define.qualified(name), values.join(", "));
        self.sql(format!("CREATE TYPE {name} AS ENUM ({values})"));
    }

    /// A value cannot be inserted between others and used in one transaction, nor be removed: the type is replaced.
    pub(super) fn change_enum(&mut self, name: &str, values: &[String]) {
        let kept = columns_of_enum(self.from, self.to, name);
        let arrays = self.arrays(name);
        for (table, column) in &kept {
            self.drop_dependents(table, column);
        }
        let (new, old) = (self.define.qualified(name), format!("{name}_old"));
        let plain = self.define.name(old.rsplit('.').next().unwrap_or(&old));
        let old = self.define.qualified(&old);
        self.sql(format!("ALTER TYPE {new} RENAME TO {plain}"));
        self.create_enum(name, values);
        for (table, column) in &kept {
            self.retype(table, column, &new);
        }
        for (table, column) in &arrays {
            let (at, of) = (self.define.name(&column.name), format!("{new}[]"));
            if column.default.is_some() {
                self.alter(table, &format!("ALTER COLUMN {at} DROP DEFAULT"));
            }
            self.alter(table, &format!("ALTER COLUMN {at} TYPE {of} USING {at}::text[]::{of}"));
            if let Some(default) = &column.default {
                let default = self.define.default(default);
                self.alter(table, &format!("ALTER COLUMN {at} SET DEFAULT {default}"));
            }
        }
        self.sql(format!("DROP TYPE {old}"));
        for (table, column) in &kept {
            self.restore_dependents(table, column);
        }
    }

    fn retype(&mut self, table: &Table, column: &Column, kind: &str) {
        let at = self.define.name(&column.name);
        let before = self.from.table(&table.name).and_then(|table| table.column(&column.name));
        if before.is_some_and(|before| before.default.is_some()) {
            self.alter(table, &format!("ALTER COLUMN {at} DROP DEFAULT"));
        }
        self.alter(table, &format!("ALTER COLUMN {at} TYPE {kind} USING {at}::text::{kind}"));
        if let Some(default) = &column.default {
            let default = self.define.default(default);
            self.alter(table, &format!("ALTER COLUMN {at} SET DEFAULT {default}"));
        }
    }

    fn arrays(&self, name: &str) -> Vec<(Table, Column)> {
        let array = Kind::Other(format!("{name}[]"));
        let tables = self.to.tables.values().filter(|table| self.from.table(&table.name).is_some());
        let columns = tables.flat_map(|table| table.columns.iter().map(move |column| (table, column)));
        let arrays = columns.filter(|(table, column)| {
            let before = self.from.table(&table.name).and_then(|table| table.column(&column.name));
            column.kind == array && before.is_some_and(|before| before.kind == array)
        });
        arrays.map(|(table, column)| (table.clone(), column.clone())).collect()
    }

    /// Drops the checks and indexes whose conditions compare the column with values of the old type.
    fn drop_dependents(&mut self, table: &Table, column: &Column) {
        let Some(before) = self.from.table(&table.name).cloned() else { return };
        let quoted = format!("\"{}\"", column.name);
        for check in before.checks.iter().filter(|check| check.condition.contains(&quoted)) {
            let Some(name) = &check.name else { continue };
            if self.gone.insert((before.name.clone(), name.clone())) {
                let name = self.define.name(name);
                self.alter(&before, &format!("DROP CONSTRAINT {name}"));
            }
        }
        for index in before.indexes.iter().filter(|index| compares(index.predicate.as_ref(), &quoted)) {
            let name = self.define.index_name(&before, index);
            if self.gone.insert((before.name.clone(), name.clone())) {
                let schema =
                    before.schema.as_ref().map(|schema| self.define.name(schema) + ".").unwrap_or_default();
                let name = self.define.name(&name);
                self.sql(format!("DROP INDEX {schema}{name}"));
            }
        }
    }

    /// Creates again what stays of them; what does not is marked as gone.
    fn restore_dependents(&mut self, table: &Table, column: &Column) {
        let quoted = format!("\"{}\"", column.name);
        let Some(before) = self.from.table(&table.name) else { return };
        let checks = table
            .checks
            .iter()
            .filter(|check| before.checks.contains(check) && check.condition.contains(&quoted));
        for check in checks {
            let name = check.name.clone().unwrap_or_default();
            if self.gone.remove(&(table.name.clone(), name)) {
                let check = self.define.check(check);
                self.alter(table, &format!("ADD {check}"));
            }
        }
        let indexes = table
            .indexes
            .iter()
            .filter(|index| before.indexes.contains(index) && compares(index.predicate.as_ref(), &quoted));
        for index in indexes {
            let name = self.define.index_name(table, index);
            if self.gone.remove(&(table.name.clone(), name)) {
                let create = self.define.create_index(table, index);
                self.sql(create);
            }
        }
    }
}

fn compares(predicate: Option<&String>, quoted: &str) -> bool {
    predicate.is_some_and(|predicate| predicate.contains(quoted))
}
