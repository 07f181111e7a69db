//! The definition of a column of MariaDB / MySQL, clause by clause.

use std::collections::BTreeMap;

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use super::meaning::{is_now, meaning};
use crate::{
    dialect::enums,
    sql::definition::{Clause, TableText, clauses, words},
};

/// Every clause, in the order in which they are written.
const CLAUSES: [Clause; 16] = [
    Clause::Type,
    Clause::Compressed,
    Clause::CharacterSet,
    Clause::Collate,
    Clause::Generated,
    Clause::Null,
    Clause::Visible,
    Clause::Versioning,
    Clause::Default,
    Clause::OnUpdate,
    Clause::AutoIncrement,
    Clause::Hint,
    Clause::Key,
    Clause::References,
    Clause::Comment,
    Clause::Check,
];

/// Types of text, which have a character set.
const TEXTS: [&str; 8] = ["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"];

/// The definition of a column, by its clauses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Definition(BTreeMap<Clause, String>);

impl Definition {
    pub(super) fn read(definition: &str) -> Self {
        let mut read = Self::default();
        for (clause, text) in clauses(DatabaseBackend::MySql, definition) {
            let read = read.0.entry(clause).or_default();
            if !read.is_empty() {
                read.push(' ');
            }
            read.push_str(text);
        }
        read
    }

    /// The definition of a column in the words of SeaORM.
    pub(super) fn of(mut column: ColumnDef) -> Self {
        enums::spell(&mut column);
        let alter = Table::alter().table("t").modify_column(column).to_string(MysqlQueryBuilder);
        // ALTER TABLE `t` MODIFY COLUMN `c` …
        let first = words(DatabaseBackend::MySql, &alter).get(6).map_or(alter.len(), |word| word.at);
        Self::read(&alter[first..])
    }

    /// The definition of a column in CREATE TABLE.
    pub(super) fn in_table(create: &str, column: &str) -> Option<Self> {
        let table = TableText::read(DatabaseBackend::MySql, create)?;
        table.column(DatabaseBackend::MySql, column).map(Self::read)
    }

    fn get(&self, clause: Clause) -> Option<&str> {
        self.0.get(&clause).map(String::as_str)
    }

    pub(super) fn set(&mut self, clause: Clause, text: Option<&str>) {
        match text {
            Some(text) => self.0.insert(clause, text.to_owned()),
            None => self.0.remove(&clause),
        };
    }

    /// The present definition with the changes from one to another.
    pub(super) fn changed(&self, from: &Self, to: &Self) -> Self {
        let mut changed = Self::default();
        for clause in CLAUSES {
            let [now, old, new] = [self, from, to].map(|definition| definition.meaning(clause));
            let text = match (old == new, now == new) {
                // In the words of the migration where the database means the same.
                (true, false) => self.get(clause),
                (true, true) | (false, _) => to.get(clause),
            };
            changed.set(clause, text);
        }
        if from.meaning(Clause::Key) == to.meaning(Clause::Key) {
            changed.set(Clause::Key, None);
        }
        changed.without_remains(self, from, to)
    }

    /// Whatever it does not say is as present: this is the end of a change of which only the statement is known.
    pub(super) fn completed(&self, present: &Self) -> Self {
        let mut completed = self.clone();
        for clause in CLAUSES {
            match clause {
                Clause::Type
                | Clause::Null
                | Clause::Default
                | Clause::AutoIncrement
                | Clause::Generated
                | Clause::Key
                | Clause::References => {}
                Clause::Compressed
                | Clause::CharacterSet
                | Clause::Collate
                | Clause::Visible
                | Clause::Versioning
                | Clause::OnUpdate
                | Clause::Hint
                | Clause::Comment
                | Clause::Check => {
                    let text = self.get(clause).or_else(|| present.get(clause));
                    completed.set(clause, text);
                }
            }
        }
        completed.without_remains(present, present, self)
    }

    /// Without clauses of the present definition that belong to what has changed.
    fn without_remains(mut self, present: &Self, from: &Self, to: &Self) -> Self {
        let is_json = |definition: &Self| definition.type_name() == "json";
        if !TEXTS.contains(&self.type_name().as_str()) {
            self.set(Clause::CharacterSet, None);
            self.set(Clause::Collate, None);
        }
        // A character set has collations of its own, and a collation decides the character set.
        let is_new = |clause| to.get(clause).is_some() && to.meaning(clause) != present.meaning(clause);
        if is_new(Clause::CharacterSet) && !is_new(Clause::Collate) {
            self.set(Clause::Collate, None);
        } else if is_new(Clause::Collate) && !is_new(Clause::CharacterSet) {
            self.set(Clause::CharacterSet, None);
        }
        if is_json(from) && !is_json(to) && self.get(Clause::Check).is_some_and(|c| c.contains("json_valid("))
        {
            self.set(Clause::Check, None);
        }
        if self.get(Clause::Generated).is_some() {
            self.set(Clause::Null, None);
            self.set(Clause::Default, None);
        }
        if self.get(Clause::Default).is_some_and(|default| default.eq_ignore_ascii_case("DEFAULT NULL")) {
            self.set(Clause::Default, None);
        }
        self
    }

