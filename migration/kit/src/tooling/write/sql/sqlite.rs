//! Changes of a table on SQLite.

use super::{Step, Writer};
use crate::{
    snapshot::Table,
    tooling::{
        diff::TableChange,
        write::{
            fill::{bare, is_filled},
            statements::{dropped, needs_rebuild},
        },
    },
};

impl Writer<'_> {
    pub(super) fn alter_on_sqlite(&mut self, from: &Table, to: &Table, steps: &[TableChange]) {
        if steps.iter().any(needs_rebuild) {
            self.rebuild(from, to, steps);
            return;
        }
        for step in steps {
            match step {
                TableChange::AddColumn(column) => {
                    let column = self.define.column(column);
                    self.alter(to, &format!("ADD COLUMN {column}"));
                }
                TableChange::DropColumn(column) => {
                    let column = self.define.name(&column.name);
                    self.alter(to, &format!("DROP COLUMN {column}"));
                }
                step => self.around(from, to, step, true),
            }
        }
        for step in steps {
            self.around(from, to, step, false);
        }
    }

    /// The steps on indexes, which SQLite makes beside a rebuild: those that are dropped come `first`.
    fn around(&mut self, from: &Table, to: &Table, step: &TableChange, first: bool) {
        match step {
            TableChange::DropIndex(index) if !index.constraint && first => {
                let name = self.define.name(&self.define.index_name(from, index));
                self.sql(format!("DROP INDEX {name}"));
            }
            TableChange::AddIndex(index) if !index.constraint && !first => {
                let create = self.define.create_index(to, index);
                self.sql(create);
            }
            _ => {}
        }
    }

    fn rebuild(&mut self, from: &Table, to: &Table, steps: &[TableChange]) {
        let there = |name: &str| from.column(name).is_some_and(|column| column.generated.is_none());
        let mut columns: Vec<String> = to
            .columns
            .iter()
            .filter(|column| there(&column.name) && column.generated.is_none())
            .map(|column| column.name.clone())
            .collect();
        for step in steps {
            match step {
                TableChange::AddColumn(column) if is_filled(column) => {
                    let definition = self.define.column(&bare(column));
                    self.alter(to, &format!("ADD COLUMN {definition}"));
                    self.backfill(to, column);
                    columns.push(column.name.clone());
                }
                TableChange::ChangeColumn { from, to: new } if from.nullable && !new.nullable => {
                    self.backfill(to, new);
                }
                step => self.around(from, to, step, true),
            }
        }
        let definition = self.define.definition(to, self.to);
        self.steps.push(Step::Rebuild {
            table: to.name.clone(),
            definition,
            columns,
            dropped: dropped(to, steps),
        });
        for step in steps {
            self.around(from, to, step, false);
        }
    }
}
