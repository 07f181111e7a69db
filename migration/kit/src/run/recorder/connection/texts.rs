//! CREATE TABLE and CREATE INDEX in the words in which a database returns them, for functions that read them back.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::DbBackend;

use crate::sql::definition::{TableText, Word, column, covered, listed, parenthesised, unquoted, words};

/// The statements behind tables and indexes.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    tables: BTreeMap<String, TableText>,
    /// Of SQLite, by their names: the table, and the statement.
    indexes: BTreeMap<String, (String, String)>,
}

impl Texts {
    /// CREATE TABLE of a table, as its changes leave it.
    pub(super) fn table(&self, name: &str) -> Option<String> {
        self.tables.get(name).map(TableText::print)
    }

    /// CREATE INDEX of an index.
    pub(super) fn index(&self, name: &str) -> Option<&str> {
        self.indexes.get(name).map(|(_, sql)| sql.as_str())
    }

    /// Follows a statement.
    pub(super) fn follow(&mut self, backend: DbBackend, sql: &str) {
        let words = words(backend, sql);
        let mut rest = Rest(&words);
        if rest.take("CREATE") {
            self.create(backend, sql, rest);
        } else if rest.take("ALTER") && rest.take("TABLE") {
            self.alter(backend, sql, rest);
        } else if rest.take("DROP") {
            self.drop(rest);
        } else if rest.take("RENAME") && rest.take("TABLE") {
            for rename in listed(rest.0) {
                let mut rename = Rest(rename);
                if let (Some(from), true, Some(to)) = (rename.name(), rename.take("TO"), rename.name()) {
                    self.rename(&from, &to);
                }
            }
        }
    }

    fn create(&mut self, backend: DbBackend, sql: &str, mut rest: Rest<'_, '_>) {
        rest.take("UNIQUE");
        if rest.take("TABLE") {
            let only_new = rest.skip(&["IF", "NOT", "EXISTS"]);
            let (Some(name), Some(text)) = (rest.name(), TableText::read(backend, sql)) else { return };
            if !(only_new && self.tables.contains_key(&name)) {
                self.tables.insert(name, text);
            }
        } else if rest.take("INDEX") && backend == DbBackend::Sqlite {
            rest.skip(&["IF", "NOT", "EXISTS"]);
            let (Some(name), true, Some(table)) = (rest.name(), rest.take("ON"), rest.name()) else { return };
            self.indexes.entry(name).or_insert_with(|| (table, sql.trim().trim_end_matches(';').to_owned()));
        }
    }

    fn drop(&mut self, mut rest: Rest<'_, '_>) {
        let table = rest.take("TABLE");
        if !(table || rest.take("INDEX")) {
            return;
        }
        rest.skip(&["IF", "EXISTS"]);
        for dropped in listed(rest.0) {
            let Some(name) = Rest(dropped).name() else { continue };
            if table {
                self.tables.remove(&name);
                self.indexes.retain(|_, (of, _)| *of != name);
            } else {
                self.indexes.remove(&name);
            }
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        if let Some(text) = self.tables.remove(from) {
            self.tables.insert(to.to_owned(), text);
        }
        // SQLite writes them anew, as the model of the schema does.
        self.indexes.retain(|_, (of, _)| of != from);
    }

    fn alter(&mut self, backend: DbBackend, sql: &str, mut rest: Rest<'_, '_>) {
        rest.skip(&["IF", "EXISTS"]);
        let Some(name) = rest.name() else { return };
        for operation in listed(rest.0) {
            let mut operation = Rest(operation);
            if operation.take("RENAME") {
                if operation.take("COLUMN") {
                    let (from, _, to) = (operation.name(), operation.take("TO"), operation.name());
                    if let (Some(from), Some(to)) = (from, to) {
                        self.indexes.retain(|_, (of, _)| *of != name);
                        self.tables.entry(name.clone()).and_modify(|text| text.rename(backend, &from, &to));
                    }
                } else if (operation.take("TO") || operation.take("AS"))
                    && let Some(to) = operation.name()
                {
                    self.rename(&name, &to);
                }
            } else if let Some(table) = self.tables.get_mut(&name) {
                table.change(backend, sql, operation);
            }
        }
    }
}

impl TableText {
    fn change(&mut self, backend: DbBackend, sql: &str, mut operation: Rest<'_, '_>) {
        let at = |items: &[String], name: &str| {
            items.iter().position(|item| column(backend, item).is_some_and(|(of, _)| of == name))
        };
        if operation.take("ADD") {
            operation.take("COLUMN");
            operation.skip(&["IF", "NOT", "EXISTS"]);
            let many =
                operation.0.first().filter(|word| word.text == "(").and_then(|_| parenthesised(operation.0));
            let added = many.map_or_else(|| vec![operation.0], |(inner, _)| listed(inner));
            self.items.extend(added.iter().map(|words| covered(sql, placeless(words)).to_owned()));
        } else if operation.take("DROP") {
            operation.take("COLUMN");
            operation.skip(&["IF", "EXISTS"]);
            if let Some(at) = operation.name().and_then(|name| at(&self.items, &name)) {
                self.items.remove(at);
            }
        } else {
            let changes = operation.take("CHANGE");
            if !(changes || operation.take("MODIFY")) {
                return;
            }
            operation.take("COLUMN");
            operation.skip(&["IF", "EXISTS"]);
            let mut named = Rest(operation.0);
            let at = named.name().and_then(|name| at(&self.items, &name));
            let definition = if changes { named.0 } else { operation.0 };
            if let Some(at) = at {
                covered(sql, placeless(definition)).clone_into(&mut self.items[at]);
            }
        }
    }

