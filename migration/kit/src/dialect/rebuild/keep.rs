//! What a rebuild keeps of the old table beyond the new definition, and what it would lose.

use super::definition::{Column, Constraint, Definition, Item, Kind, conflict, normal};
use crate::sql::definition::Clause;

/// The new table with the properties of the old one that SeaORM cannot express, unless they are `dropped`.
///
/// # Errors
/// Columns and constraints of the old table that the new one lacks and that are not `dropped`.
pub(super) fn keep(
    old: &Definition,
    new: &Definition,
    copied: &[&str],
    dropped: &[&str],
) -> Result<Definition, Vec<String>> {
    let dropped: Vec<String> = dropped.iter().map(|name| normal(name)).collect();
    let mut keep = Keep { old, new: new.clone(), dropped, lost: Vec::new() };
    for column in old.columns() {
        keep.column(column, copied);
    }
    for constraint in old.constraints() {
        keep.constraint(&constraint);
    }
    for option in ["STRICT", "WITHOUT ROWID"] {
        if old.has_option(option) && !keep.new.has_option(option) && !keep.is_dropped(option) {
            let comma = if keep.new.tail.is_empty() { "" } else { ", " };
            keep.new.tail = format!("{}{comma}{option}", keep.new.tail);
        }
    }
    if keep.lost.is_empty() { Ok(keep.new) } else { Err(keep.lost) }
}

struct Keep<'d> {
    old: &'d Definition,
    new: Definition,
    dropped: Vec<String>,
    lost: Vec<String>,
}

impl Keep<'_> {
    fn is_dropped(&self, label: &str) -> bool {
        self.dropped.contains(&normal(label))
    }

    fn lose(&mut self, label: String) {
        if !self.is_dropped(&label) {
            self.lost.push(label);
        }
    }

    fn column(&mut self, old: &Column, copied: &[&str]) {
        let name = &old.name;
        let Some(new) = self.new.column(name) else { return self.lose(name.clone()) };
        let is_generated = |column: &Column| column.get(Clause::Generated).is_some();
        if is_generated(old) && !is_generated(new) {
            self.lose(format!("GENERATED ({name})"));
        } else if !is_generated(old)
            && !is_generated(new)
            && !copied.iter().any(|column| column.eq_ignore_ascii_case(name))
        {
            return self.lose(name.clone());
        }
        let collation =
            old.get(Clause::Collate).filter(|collation| !collation.eq_ignore_ascii_case("COLLATE BINARY"));
        let refuses = old.get(Clause::Null).and_then(conflict);
        let drops = self.is_dropped(&format!("COLLATE ({name})"));
        let Some(new) = self.new.column_mut(name) else { return };
        if let Some(collation) = collation.filter(|_| new.get(Clause::Collate).is_none() && !drops) {
            new.clauses.push((Clause::Collate, collation.to_owned()));
        }
        let null = new.clauses.iter_mut().find(|(clause, text)| *clause == Clause::Null && text.len() > 4);
        if let (Some(conflict), Some((_, text))) = (refuses, null) {
            add_conflict(text, &conflict);
        }
    }

    /// The constraints of the new table that take the place of one of the old table.
    fn successors(&self, old: &Constraint) -> Vec<Constraint> {
        let of_columns = |constraint: &Constraint| {
            let mut columns = constraint.columns.clone();
            columns.sort();
            columns
        };
        let is_same = |new: &Constraint| match old.kind {
            Kind::Check => {
                new.kind == Kind::Check
                    && (new.body == old.body || (old.name.is_some() && new.name == old.name))
            }
            Kind::Unique => {
                matches!(new.kind, Kind::Unique | Kind::PrimaryKey) && of_columns(new) == of_columns(old)
            }
            Kind::ForeignKey | Kind::PrimaryKey => new.kind == old.kind && of_columns(new) == of_columns(old),
        };
        self.new.constraints().into_iter().filter(is_same).collect()
    }

    fn constraint(&mut self, old: &Constraint) {
        let same = self.successors(old);
        let Some(first) = same.first() else { return self.missing(old) };
        let place = first.place;
        if let Some(conflict) = old.conflict.as_ref().filter(|_| first.conflict.is_none())
            && let Some(text) = self.new.text_mut(place)
        {
            add_conflict(text, conflict);
        }
        match old.kind {
            Kind::ForeignKey => {
                let target = same.iter().find(|new| new.body == old.body && new.deferral.is_none());
                let label = format!("DEFERRABLE ({})", old.columns.join(", "));
                if let (Some(deferral), Some(target), false) =
                    (&old.deferral, target, self.is_dropped(&label))
                    && let Some(text) = self.new.text_mut(target.place)
                {
                    *text = format!("{text} {deferral}");
                }
            }
            Kind::PrimaryKey => self.count(old, place),
            Kind::Check | Kind::Unique => {}
        }
    }

    /// A constraint that the new table lacks. Constraints on a column that is dropped go with it, and the primary key is
    /// what the new definition says.
    fn missing(&mut self, old: &Constraint) {
        let mut on = self.old.columns().filter(|column| old.columns.contains(&column.name));
        let stays = on.all(|column| self.new.column(&column.name).is_some());
        if stays && old.kind != Kind::PrimaryKey && !self.is_dropped(&unnamed(old)) {
            self.lose(old.label());
        }
    }

    /// Keeps AUTOINCREMENT of a primary key.
    fn count(&mut self, old: &Constraint, place: (usize, Option<usize>)) {
        let counts = |text: &str| normal(text).ends_with("autoincrement");
        let [name] = &old.columns[..] else { return };
        let counted = self.old.column(name).and_then(|column| column.get(Clause::Key)).is_some_and(counts);
        if !counted || self.is_dropped("AUTOINCREMENT") || self.new.row_id().as_ref() != Some(name) {
            return;
        }
        match (place.1, self.new.text_mut(place)) {
            (Some(_), Some(text)) if !counts(text) => text.push_str(" AUTOINCREMENT"),
            (None, Some(_)) => {
                self.new.items.remove(place.0);
                if let Some(column) = self.new.column_mut(name) {
                    column.clauses.push((Clause::Key, "PRIMARY KEY AUTOINCREMENT".to_owned()));
                }
            }
            (Some(_), Some(_)) | (_, None) => {}
        }
    }
}

