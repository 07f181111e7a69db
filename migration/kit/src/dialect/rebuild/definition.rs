//! The definition of a table of SQLite, as far as a rebuild compares it.

use sea_orm_migration::sea_orm::DbBackend;

use crate::sql::definition::{
    Clause, TableText, Word, clauses, column, covered, listed, parenthesised, unquoted, words,
};

const SQLITE: DbBackend = DbBackend::Sqlite;

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    head: String,
    pub(super) items: Vec<Item>,
    pub(super) tail: String,
}

/// An item in the parentheses of CREATE TABLE.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Column(Column),
    Constraint(String),
}

/// A column, its clauses in their order.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// As written.
    written: String,
    /// In lower case.
    pub(super) name: String,
    pub(super) clauses: Vec<(Clause, String)>,
}

/// Kind of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Check,
    ForeignKey,
    PrimaryKey,
    Unique,
}

/// A constraint, of a column or of the table.
#[derive(Debug, Clone)]
pub(super) struct Constraint {
    pub(super) kind: Kind,
    pub(super) name: Option<String>,
    /// In lower case; of a condition, all names in it.
    pub(super) columns: Vec<String>,
    /// The condition, or the table referred to.
    pub(super) body: String,
    /// `DEFERRABLE INITIALLY DEFERRED`.
    pub(super) deferral: Option<String>,
    /// `ON CONFLICT …`.
    pub(super) conflict: Option<String>,
    /// The item, and the clause if it belongs to a column.
    pub(super) place: (usize, Option<usize>),
}

impl Definition {
    pub(super) fn read(sql: &str) -> Option<Self> {
        let text = TableText::read(SQLITE, sql)?;
        let items = text.items.iter().map(|item| match column(SQLITE, item) {
            None => Item::Constraint(item.clone()),
            Some((name, definition)) => Item::Column(Column {
                written: item[..item.len() - definition.len()].trim().to_owned(),
                name: name.to_lowercase(),
                clauses: clauses(SQLITE, definition)
                    .into_iter()
                    .map(|(clause, text)| (clause, text.to_owned()))
                    .collect(),
            }),
        });
        Some(Self { items: items.collect(), head: text.head, tail: text.tail })
    }

    pub(super) fn print(&self) -> String {
        let items = self.items.iter().map(|item| match item {
            Item::Constraint(text) => text.clone(),
            Item::Column(column) => {
                let clauses = column.clauses.iter().map(|(_, text)| text.as_str());
                [column.written.as_str()].into_iter().chain(clauses).collect::<Vec<_>>().join(" ")
            }
        });
        TableText { head: self.head.clone(), items: items.collect(), tail: self.tail.clone() }.print()
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.items.iter().filter_map(|item| match item {
            Item::Column(column) => Some(column),
            Item::Constraint(_) => None,
        })
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns().find(|column| column.name == name)
    }

    pub(super) fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.items.iter_mut().find_map(|item| match item {
            Item::Column(column) if column.name == name => Some(column),
            Item::Column(_) | Item::Constraint(_) => None,
        })
    }

    pub(super) fn constraints(&self) -> Vec<Constraint> {
        let mut constraints = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            match item {
                Item::Constraint(text) => constraints.extend(constraint(text, None, (at, None))),
                Item::Column(column) => {
                    for (clause, (_, text)) in column.clauses.iter().enumerate() {
                        let place = (at, Some(clause));
                        constraints.extend(constraint(text, Some(&column.name), place));
                    }
                }
            }
        }
        constraints
    }

    /// The text of a constraint.
    pub(super) fn text_mut(&mut self, (item, clause): (usize, Option<usize>)) -> Option<&mut String> {
        match (self.items.get_mut(item)?, clause) {
            (Item::Constraint(text), None) => Some(text),
            (Item::Column(column), Some(clause)) => column.clauses.get_mut(clause).map(|(_, text)| text),
            (Item::Constraint(_), Some(_)) | (Item::Column(_), None) => None,
        }
    }

    /// Whether the table has an option, such as STRICT.
    pub(super) fn has_option(&self, option: &str) -> bool {
        normal(&self.tail).split(',').any(|found| found.trim() == option.to_lowercase())
    }

    /// The column that is another name of the row id.
    pub(super) fn row_id(&self) -> Option<String> {
        let key = self.constraints().into_iter().find(|key| key.kind == Kind::PrimaryKey)?;
        let [name] = &key.columns[..] else { return None };
        let integer =
            self.column(name)?.get(Clause::Type).is_some_and(|kind| kind.eq_ignore_ascii_case("integer"));
        let inline = key.place.1.and_then(|_| self.column(name)?.get(Clause::Key));
        let descends = inline.is_some_and(|key| normal(key).split(' ').any(|word| word == "desc"));
        (integer && !descends && !self.has_option("WITHOUT ROWID")).then(|| name.clone())
    }
}

impl Column {
    pub(super) fn get(&self, clause: Clause) -> Option<&str> {
        self.clauses.iter().find(|(found, _)| *found == clause).map(|(_, text)| text.as_str())
    }
}

