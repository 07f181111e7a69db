//! The statements of `up` and `down`.

use std::mem;

use super::{
    Backfills, Rename,
    code::{self, Manner},
    fill::{self, bare, is_filled, is_simple},
};
use crate::{
    snapshot::{Column, Index, Kind, Snapshot, Table},
    tooling::diff::{Change, TableChange},
};

mod postgres;
mod rebuild;

pub(super) use postgres::columns_of_enum;
pub(super) use rebuild::{dropped, needed as needs_rebuild};

/// Collects the body of one way through a migration.
pub(super) struct Writer<'w> {
    manner: Manner,
    from: &'w Snapshot,
    to: &'w Snapshot,
    backfills: &'w Backfills,
    /// When the tables are as this way leaves them: `after` or `before` the migration.
    when: &'static str,
    lines: Vec<String>,
    /// The tables that SQLite rebuilds, each as a function.
    pub(super) functions: String,
    /// Whether SQLite has a branch of its own somewhere.
    pub(super) branches: bool,
}

impl<'w> Writer<'w> {
    pub(super) fn new(
        manner: Manner,
        from: &'w Snapshot,
        to: &'w Snapshot,
        backfills: &'w Backfills,
        when: &'static str,
    ) -> Self {
        let (lines, functions) = (Vec::new(), String::new());
        Self { manner, from, to, backfills, when, lines, functions, branches: false }
    }

    /// The body, whose last statement is the result of the function.
    pub(super) fn finished(&self) -> String {
        match self.lines.split_last() {
            Some((last, lines)) if last.ends_with(".await?;") => {
                let last = last.trim_end_matches("?;");
                format!("{}\n{last}\n", lines.join("\n"))
            }
            _ => format!("{}\nOk(())\n", self.lines.join("\n")),
        }
    }

    fn line(&mut self, statement: &str) {
        self.lines.push(format!("{statement}.await?;"));
    }

    fn alter(&mut self, table: &str, what: &str) {
        self.line(&format!("manager.alter_table(Table::alter().table({}).{what}.take())", code::text(table)));
    }

    pub(super) fn renames(&mut self, renames: &[Rename]) {
        for rename in renames {
            match rename {
                Rename::Table { from, to } => {
                    let (from, to) = (code::text(from), code::text(to));
                    self.line(&format!("manager.rename_table(Table::rename().table({from}, {to}).take())"));
                }
                Rename::Column { table, from, to } => {
                    let (from, to) = (code::text(from), code::text(to));
                    self.alter(table, &format!("rename_column({from}, {to})"));
                }
                Rename::Value { of, from, to } => self.rename_value(of, from, to),
            }
        }
    }