/// A constraint as it is called without a name.
fn unnamed(constraint: &Constraint) -> String {
    Constraint { name: None, ..constraint.clone() }.label()
}

fn add_conflict(text: &mut String, resolution: &str) {
    if conflict(text).is_some() {
        return;
    }
    let counted = text.to_uppercase().ends_with(" AUTOINCREMENT");
    let (clause, counted) =
        if counted { text.split_at(text.len() - " AUTOINCREMENT".len()) } else { (text.as_str(), "") };
    *text = format!("{clause} {resolution}{counted}");
}

impl Definition {
    /// The columns among `copied` that a statement can insert.
    pub(super) fn insertable<'c>(&self, copied: &[&'c str]) -> Vec<&'c str> {
        let generated = |name: &str| {
            let column = self.column(&name.to_lowercase());
            column.is_some_and(|column| column.get(Clause::Generated).is_some())
        };
        copied.iter().copied().filter(|name| !generated(name)).collect()
    }

    /// The name by which rows keep their ids in a copy from `old`, if they have ids of their own.
    pub(super) fn row_id_from(&self, old: Option<&Self>) -> Option<&'static str> {
        let without = |table: &Self| table.has_option("WITHOUT ROWID");
        if self.row_id().is_some() || without(self) || old.is_some_and(without) {
            return None;
        }
        let is_column =
            |name: &str| [Some(self), old].into_iter().flatten().any(|table| table.column(name).is_some());
        ["rowid", "_rowid_", "oid"].into_iter().find(|name| !is_column(name))
    }

    /// Whether a column counts its values up and never uses one again.
    pub(super) fn is_counted(&self) -> bool {
        self.items.iter().any(|item| match item {
            Item::Column(column) => {
                column.get(Clause::Key).is_some_and(|key| normal(key).ends_with("autoincrement"))
            }
            Item::Constraint(_) => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, p_id int REFERENCES p (id) DEFERRABLE \
        INITIALLY DEFERRED, name text NOT NULL ON CONFLICT IGNORE COLLATE NOCASE, n int CHECK (n > 0), \
        twice int AS (n * 2), CONSTRAINT uq UNIQUE (name, n) ON CONFLICT REPLACE) STRICT";
    const COPIED: &[&str] = &["id", "p_id", "name", "n"];

    fn kept(new: &str, copied: &[&str], dropped: &[&str]) -> Result<String, Vec<String>> {
        let (old, new) = (Definition::read(OLD).unwrap(), Definition::read(new).unwrap());
        keep(&old, &new, copied, dropped).map(|kept| kept.print())
    }

    #[test]
    fn what_the_new_definition_cannot_say_is_kept() {
        let new = "CREATE TABLE \"u\" (\"id\" integer NOT NULL PRIMARY KEY, \"p_id\" int, \"name\" text NOT NULL, \
            \"n\" bigint, \"twice\" int GENERATED ALWAYS AS (n * 2) VIRTUAL, UNIQUE (\"n\", \"name\"), \
            FOREIGN KEY (\"p_id\") REFERENCES \"p\" (\"id\") ON DELETE CASCADE, CHECK (\"n\">0))";
        assert_eq!(
            kept(new, COPIED, &[]).unwrap(),
            "CREATE TABLE \"u\" ( \"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"p_id\" int, \"name\" text \
             NOT NULL ON CONFLICT IGNORE COLLATE NOCASE, \"n\" bigint, \"twice\" int GENERATED ALWAYS AS (n * 2) \
             VIRTUAL, UNIQUE (\"n\", \"name\") ON CONFLICT REPLACE, FOREIGN KEY (\"p_id\") REFERENCES \"p\" (\"id\") \
             ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, CHECK (\"n\">0) ) STRICT"
        );
        let dropped = ["COLLATE (name)", "DEFERRABLE (p_id)", "AUTOINCREMENT", "strict"];
        let without = kept(new, COPIED, &dropped).unwrap();
        for word in ["NOCASE", "DEFERRABLE", "AUTOINCREMENT", "STRICT"] {
            assert!(!without.contains(word), "{without}");
        }
    }

    #[test]
    fn what_would_be_lost_is_named_unless_it_is_dropped() {
        let new = "CREATE TABLE u (id integer PRIMARY KEY, p_id int, name text, n int)";
        let lost = kept(new, &["id", "p_id", "n"], &[]).unwrap_err();
        assert_eq!(lost, ["name", "twice", "FOREIGN KEY (p_id)", "CHECK (n > 0)", "uq"]);
        kept(new, &["id", "p_id", "n"], &["name", "twice", "foreign key (\"p_id\")", "CHECK (n>0)", "uq"])
            .unwrap();
        // The constraints of a column go with it.
        let narrower = "CREATE TABLE u (id integer PRIMARY KEY, p_id int REFERENCES p, name text)";
        assert_eq!(kept(narrower, &["id", "p_id", "name"], &[]).unwrap_err(), ["n", "twice"]);
        kept(narrower, &["id", "p_id", "name"], &["n", "twice"]).unwrap();
    }

    #[test]
    fn a_changed_constraint_is_no_lost_one() {
        let old = Definition::read(
            "CREATE TABLE t (a int, b int, CONSTRAINT c CHECK (a > 0), FOREIGN KEY (b) REFERENCES p (id))",
        );
        let new =
            Definition::read("CREATE TABLE t (a int, b int REFERENCES q (id), CONSTRAINT c CHECK (a > 1))");
        keep(&old.unwrap(), &new.unwrap(), &["a", "b"], &[]).unwrap();
    }

    #[test]
    fn rows_keep_their_ids_under_a_name_that_is_free() {
        let read = |columns: &str| Definition::read(&format!("CREATE TABLE t ({columns}")).unwrap();
        assert_eq!(read("a int)").row_id_from(None), Some("rowid"));
        assert_eq!(read("a int)").row_id_from(Some(&read("a int, RowId int)"))), Some("_rowid_"));
        assert_eq!(read("a integer PRIMARY KEY)").row_id_from(None), None);
        assert_eq!(read("a int)").row_id_from(Some(&read("a int PRIMARY KEY) WITHOUT ROWID"))), None);
    }
}
