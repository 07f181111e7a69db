//! Steps that SQLite can only make by a rebuild of the table.

use std::fmt::Write as _;

use super::{Writer, bare, code, is_filled, is_simple};
use crate::{
    snapshot::{ForeignKey, Table},
    tooling::diff::TableChange,
};

impl Writer<'_> {
    /// The steps on SQLite: preparations, the rebuild, and the new indexes.
    pub(super) fn rebuild(&mut self, from: &Table, to: &Table, steps: &[TableChange]) {
        let mut copied: Vec<String> = to
            .columns
            .iter()
            .filter(|column| {
                from.column(&column.name).is_some_and(|old| old.generated.is_none())
                    && column.generated.is_none()
            })
            .map(|column| column.name.clone())
            .collect();
        for step in steps {
            match step {
                TableChange::DropIndex(index) if !index.constraint => {
                    let (name, of) = (code::text(&index.name_on(&to.name)), code::text(&to.name));
                    self.line(&format!(
                        "manager.drop_index(Index::drop().name({name}).table({of}).to_owned())"
                    ));
                }
                TableChange::AddColumn(column) if is_filled(column) => {
                    self.alter(
                        &to.name,
                        &format!("add_column({})", code::column(self.manner, self.to, &bare(column))),
                    );
                    self.backfill(&to.name, column);
                    copied.push(column.name.clone());
                }
                TableChange::ChangeColumn { from, to: new } if from.nullable && !new.nullable => {
                    self.backfill(&to.name, new);
                }
                _ => {}
            }
        }
        let function = self.function(&to.name);
        let (copied, dropped) = (code::texts(&copied), dropped(to, steps));
        self.line(&if dropped.is_empty() {
            format!("dialect::rebuild(manager, {function}(manager), {copied})")
        } else {
            let dropped = code::texts(&dropped);
            format!("dialect::rebuild_without(manager, {function}(manager), {copied}, {dropped})")
        });
        for step in steps {
            match step {
                TableChange::AddIndex(index) if !index.constraint => self.add_index(&to.name, index),
                _ => {}
            }
        }
        let _ = write!(
            self.functions,
            "\n/// The table `{}` as it is {} this migration.\n\
             fn {function}(manager: &SchemaManager<'_>) -> TableCreateStatement {{\n{}\n}}\n",
            to.name,
            self.when,
            code::table(self.manner, self.to, to),
        );
    }

    /// A name of its own for the function of a table.
    fn function(&self, table: &str) -> String {
        let mut name = format!("{}_{}", snake(table), self.when);
        while self.functions.contains(&format!("fn {name}(")) {
            name.push_str("_too");
        }
        name
    }
}

/// A name as a part of the name of a function, which the compiler takes without a warning.
fn snake(name: &str) -> String {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let name = words.join("_");
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("table_{name}") }
}

/// The parts of the table that a rebuild is to drop, as it calls them.
pub(in crate::tooling::write) fn dropped(to: &Table, steps: &[TableChange]) -> Vec<String> {
    let deferrable = |key: &ForeignKey| key.clauses.contains("DEFERRABLE");
    let parts = steps.iter().filter_map(|step| match step {
        TableChange::DropColumn(column) => Some(column.name.clone()),
        TableChange::DropCheck(check) => {
            let stays = to.checks.iter().any(|other| other.name == check.name);
            (!stays).then(|| check.name.clone()).flatten()
        }
        TableChange::DropForeignKey(key) => {
            let columns = key.columns.join(", ");
            match to.foreign_keys.iter().find(|other| other.columns == key.columns) {
                None => Some(format!("FOREIGN KEY ({columns})")),
                Some(other) if deferrable(key) && !deferrable(other) => {
                    Some(format!("DEFERRABLE ({columns})"))
                }
                Some(_) => None,
            }
        }
        TableChange::DropIndex(index) => {
            let columns: Vec<&str> = index.columns().collect();
            let stays = to.indexes.iter().any(|other| other.constraint && other.parts == index.parts);
            (index.constraint && !stays).then(|| format!("UNIQUE ({})", columns.join(", ")))
        }
        TableChange::ChangeColumn { from, to } if from.generated.is_some() && to.generated.is_none() => {
            Some(format!("GENERATED ({})", to.name))
        }
        TableChange::ChangeColumn { from, to } if from.collation.is_some() && to.collation.is_none() => {
            Some(format!("COLLATE ({})", to.name))
        }
        TableChange::DropGenerated(_)
        | TableChange::AddGenerated { .. }
        | TableChange::ChangeComment { .. }
        | TableChange::AddColumn(_)
        | TableChange::AddCheck(_)
        | TableChange::AddForeignKey(_)
        | TableChange::AddIndex(_)
        | TableChange::ChangeColumn { .. }
        | TableChange::ChangePrimaryKey { .. } => None,
    });
    parts.collect()
}

/// Whether SQLite needs a rebuild for the step.
pub(in crate::tooling::write) fn needed(step: &TableChange) -> bool {
    match step {
        TableChange::DropForeignKey(_)
        | TableChange::AddForeignKey(_)
        | TableChange::DropCheck(_)
        | TableChange::AddCheck(_)
        | TableChange::ChangeColumn { .. }
        | TableChange::DropGenerated(_)
        | TableChange::AddGenerated { .. }
        | TableChange::ChangePrimaryKey { .. } => true,
        TableChange::AddColumn(column) => !is_simple(column),
        TableChange::DropIndex(index) | TableChange::AddIndex(index) => index.constraint,
        TableChange::DropColumn(_) | TableChange::ChangeComment { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_a_function_as_the_compiler_wants_it() {
        for (table, name) in [
            ("parcels", "parcels"),
            ("Order-Lines", "order_lines"),
            ("2fa", "table_2fa"),
            ("__x__y", "x_y"),
            ("größe", "gr_e"),
        ] {
            assert_eq!(snake(table), name);
        }
    }
}