    pub(super) fn changes(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::CreateEnum(name, values) => {
                    let (name, values) = (code::text(name), code::texts(values));
                    self.line(&format!("dialect::create_enum(manager, {name}, {values})"));
                }
                Change::DropEnum(name, _) => {
                    self.line(&format!("dialect::drop_enum(manager, {})", code::text(name)));
                }
                Change::ChangeEnum { name, to, .. } => self.change_enum(name, to),
                Change::CreateTable(table) => self.create_table(table),
                Change::DropTable(table) => {
                    self.line(&format!(
                        "manager.drop_table(Table::drop().table({}).take())",
                        code::text(&table.name)
                    ));
                }
                Change::Alter { from, to, steps } => self.alter_table(from, to, steps),
            }
        }
    }

    fn change_enum(&mut self, name: &str, values: &[String]) {
        let columns: Vec<String> = columns_of_enum(self.from, self.to, name)
            .iter()
            .map(|(table, column)| {
                let def = code::column(self.manner, self.to, column);
                let def = if column.default.is_some() { format!("{def}.take()") } else { def };
                format!("({}, {def})", code::text(&table.name))
            })
            .collect();
        let (name, values, columns) = (code::text(name), code::texts(values), columns.join(", "));
        self.line(&format!("dialect::change_enum(manager, {name}, {values}, vec![{columns}])"));
    }

    fn create_table(&mut self, table: &Table) {
        self.line(&format!("manager.create_table({})", code::table(self.manner, self.to, table)));
        for index in table.indexes.iter().filter(|index| !index.constraint) {
            self.add_index(&table.name, index);
        }
        self.comment_on_new(table);
    }

    fn add_index(&mut self, table: &str, index: &Index) {
        if index.constraint {
            let (table, name, columns) =
                (code::text(table), code::text(&index.name_on(table)), code::columns(index));
            self.line(&format!("dialect::add_unique(manager, {table}, {name}, {columns})"));
            return;
        }
        if self.manner.postgres && !index.is_plain() && index.clauses.len() + index.parts.len() > 0 {
            return self.add_detailed_index(table, index);
        }
        let made = code::index(table, index);
        self.line(&match &index.predicate {
            None => format!("manager.create_index({made})"),
            Some(predicate) => {
                let (unique, predicate) = (index.unique, code::text(predicate));
                format!("dialect::create_partial_index(manager, {made}, {unique}, {predicate})")
            }
        });
    }

    fn alter_table(&mut self, from: &Table, to: &Table, steps: &[TableChange]) {
        if !steps.iter().any(rebuild::needed) {
            self.steps(from, to, steps);
            return;
        }
        self.branches = true;
        let before = mem::take(&mut self.lines);
        self.rebuild(from, to, steps);
        let mut sqlite = mem::take(&mut self.lines);
        self.steps(from, to, steps);
        let mut others = mem::replace(&mut self.lines, before);
        // Lines that both begin or end with are written once.
        let head = sqlite.iter().zip(&others).take_while(|(one, other)| one == other).count();
        self.lines.extend(sqlite.drain(..head));
        others.drain(..head);
        let tail =
            sqlite.iter().rev().zip(others.iter().rev()).take_while(|(one, other)| one == other).count();
        let tail = sqlite.split_off(sqlite.len() - tail);
        others.truncate(others.len() - tail.len());
        self.lines.push(format!(
            "if manager.get_database_backend() == DbBackend::Sqlite {{\n{}\n}} else {{\n{}\n}}",
            sqlite.join("\n"),
            others.join("\n")
        ));
        self.lines.extend(tail);
    }

    /// The steps on databases that alter tables.
    fn steps(&mut self, from: &Table, to: &Table, steps: &[TableChange]) {
        let table = code::text(&to.name);
        for step in steps {
            match step {
                TableChange::DropForeignKey(key) => {
                    let name = code::text(&key.name_on(&from.name));
                    self.line(&format!("dialect::drop_foreign_key(manager, {table}, {name})"));
                }
                TableChange::DropCheck(check) => {
                    let name = code::text(check.name.as_deref().unwrap_or_default());
                    self.line(&format!("dialect::drop_check(manager, {table}, {name})"));
                }
                TableChange::DropIndex(index) => self.drop_index(to, index),
                TableChange::DropGenerated(column) => {
                    self.alter(&to.name, &format!("drop_column({})", code::text(&column.name)));
                }
                TableChange::AddColumn(column) => self.add_column(to, column),
                TableChange::AddGenerated { to: column, .. } => {
                    let column = code::column(self.manner, self.to, column);
                    self.alter(&to.name, &format!("add_column({column})"));
                }
                TableChange::ChangeComment { .. } => self.comment_on_table(to),
                TableChange::ChangeColumn { from: old, to: new } => {
                    if old.nullable && !new.nullable {
                        self.backfill(&to.name, new);
                    }
                    self.change_column(&to.name, old, new);
                    if old.comment != new.comment {
                        self.comment_on_column(to, new);
                    }
                }
                TableChange::ChangePrimaryKey { from: old, to: new } => {
                    let name = old.as_ref().or(new.as_ref()).and_then(|key| key.name.clone());
                    let name =
                        name.map_or_else(|| "None".to_owned(), |name| format!("Some({})", code::text(&name)));
                    let columns = code::texts(new.iter().flat_map(|key| &key.columns));
                    self.line(&format!("dialect::change_primary_key(manager, {table}, {name}, {columns})"));
                }
                TableChange::DropColumn(column) => {
                    self.alter(&to.name, &format!("drop_column({})", code::text(&column.name)));
                }
                TableChange::AddIndex(index) => self.add_index(&to.name, index),
                TableChange::AddCheck(check) => {
                    let name = code::text(check.name.as_deref().unwrap_or_default());
                    let condition = code::text(&check.condition);
                    self.line(&format!("dialect::add_check(manager, {table}, {name}, {condition})"));
                }
                TableChange::AddForeignKey(key) => {
                    self.line(&format!(
                        "manager.create_foreign_key({}.take())",
                        code::foreign_key(&to.name, key)
                    ));
                }
            }
        }
    }

    fn drop_index(&mut self, table: &Table, index: &Index) {
        let (of, name) = (code::text(&table.name), code::text(&index.name_on(&table.name)));
        let first = index.columns().next().unwrap_or_default();
        let leads = |other: &Index| other.columns().next() == Some(first);
        let leads_key = table.primary_key.as_ref().is_some_and(|key| key.columns[0] == first);
        let carried = leads_key || table.indexes.iter().any(leads);
        if table.foreign_keys.iter().any(|key| key.columns[0] == first) && !carried {
            self.line(&format!("dialect::keep_foreign_key_indexed(manager, {of}, {})", code::text(first)));
        }
        if index.constraint {
            let name = index
                .name
                .as_ref()
                .map_or_else(|| "None".to_owned(), |name| format!("Some({})", code::text(name)));
            let columns = code::columns(index);
            self.line(&format!("dialect::drop_unique(manager, {of}, {name}, {columns})"));
        } else {
            self.line(&format!("manager.drop_index(Index::drop().name({name}).table({of}).to_owned())"));
        }
    }

    fn add_column(&mut self, to: &Table, column: &Column) {
        let table = to.name.as_str();
        if is_simple(column) || column.generated.is_some() {
            self.alter(table, &format!("add_column({})", code::column(self.manner, self.to, column)));
        } else {
            let bare = bare(column);
            self.alter(table, &format!("add_column({})", code::column(self.manner, self.to, &bare)));
            if !column.nullable {
                self.backfill(table, column);
            }
            self.change_column(table, &bare, column);
        }
        if column.comment.is_some() {
            self.comment_on_column(to, column);
        }
    }

    fn change_column(&mut self, table: &str, old: &Column, new: &Column) {
        let (old, new) =
            (code::column(self.manner, self.enums_of(old), old), code::column(self.manner, self.to, new));
        let table = code::text(table);
        self.line(&format!("dialect::change_column(manager, {table}, {old}, {new})"));
    }

    /// The schema that knows the enum of a column.
    fn enums_of(&self, column: &Column) -> &Snapshot {
        match &column.kind {
            Kind::Enum(name) if !self.from.enums.contains_key(name) => self.to,
            _ => self.from,
        }
    }

    fn backfill(&mut self, table: &str, column: &Column) {
        let asked = self.backfills.get(&(table.to_owned(), column.name.clone())).or(column.default.as_ref());
        let sql = asked.cloned().or_else(|| fill::neutral(self.to, &column.kind));
        let Some(sql) = sql else { return };
        let value = fill::value(self.manner, &column.kind, &sql);
        let (table, name) = (code::text(table), code::text(&column.name));
        self.line(&format!("dialect::backfill(manager, {table}, {name}, {value})"));
    }
}