fn constraint(sql: &str, column: Option<&str>, place: (usize, Option<usize>)) -> Option<Constraint> {
    let all = words(SQLITE, sql);
    let (name, words) = match &all[..] {
        [first, name, rest @ ..] if first.is("CONSTRAINT") => (Some(unquoted(name.text)), rest),
        rest => (None, rest),
    };
    let inner = parenthesised(words).map(|(inner, _)| inner).unwrap_or_default();
    let own = || match column {
        Some(column) => vec![column.to_owned()],
        None => listed(inner).iter().filter_map(|key| key.first()).map(lower).collect(),
    };
    let (kind, columns, body) = match words.first()?.text.to_uppercase().as_str() {
        "CHECK" => (Kind::Check, inner.iter().map(lower).collect(), normal(covered(sql, inner))),
        "PRIMARY" => (Kind::PrimaryKey, own(), String::new()),
        "UNIQUE" => (Kind::Unique, own(), String::new()),
        "FOREIGN" | "REFERENCES" => {
            let at = words.iter().position(|word| word.is("REFERENCES"))?;
            (Kind::ForeignKey, own(), lower(words.get(at + 1)?))
        }
        _ => return None,
    };
    let deferral = words.iter().position(|word| word.is("DEFERRABLE") && word.depth == 0);
    let deferral = deferral.filter(|at| *at == 0 || !words[at - 1].is("NOT"));
    Some(Constraint {
        kind,
        name,
        columns,
        body,
        deferral: deferral.map(|at| covered(sql, &words[at..words.len().min(at + 3)]).to_owned()),
        conflict: conflict(sql),
        place,
    })
}

/// The resolution of conflicts in a clause.
pub(super) fn conflict(sql: &str) -> Option<String> {
    let words = words(SQLITE, sql);
    let at = words.windows(2).position(|two| two[0].is("ON") && two[1].is("CONFLICT"))?;
    Some(covered(sql, &words[at..words.len().min(at + 3)]).to_owned())
}

impl Constraint {
    /// How an error names it, and a migration that drops it.
    pub(super) fn label(&self) -> String {
        let columns = self.columns.join(", ");
        match (&self.name, self.kind) {
            (Some(name), _) => name.clone(),
            (None, Kind::Check) => format!("CHECK ({})", self.body),
            (None, Kind::ForeignKey) => format!("FOREIGN KEY ({columns})"),
            (None, Kind::PrimaryKey) => format!("PRIMARY KEY ({columns})"),
            (None, Kind::Unique) => format!("UNIQUE ({columns})"),
        }
    }
}

fn lower(word: &Word<'_>) -> String {
    unquoted(word.text).to_lowercase()
}

/// SQL without white space, the quotes and case of names, and parentheses around the whole.
pub(super) fn normal(sql: &str) -> String {
    let words = words(SQLITE, sql);
    let mut words = &words[..];
    while let [first, inner @ .., last] = words
        && first.text == "("
        && last.text == ")"
        && !inner.iter().any(|word| word.depth == first.depth)
    {
        words = inner;
    }
    let mut printed = String::new();
    for word in words {
        let tight = printed.ends_with(['<', '>', '!', '=', '|']) && "<>=|".contains(word.text);
        if !(printed.is_empty() || tight) {
            printed.push(' ');
        }
        if word.text.starts_with('\'') {
            printed.push_str(word.text);
        } else {
            printed.push_str(&lower(word));
        }
    }
    printed.replace("!=", "<>").replace("==", "=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_found_in_columns_and_beside_them() {
        let table = Definition::read(
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, p_id int CONSTRAINT fk REFERENCES \"P\" (id) \
             DEFERRABLE INITIALLY DEFERRED, \"n\" int CHECK (((n != 1))), UNIQUE (n, p_id) ON CONFLICT IGNORE, \
             CONSTRAINT f FOREIGN KEY (n) REFERENCES q NOT DEFERRABLE) WITHOUT ROWID, STRICT",
        )
        .unwrap();
        let found: Vec<_> = table.constraints().iter().map(Constraint::label).collect();
        assert_eq!(found, ["PRIMARY KEY (id)", "fk", "CHECK (n <> 1)", "UNIQUE (n, p_id)", "f"]);
        let constraints = table.constraints();
        assert_eq!(constraints[1].deferral.as_deref(), Some("DEFERRABLE INITIALLY DEFERRED"));
        assert_eq!((constraints[1].body.as_str(), &constraints[4].deferral), ("p", &None));
        assert_eq!(constraints[3].conflict.as_deref(), Some("ON CONFLICT IGNORE"));
        assert!(table.has_option("STRICT") && table.has_option("WITHOUT ROWID"));
        assert_eq!(table.row_id(), None);
        let plain = Definition::read("CREATE TABLE t (a text, \"Id\" integer, PRIMARY KEY (Id))").unwrap();
        assert_eq!(plain.row_id().as_deref(), Some("id"));
        assert_eq!(plain.print(), "CREATE TABLE t ( a text, \"Id\" integer, PRIMARY KEY (Id) )");
    }

    #[test]
    fn conditions_read_alike_however_they_are_written() {
        for sql in ["(\"Weight\">=1 AND state IN ('New'))", "weight >= 1 and (state) in('New')"] {
            let normal = normal(sql).replace("( state )", "state");
            assert_eq!(normal, "weight >= 1 and state in ( 'New' )");
        }
        assert_eq!(normal("(a) = (b)"), "( a ) = ( b )");
    }
}
