//! Goes through the statements of a migration, and asks each rule of ours about each of them.

use std::collections::HashSet;

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{self, AlterTableOperation as Operation, ObjectType, Statement as Sql};

use super::{
    Broken, Found, key,
    rebuild::{self, Rebuild},
    rules,
};
use crate::{
    Rule,
    run::recorder::Recorded,
    snapshot::{
        Snapshot, Table,
        fold::{in_a_line, parse},
    },
};

mod change;

pub(super) use change::Changed;

/// A part of a migration about which rules are asked.
#[derive(Debug)]
pub(super) enum Part<'p> {
    /// A statement. An ALTER TABLE has one operation; one with several becomes as many.
    Parsed(&'p Sql),
    /// A statement outside the parser's grammar, by its words in capitals.
    Words(&'p [String]),
}

/// The place in a migration, with the state before it.
#[derive(Debug)]
pub(super) struct Scan<'s> {
    pub(super) backend: DbBackend,
    /// The schema before the statement.
    pub(super) schema: &'s mut Snapshot,
    /// The schema after the migration.
    pub(super) end: Snapshot,
    /// All statements of the migration, each with its place.
    pub(super) statements: Vec<(usize, Sql)>,
    /// Which statement it is.
    pub(super) at: usize,
    /// Changes of the schema, this statement included.
    pub(super) changes: u32,
    /// Whether this statement is one.
    pub(super) changes_here: bool,
    /// Whether this statement changes rows, and whether an earlier one did.
    pub(super) rows: (bool, bool),
    /// Whether the migration runs outside a transaction.
    pub(super) bare: bool,
    /// Whether MariaDB skips the check of references.
    pub(super) unchecked: bool,
    /// The column that the part redefines.
    pub(super) changed: Option<Changed>,
    /// Tables that this migration has created.
    created: HashSet<String>,
    /// Columns that it has added: the table, and the column.
    added: HashSet<(String, String)>,
    rebuilds: Vec<Rebuild>,
    text: String,
    found: Found,
}

/// Finds the rules that a migration breaks, and follows its statements in `schema`.
pub(super) fn migration(backend: DbBackend, migration: &Recorded, schema: &mut Snapshot) -> Found {
    let parsed: Vec<Option<Vec<Sql>>> =
        migration.statements.iter().map(|statement| parse(backend, &statement.sql).ok()).collect();
    let mut scan = Scan::new(backend, migration, &parsed, schema);
    for (at, (statement, parsed)) in migration.statements.iter().zip(&parsed).enumerate() {
        scan.begin(at, &statement.sql);
        match parsed {
            Some(parsed) => parsed.iter().for_each(|sql| scan.statement(sql)),
            None => scan.words(&statement.sql),
        }
        if parsed.as_ref().is_some_and(|parsed| parsed.iter().all(is_ours)) {
            scan.found.read.push(at);
        }
        scan.schema.apply(backend, &statement.sql);
    }
    scan.found
}

/// Whether our rules cover this kind of statement completely.
fn is_ours(sql: &Sql) -> bool {
    matches!(
        sql,
        Sql::AlterTable(_)
            | Sql::Drop { object_type: ObjectType::Table | ObjectType::Schema | ObjectType::Database, .. }
    )
}

impl<'s> Scan<'s> {
    fn new(
        backend: DbBackend,
        migration: &Recorded,
        parsed: &[Option<Vec<Sql>>],
        schema: &'s mut Snapshot,
    ) -> Self {
        let places = parsed.iter().enumerate();
        let statements: Vec<(usize, Sql)> = places
            .flat_map(|(at, parsed)| parsed.iter().flatten().map(move |sql| (at, sql.clone())))
            .collect();
        let mut end = schema.clone();
        for statement in &migration.statements {
            end.apply(backend, &statement.sql);
        }
        Self {
            backend,
            schema,
            end,
            rebuilds: rebuild::find(backend, &statements),
            statements,
            at: 0,
            changes: 0,
            changes_here: false,
            rows: (false, false),
            bare: migration.transaction == Some(false),
            unchecked: false,
            changed: None,
            created: HashSet::new(),
            added: HashSet::new(),
            text: String::new(),
            found: Found::default(),
        }
    }

    fn begin(&mut self, at: usize, sql: &str) {
        let word = sql.split_whitespace().next().unwrap_or_default();
        let begins = |verbs: &[&str]| verbs.iter().any(|verb| word.eq_ignore_ascii_case(verb));
        self.at = at;
        self.text = in_a_line(sql);
        self.changes_here = begins(&["create", "alter", "drop", "rename"]);
        self.changes += u32::from(self.changes_here);
        self.rows = (begins(&["insert", "update", "delete", "replace"]), self.rows.0 || self.rows.1);
    }

    fn statement(&mut self, sql: &Sql) {
        match sql {
            Sql::AlterTable(alter) if alter.operations.len() > 1 => {
                for operation in &alter.operations {
                    let operations = vec![operation.clone()];
                    self.part(&Sql::AlterTable(ast::AlterTable { operations, ..alter.clone() }));
                }
            }
            sql => self.part(sql),
        }
    }

