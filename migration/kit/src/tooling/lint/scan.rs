//! Applies the rules of our own to the statements of a migration.

use std::collections::HashSet;

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{ObjectType, Statement as Sql};

use super::{
    Broken, Found,
    rebuild::{self, Rebuild},
    rules,
};
use crate::{
    Rule,
    run::recorder::Recorded,
    snapshot::{
        Snapshot,
        fold::{in_a_line, last, parse},
    },
};

mod alter;
mod rows;

/// Where in a migration we are.
struct Scan<'s> {
    backend: DbBackend,
    /// The schema before the statement.
    schema: &'s mut Snapshot,
    /// Tables that this migration has created.
    created: HashSet<String>,
    /// Columns that it has added: the table, and the column.
    added: HashSet<(String, String)>,
    rebuilds: Vec<Rebuild>,
    /// Whether MariaDB skips the check of references or conditions.
    unchecked: bool,
    at: usize,
    text: String,
    found: Found,
}

/// Finds the rules that a migration breaks, and follows its statements in `schema`.
pub(super) fn migration(backend: DbBackend, migration: &Recorded, schema: &mut Snapshot) -> Found {
    let parsed: Vec<_> =
        migration.statements.iter().map(|statement| parse(backend, &statement.sql).ok()).collect();
    let places: Vec<(usize, Sql)> = parsed
        .iter()
        .enumerate()
        .flat_map(|(at, parsed)| parsed.iter().flatten().map(move |sql| (at, sql.clone())))
        .collect();
    let mut scan = Scan {
        backend,
        schema,
        created: HashSet::new(),
        added: HashSet::new(),
        rebuilds: rebuild::find(&places),
        unchecked: false,
        at: 0,
        text: String::new(),
        found: Found::default(),
    };
    let mut changes = 0;
    for (at, (statement, parsed)) in migration.statements.iter().zip(&parsed).enumerate() {
        scan.at = at;
        scan.text = in_a_line(&statement.sql);
        match parsed {
            Some(parsed) => parsed.iter().for_each(|sql| scan.statement(sql)),
            None => scan.unread(&statement.sql),
        }
        if parsed.as_ref().is_some_and(|parsed| parsed.iter().all(is_ours)) {
            scan.found.read.push(at);
        }
        changes += u32::from(changes_schema(&statement.sql));
        if backend == DbBackend::MySql && changes == 2 {
            scan.broken(Rule::SeveralChanges);
            changes += 1;
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

fn changes_schema(sql: &str) -> bool {
    let word = sql.split_whitespace().next().unwrap_or_default();
    ["create", "alter", "drop", "rename"].iter().any(|verb| word.eq_ignore_ascii_case(verb))
}

impl Scan<'_> {
    fn broken(&mut self, rule: Rule) {
        let known = self.found.broken.iter().any(|broken| broken.at == self.at && broken.rule == rule);
        if let Some(explanation) = rules::find(&rule, self.backend).filter(|_| !known) {
            self.found.broken.push(Broken {
                at: self.at,
                rule,
                level: explanation.level,
                statement: self.text.clone(),
                why: explanation.why.to_owned(),
                instead: explanation.instead.to_owned(),
            });
        }
    }

    fn is_new(&self, table: &str) -> bool {
        self.created.contains(table)
    }

    fn statement(&mut self, sql: &Sql) {
        match sql {
            Sql::CreateTable(create) => {
                self.created.insert(last(&create.name));
            }
            Sql::AlterTable(alter) => self.alter(alter),
            Sql::RenameTable(_) => self.renamed(sql),
            Sql::Drop { object_type: ObjectType::Table, names, temporary: false, .. } => {
                for name in names {
                    self.dropped(&last(name));
                }
            }
            Sql::Drop { object_type: ObjectType::Schema, .. } => self.broken(Rule::BanDropSchema),
            Sql::Drop { object_type: ObjectType::Database, .. } => self.broken(Rule::BanDropDatabase),
            Sql::Truncate(truncate) => self.truncate(truncate),
            Sql::Delete(delete) => self.delete(delete),
            Sql::Update(update) => self.update(update),
            Sql::Set(set) => self.set(&set.to_string()),
            _ => {}
        }
    }

    fn dropped(&mut self, table: &str) {
        if self.is_new(table) {
            return;
        }
        let rebuild = self.rebuilds.iter().find(|rebuild| rebuild.at == self.at && rebuild.dropped == table);
        let old = self.schema.table(table);
        let (Some(rebuild), Some(old)) = (rebuild, old) else {
            return self.broken(Rule::BanDropTable);
        };
        let kept = |name: &str| match &rebuild.copied {
            None => true,
            Some(copied) => copied.iter().any(|(column, _)| column == name),
        };
        let added = |name: &str| self.added.contains(&(rebuild.name.clone(), name.to_owned()));
        let lost = old
            .columns
            .iter()
            .any(|column| column.generated.is_none() && !kept(&column.name) && !added(&column.name));
        let renamed = rebuild.copied.iter().flatten().any(|(column, new)| {
            new.as_ref().is_some_and(|new| new != column) && old.column(column).is_some()
        });
        if lost {
            self.broken(Rule::BanDropColumn);
        }
        if renamed {
            self.broken(Rule::RenamingColumn);
        }
        self.broken(Rule::RebuildingTable);
    }

    /// A table that gets another name, unless that is part of a rebuild.
    fn renamed(&mut self, sql: &Sql) {
        for (old, new) in rebuild::renames(sql) {
            let part = self.rebuilds.iter().any(|rebuild| rebuild.name == new || rebuild.name == old);
            if !part && !self.is_new(&old) {
                self.broken(Rule::RenamingTable);
            }
            if self.created.remove(&old) {
                self.created.insert(new);
            }
        }
    }

    fn set(&mut self, sql: &str) {
        let sql = sql.to_lowercase();
        if sql.contains("foreign_key_checks") || sql.contains("check_constraint_checks") {
            self.unchecked = sql.ends_with('0') || sql.ends_with("off");
        }
    }

    /// Statements outside the parser's grammar, by their words.
    fn unread(&mut self, sql: &str) {
        let words: Vec<String> = sql.split_whitespace().map(str::to_uppercase).collect();
        let has = |these: &[&str]| words.windows(these.len()).any(|words| words == these);
        let starts = |verb: &str| words.first().is_some_and(|word| word == verb);
        if starts("ALTER") && (has(&["CONVERT", "TO", "CHARACTER"]) || has(&["CONVERT", "TO", "CHARSET"])) {
            self.broken(Rule::ConvertingCharacterSet);
        } else if starts("CREATE") && (has(&["FULLTEXT", "INDEX"]) || has(&["SPATIAL", "INDEX"])) {
            self.broken(Rule::RequireConcurrentIndexCreation);
        } else if !(starts("PRAGMA")
            || starts("SET")
            || starts("CREATE")
                && ["TRIGGER", "FUNCTION", "PROCEDURE", "VIEW"]
                    .iter()
                    .any(|kind| words.iter().take(6).any(|word| word == kind)))
        {
            self.broken(Rule::UnreadStatement);
        }
    }
}