    /// With the moments that the type can have.
    ///
    /// # Errors
    /// [`DbErr::Migration`] if the type cannot have ON UPDATE.
    pub(super) fn fitted(mut self, table: &str, column: &str) -> Result<Self, DbErr> {
        let kind = self.type_name();
        let is_moment = kind == "datetime" || kind == "timestamp";
        if let Some(update) = self.get(Clause::OnUpdate).filter(|_| !is_moment) {
            return Err(DbErr::Migration(format!(
                "column {table}.{column} has {update}, which a column of type {kind} cannot have: drop that first"
            )));
        }
        let digits = self.get(Clause::Type).and_then(|text| text.split_once('(')).map(|(_, digits)| digits);
        let digits = digits.and_then(|digits| digits.split_once(')')).map_or("", |(digits, _)| digits.trim());
        let now = if digits.is_empty() {
            "current_timestamp()".to_owned()
        } else {
            format!("current_timestamp({digits})")
        };
        for (clause, verb) in [(Clause::Default, "default "), (Clause::OnUpdate, "on update ")] {
            let old = self.meaning(clause).unwrap_or_default();
            let old = old.strip_prefix(verb).filter(|_| is_moment);
            if old.is_some_and(|old| is_now(old) && old != now) {
                self.set(clause, Some(&format!("{}{now}", verb.to_uppercase())));
            }
        }
        if self.get(Clause::Null).is_none() && self.get(Clause::Generated).is_none() {
            // A `timestamp` that does not say so may be NOT NULL.
            self.set(Clause::Null, Some("NULL"));
        }
        Ok(self)
    }

    /// The first word of the type.
    fn type_name(&self) -> String {
        let kind = self.meaning(Clause::Type).unwrap_or_default();
        kind.split(['(', ' ']).next().unwrap_or_default().to_owned()
    }

    fn meaning(&self, clause: Clause) -> Option<String> {
        meaning(clause, self.get(clause))
    }

    pub(super) fn print(&self) -> String {
        self.0.values().map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::schema::*;

    use super::*;

    /// The definition after a change, for a present one.
    pub(super) fn changed(present: &str, from: impl IntoColumnDef, to: impl IntoColumnDef) -> String {
        let (from, to) = (Definition::of(from.into_column_def()), Definition::of(to.into_column_def()));
        let changed = Definition::read(present).changed(&from, &to);
        changed.fitted("notes", "title").map_or_else(|error| error.to_string(), |fitted| fitted.print())
    }

    #[test]
    fn a_change_touches_only_what_it_is_about() {
        let length = |length| string_len("title", length);
        for (present, from, to, expected) in [
            (
                "varchar(50) CHARACTER SET latin1 COLLATE latin1_german1_ci DEFAULT 'it''s' COMMENT 'a \\'b'",
                string_len_null("title", 50),
                length(80),
                "varchar(80) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL DEFAULT 'it''s' COMMENT 'a \\'b'",
            ),
            (
                "bigint(20) unsigned NOT NULL DEFAULT 7 INVISIBLE CHECK (`title` > 0)",
                big_integer("title"),
                big_integer("title").default(9).take(),
                "bigint(20) unsigned NOT NULL INVISIBLE DEFAULT 9 CHECK (`title` > 0)",
            ),
            (
                "varchar(9) /*M!100301 COMPRESSED*/ NOT NULL DEFAULT (concat('a', uuid()))",
                length(9),
                string_len_null("title", 9),
                "varchar(9) /*M!100301 COMPRESSED*/ NULL DEFAULT (concat('a', uuid()))",
            ),
            (
                "int(11) GENERATED ALWAYS AS (`a` + 1) VIRTUAL COMMENT 'one more'",
                integer_null("title").generated(Expr::cust("`a` + 1"), false).take(),
                big_integer_null("title").generated(Expr::cust("`a` + 1"), false).take(),
                "bigint GENERATED ALWAYS AS (`a` + 1) VIRTUAL COMMENT 'one more'",
            ),
            (
                "bigint(20) NOT NULL AUTO_INCREMENT COMMENT 'x'",
                big_integer("title").auto_increment().primary_key().take(),
                integer("title").auto_increment().primary_key().take(),
                "int NOT NULL AUTO_INCREMENT COMMENT 'x'",
            ),
            (
                "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`title`))",
                json_null("title"),
                text("title"),
                "text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
            ),
            (
                "varchar(9) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL COMMENT 'n'",
                string_len_null("title", 9),
                integer_null("title"),
                "int NULL COMMENT 'n'",
            ),
            (
                "varchar(9) COLLATE utf8mb4_bin NOT NULL COMMENT 'old'",
                length(9).comment("old").take(),
                length(9).comment("new").extra("COLLATE utf8mb4_general_ci").take(),
                "varchar(9) COLLATE utf8mb4_general_ci NOT NULL COMMENT 'new'",
            ),
        ] {
            assert_eq!(changed(present, from, to), expected, "{present}");
        }
    }

    #[test]
    fn a_moment_has_the_digits_of_its_type() {
        let present = "datetime DEFAULT current_timestamp() ON UPDATE current_timestamp()";
        let six = ColumnDef::new("title").custom("datetime(6)").not_null().take();
        assert_eq!(
            changed(present, date_time_null("title"), six),
            "datetime(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)"
        );
        let stamped = date_time("title").default(Expr::current_timestamp()).take();
        assert_eq!(
            changed(
                "datetime(3) DEFAULT NULL ON UPDATE current_timestamp(3)",
                date_time_null("title"),
                stamped
            ),
            "datetime(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3)"
        );
        let refused = changed(present, date_time_null("title"), text("title"));
        assert!(refused.contains("column notes.title has ON UPDATE current_timestamp()"), "{refused}");
    }
}
