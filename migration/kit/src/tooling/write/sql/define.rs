//! Definitions of tables, columns, keys and indexes.

use sea_orm_migration::sea_orm::DbBackend;

use crate::snapshot::{Action, Check, Column, ForeignKey, Index, Kind, Part, PrimaryKey, Snapshot, Table};

/// Writes definitions in the SQL of a database.
#[derive(Debug, Clone, Copy)]
pub(in crate::tooling::write) struct Define {
    pub backend: DbBackend,
}

impl Define {
    /// CREATE TABLE, on MariaDB with the indexes, elsewhere without those that are no constraints.
    pub fn create_table(self, table: &Table, schema: &Snapshot) -> String {
        let unlogged = if table.options.iter().any(|option| option == "UNLOGGED") { "UNLOGGED " } else { "" };
        format!("CREATE {unlogged}TABLE {} {}", self.table_name(table), self.definition(table, schema))
    }

    /// The definition of a table from the opening parenthesis on.
    pub fn definition(self, table: &Table, schema: &Snapshot) -> String {
        let inline = table.primary_key.as_ref().filter(|key| self.is_inline(key));
        let mut parts: Vec<String> = table
            .columns
            .iter()
            .map(|column| match inline {
                Some(key) if key.columns[0] == column.name => self.key_column(column, key),
                _ => self.column(column),
            })
            .collect();
        parts
            .extend(table.primary_key.as_ref().filter(|_| inline.is_none()).map(|key| self.primary_key(key)));
        let is_within = |index: &&Index| index.constraint || self.backend == DbBackend::MySql;
        parts.extend(table.indexes.iter().filter(is_within).map(|index| self.index_within(table, index)));
        parts.extend(table.foreign_keys.iter().map(|key| self.foreign_key(key, schema)));
        parts.extend(table.checks.iter().map(|check| self.check(check)));
        let mut options: Vec<String> =
            table.options.iter().filter(|option| *option != "UNLOGGED").cloned().collect();
        if self.backend == DbBackend::MySql && table.comment.is_some() {
            options.push(format!("COMMENT = {}", self.comment(table.comment.as_ref())));
        }
        let between = if self.backend == DbBackend::Sqlite { ", " } else { " " };
        let options = if options.is_empty() { String::new() } else { format!(" {}", options.join(between)) };
        format!("(\n    {}\n){options}", parts.join(",\n    "))
    }

    /// Only a key in the definition of its column can be counted by SQLite.
    fn is_inline(self, key: &PrimaryKey) -> bool {
        self.backend == DbBackend::Sqlite
            && key.columns.len() == 1
            && key.name.is_none()
            && key.clauses.is_empty()
    }

    fn key_column(self, column: &Column, key: &PrimaryKey) -> String {
        debug_assert!(self.is_inline(key), "others stand after the columns");
        let counted = if column.auto_increment { " AUTOINCREMENT" } else { "" };
        format!("{} PRIMARY KEY{counted}", self.column(&Column { auto_increment: false, ..column.clone() }))
    }

    pub fn column(self, column: &Column) -> String {
        let mariadb = self.backend == DbBackend::MySql;
        let mut clauses = vec![self.name(&column.name), self.kind(column)];
        clauses.extend(column.character_set.as_ref().map(|set| format!("CHARACTER SET {set}")));
        clauses.extend(column.collation.as_ref().map(|collation| format!("COLLATE {collation}")));
        clauses.extend(column.generated.as_ref().map(|generated| {
            let when = if generated.stored { "STORED" } else { "VIRTUAL" };
            format!("GENERATED ALWAYS AS ({}) {when}", self.expression(&generated.expression))
        }));
        if !(mariadb && column.generated.is_some()) {
            // Otherwise an older MariaDB makes a timestamp NOT NULL, with a default and ON UPDATE.
            clauses.extend((column.nullable && mariadb).then(|| "NULL".to_owned()));
            clauses.extend((!column.nullable).then(|| "NOT NULL".to_owned()));
        }
        clauses.extend(column.default.as_ref().map(|default| format!("DEFAULT {}", self.default(default))));
        clauses.extend(column.on_update.as_ref().map(|sql| format!("ON UPDATE {sql}")));
        clauses.extend(self.counter(column));
        clauses.extend(column.clauses.iter().cloned());
        let comment = column.comment.as_ref().filter(|_| mariadb);
        clauses.extend(comment.map(|comment| format!("COMMENT {}", self.text(comment))));
        clauses.join(" ")
    }

    fn kind(self, column: &Column) -> String {
        if let Some(spelling) = &column.spelling {
            return spelling.clone();
        }
        if column.counter.as_deref() != Some("serial") {
            return column.kind.sql(self.backend);
        }
        let serial = match column.kind {
            Kind::SmallInteger => "smallserial",
            Kind::BigInteger => "bigserial",
            _ => "serial",
        };
        serial.to_owned()
    }

    fn counter(self, column: &Column) -> Option<String> {
        match (self.backend, column.counter.as_deref()) {
            _ if !column.auto_increment => None,
            (DbBackend::MySql, _) => Some("AUTO_INCREMENT".to_owned()),
            (DbBackend::Sqlite, _) | (_, Some("serial")) => None,
            (_, identity) => Some(identity.unwrap_or("GENERATED BY DEFAULT AS IDENTITY").to_owned()),
        }
    }

    pub fn primary_key(self, key: &PrimaryKey) -> String {
        let columns = self.names(&key.columns);
        format!("{}PRIMARY KEY ({columns}){}", self.named(key.name.as_ref()), after_a_space(&key.clauses))
    }