    fn part(&mut self, sql: &Sql) {
        self.changed = self.change_of(sql);
        self.ask(&Part::Parsed(sql));
        self.follow(sql);
    }

    fn words(&mut self, sql: &str) {
        let words: Vec<String> = sql.split_whitespace().map(str::to_uppercase).collect();
        self.ask(&Part::Words(&words));
    }

    fn ask(&mut self, part: &Part<'_>) {
        for rule in Rule::ALL {
            let page = rules::page(*rule);
            if page.find_on(self.backend).is_some_and(|find| find(self, part)) {
                self.broken(*rule);
            }
        }
    }

    fn broken(&mut self, rule: Rule) {
        let known = self.found.broken.iter().any(|broken| broken.at == self.at && broken.rule == rule);
        if let Some(effect) = rules::page(rule).effect(self.backend).filter(|_| !known) {
            self.found.broken.push(Broken { at: self.at, rule, effect, statement: self.text.clone() });
        }
    }

    /// Keeps the state that later parts depend on.
    fn follow(&mut self, sql: &Sql) {
        match sql {
            Sql::CreateTable(create) => {
                let table = self.key(&create.name);
                // IF NOT EXISTS leaves an old table as it is.
                if self.schema.table(&table).is_none() {
                    self.created.insert(table);
                }
            }
            Sql::AlterTable(alter) => {
                for operation in &alter.operations {
                    if let Operation::AddColumn { column_def, .. } = operation {
                        self.added.insert((self.key(&alter.name), column_def.name.value.clone()));
                    }
                }
            }
            // From here on, the rows of the dropped table are in its successor only.
            Sql::Drop { object_type: ObjectType::Table, .. } => {
                for rebuild in self.rebuilds.iter().filter(|rebuild| rebuild.at == self.at) {
                    self.created.remove(&rebuild.successor);
                }
            }
            Sql::Set(set) => {
                let sql = set.to_string().to_lowercase();
                if sql.contains("foreign_key_checks") {
                    self.unchecked = sql.ends_with('0') || sql.ends_with("off");
                }
            }
            _ => {}
        }
        for (old, new) in rebuild::renames(self.backend, sql) {
            if self.created.remove(&old) {
                self.created.insert(new);
            }
        }
    }

    /// The name of a table, as schemas are searched by it.
    pub(super) fn key(&self, name: &ast::ObjectName) -> String {
        key(self.backend, name)
    }

    /// Whether this migration has created the table.
    pub(super) fn is_new(&self, table: &str) -> bool {
        self.created.contains(table)
    }

    /// Whether this migration has added the column.
    pub(super) fn is_added(&self, table: &str, column: &str) -> bool {
        self.added.contains(&(table.to_owned(), column.to_owned()))
    }

    /// Table and operation of a part that alters a table of an earlier migration.
    pub(super) fn altered<'p>(&self, part: &'p Part<'_>) -> Option<(String, &'p Operation)> {
        let Part::Parsed(Sql::AlterTable(alter)) = part else { return None };
        let table = self.key(&alter.name);
        let operation = alter.operations.first()?;
        (!self.is_new(&table)).then_some((table, operation))
    }

    /// The tables of earlier migrations that a part drops.
    pub(super) fn dropped(&self, part: &Part<'_>) -> Vec<String> {
        let Part::Parsed(Sql::Drop { object_type: ObjectType::Table, names, temporary: false, .. }) = part
        else {
            return Vec::new();
        };
        names.iter().map(|name| self.key(name)).filter(|table| !self.is_new(table)).collect()
    }

    /// The rebuild to which the drop of a table belongs, with the table.
    pub(super) fn rebuild_of(&self, dropped: &str) -> Option<(&Rebuild, &Table)> {
        let belongs = |rebuild: &&Rebuild| rebuild.at == self.at && rebuild.dropped == dropped;
        Some((self.rebuilds.iter().find(belongs)?, self.schema.table(dropped)?))
    }

    /// Whether a table takes part in a rebuild.
    pub(super) fn is_rebuilt(&self, table: &str) -> bool {
        self.rebuilds.iter().any(|rebuild| rebuild.name == table)
    }

    /// The statements after this one.
    pub(super) fn later(&self) -> impl Iterator<Item = &Sql> {
        self.statements.iter().filter(|(at, _)| *at > self.at).map(|(_, sql)| sql)
    }
}

impl Part<'_> {
    /// Whether it is outside the grammar, begins with this word, and has these words in a row.
    pub(super) fn says(&self, verb: &str, phrase: &[&str]) -> bool {
        match self {
            Part::Parsed(_) => false,
            Part::Words(words) => {
                words.first().is_some_and(|word| word == verb)
                    && (phrase.is_empty() || words.windows(phrase.len()).any(|words| words == phrase))
            }
        }
    }
}