    /// Renames a column, also in conditions and keys.
    fn rename(&mut self, backend: DbBackend, from: &str, to: &str) {
        let quote = if backend == DbBackend::MySql { '`' } else { '"' };
        for item in &mut self.items {
            let mut renamed = item.clone();
            for word in words(backend, item).into_iter().rev() {
                if !word.text.starts_with('\'') && unquoted(word.text) == from {
                    renamed.replace_range(word.at..word.at + word.text.len(), &format!("{quote}{to}{quote}"));
                }
            }
            *item = renamed;
        }
    }
}

/// A definition without the place where MariaDB is to add it.
fn placeless<'w, 's>(words: &'w [Word<'s>]) -> &'w [Word<'s>] {
    match words {
        [definition @ .., first] if first.is("FIRST") => definition,
        [definition @ .., after, _] if after.is("AFTER") => definition,
        _ => words,
    }
}

/// The words that are not read yet.
struct Rest<'w, 's>(&'w [Word<'s>]);

impl Rest<'_, '_> {
    /// Skips a word if it is the next one.
    fn take(&mut self, word: &str) -> bool {
        self.skip(&[word])
    }

    /// Skips words if they are the next ones.
    fn skip(&mut self, words: &[&str]) -> bool {
        let found =
            self.0.len() >= words.len() && self.0.iter().zip(words).all(|(word, other)| word.is(other));
        if found {
            self.0 = &self.0[words.len()..];
        }
        found
    }

    /// Reads a name, without its schema.
    fn name(&mut self) -> Option<String> {
        let mut name = self.0.first()?;
        let mut length = 1;
        if let [_, point, last, ..] = self.0
            && point.text == "."
        {
            (name, length) = (last, 3);
        }
        let name = unquoted(name.text);
        self.0 = &self.0[length..];
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(backend: DbBackend, statements: &[&str]) -> Texts {
        let mut texts = Texts::default();
        for sql in statements {
            texts.follow(backend, sql);
        }
        texts
    }

    #[test]
    fn a_table_reads_as_its_changes_leave_it() {
        let texts = followed(
            DbBackend::MySql,
            &[
                "CREATE TABLE `notes` (`id` int, `title` varchar(9) COMMENT 'a, b') ENGINE=InnoDB",
                "ALTER TABLE `notes` ADD COLUMN `note` text AFTER `id`, DROP COLUMN `id`",
                "ALTER TABLE notes CHANGE COLUMN title name varchar(20) COMMENT 'c', MODIFY note longtext FIRST",
                "ALTER TABLE `notes` ADD CONSTRAINT c CHECK (`name` <> '')",
                "ALTER TABLE `notes` RENAME COLUMN `name` TO `label`",
                "RENAME TABLE `notes` TO `memos`",
            ],
        );
        let items = "`label` varchar(20) COMMENT 'c', note longtext, CONSTRAINT c CHECK (`label` <> '')";
        assert_eq!(texts.table("memos").unwrap(), format!("CREATE TABLE `notes` ( {items} ) ENGINE=InnoDB"));
        assert_eq!(texts.table("notes"), None);
    }

    #[test]
    fn an_index_reads_as_it_was_created_until_its_table_is_renamed() {
        let index = "CREATE UNIQUE INDEX IF NOT EXISTS i ON \"t\" (a COLLATE NOCASE DESC) WHERE a > 1";
        let table = "CREATE TABLE \"t\" (a text)";
        let mut texts = followed(DbBackend::Sqlite, &[table, index]);
        assert_eq!(texts.index("i"), Some(index));
        texts.follow(DbBackend::Sqlite, "ALTER TABLE t RENAME TO u");
        assert_eq!(texts.index("i"), None);
        assert!(texts.table("u").is_some());
        texts.follow(DbBackend::Sqlite, "DROP TABLE IF EXISTS u");
        assert_eq!(texts.table("u"), None);
    }
}