    fn unique(self, index: &Index) -> String {
        let position = "NULLS NOT DISTINCT";
        let nulls = if index.clauses.contains(position) { "NULLS NOT DISTINCT " } else { "" };
        let clauses = index.clauses.replace(position, "");
        let clauses = clauses.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = self.named(index.name.as_ref());
        format!("{name}UNIQUE {nulls}({}){}", self.parts(&index.parts), after_a_space(&clauses))
    }

    /// An index in the definition of its table, or after ADD on MariaDB.
    pub fn index_within(self, table: &Table, index: &Index) -> String {
        if self.backend != DbBackend::MySql {
            return self.unique(index);
        }
        let kind = match (index.method.as_deref(), index.unique) {
            (Some(method @ ("fulltext" | "spatial")), _) => method.to_uppercase() + " INDEX",
            (_, true) => "UNIQUE INDEX".to_owned(),
            (_, false) => "INDEX".to_owned(),
        };
        let using = index.method.as_deref().filter(|method| !["fulltext", "spatial"].contains(method));
        let using = using.map(|method| format!(" USING {}", method.to_uppercase())).unwrap_or_default();
        let (name, parts) = (self.name(&self.index_name(table, index)), self.parts(&index.parts));
        format!("{kind} {name} ({parts}){using}{}", after_a_space(&index.clauses))
    }

    pub fn create_index(self, table: &Table, index: &Index) -> String {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let name = self.name(&self.index_name(table, index));
        let using = index.method.as_ref().map(|method| format!(" USING {method}")).unwrap_or_default();
        let predicate =
            index.predicate.as_ref().map(|predicate| format!(" WHERE {predicate}")).unwrap_or_default();
        format!(
            "CREATE {unique}INDEX {name} ON {}{using} ({}){}{predicate}",
            self.table_name(table),
            self.parts(&index.parts),
            after_a_space(&index.clauses)
        )
    }

    /// The name that an index has on the database.
    pub fn index_name(self, table: &Table, index: &Index) -> String {
        let columns = || index.columns().collect::<Vec<_>>().join("_");
        match (&index.name, self.backend) {
            (Some(name), _) => name.clone(),
            (None, DbBackend::MySql) => index.columns().next().unwrap_or_default().to_owned(),
            (None, DbBackend::Postgres) if index.constraint => {
                format!("{}_{}_key", table.bare_name(), columns())
            }
            (None, _) => index.name_on(table.bare_name()),
        }
    }

    fn parts(self, parts: &[Part]) -> String {
        let part = |part: &Part| {
            let key = match (part.expression, self.backend) {
                (false, _) => self.name(&part.key),
                (true, DbBackend::Sqlite) => part.key.clone(),
                (true, _) => format!("({})", self.expression(&part.key)),
            };
            let length = part.length.map(|length| format!("({length})")).unwrap_or_default();
            let order = if part.descending { "DESC" } else { "" };
            format!(
                "{key}{length}{}{}{}",
                after_a_space(&part.class),
                after_a_space(order),
                after_a_space(&part.nulls)
            )
        };
        parts.iter().map(part).collect::<Vec<_>>().join(", ")
    }

    pub fn foreign_key(self, key: &ForeignKey, schema: &Snapshot) -> String {
        let action = |on: &str, action: Action| match action {
            Action::NoAction => String::new(),
            other => format!(" ON {on} {}", other.to_string().to_uppercase()),
        };
        let referred = match schema.table(&key.table) {
            Some(table) => self.table_name(table),
            None => self.qualified(&key.table),
        };
        let columns =
            if key.referred.is_empty() { String::new() } else { format!(" ({})", self.names(&key.referred)) };
        // MATCH stands before the actions, all other clauses after them.
        let (matching, clauses) = match key.clauses.strip_prefix("MATCH ") {
            Some(rest) => {
                let (kind, clauses) = rest.split_once(' ').unwrap_or((rest, ""));
                (format!(" MATCH {kind}"), clauses)
            }
            None => (String::new(), key.clauses.as_str()),
        };
        format!(
            "{}FOREIGN KEY ({}) REFERENCES {referred}{columns}{matching}{}{}{}",
            self.named(key.name.as_ref()),
            self.names(&key.columns),
            action("DELETE", key.on_delete),
            action("UPDATE", key.on_update),
            after_a_space(clauses),
        )
    }

    pub fn comment_on_table(self, table: &Table) -> String {
        let (name, comment) = (self.table_name(table), self.comment(table.comment.as_ref()));
        match self.backend {
            DbBackend::MySql => format!("ALTER TABLE {name} COMMENT = {comment}"),
            _ => format!("COMMENT ON TABLE {name} IS {comment}"),
        }
    }

    pub fn comment_on_column(self, table: &Table, column: &Column) -> String {
        let comment = self.comment(column.comment.as_ref());
        format!("COMMENT ON COLUMN {}.{} IS {comment}", self.table_name(table), self.name(&column.name))
    }

    pub fn check(self, check: &Check) -> String {
        let name = self.named(check.name.as_ref());
        if check.condition.is_empty() {
            return format!("{name}{}", check.clauses);
        }
        format!("{name}CHECK ({}){}", self.expression(&check.condition), after_a_space(&check.clauses))
    }

    fn named(self, name: Option<&String>) -> String {
        name.map_or_else(String::new, |name| format!("CONSTRAINT {} ", self.name(name)))
    }
}

fn after_a_space(clauses: &str) -> String {
    if clauses.is_empty() { String::new() } else { format!(" {clauses}") }
}
