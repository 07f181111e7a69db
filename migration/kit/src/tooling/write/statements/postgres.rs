//! Parts of a schema that the builder writes for some of the databases only, in a branch for PostgreSQL.

use sea_orm_migration::sea_orm::DbBackend;

use super::{Writer, code};
use crate::{
    snapshot::{Column, Index, Kind, Snapshot, Table},
    tooling::write::sql::Define,
};

const DEFINE: Define = Define { backend: DbBackend::Postgres };

impl Writer<'_> {
    /// The comments of a new table, which the builder writes for MariaDB only.
    pub(super) fn comment_on_new(&mut self, table: &Table) {
        let mut statements = Vec::new();
        if table.comment.is_some() {
            statements.push(DEFINE.comment_on_table(table));
        }
        let commented = table.columns.iter().filter(|column| column.comment.is_some());
        statements.extend(commented.map(|column| DEFINE.comment_on_column(table, column)));
        self.on_postgres(&statements);
    }

    pub(super) fn comment_on_column(&mut self, table: &Table, column: &Column) {
        self.on_postgres(&[DEFINE.comment_on_column(table, column)]);
    }

    pub(super) fn comment_on_table(&mut self, table: &Table) {
        self.on_postgres(&[DEFINE.comment_on_table(table)]);
        if self.manner.mariadb {
            let sql = Define { backend: DbBackend::MySql }.comment_on_table(table);
            self.branch("MySql", &[sql]);
        }
    }

    /// An index with clauses of PostgreSQL, and without them elsewhere.
    pub(super) fn add_detailed_index(&mut self, table: &str, index: &Index) {
        let of = self.to.table(table).cloned().unwrap_or_default();
        let made = code::text(&DEFINE.create_index(&of, index));
        let plain = Index { method: None, clauses: String::new(), ..index.clone() };
        let plain = code::index(table, &plain);
        let plain = match &index.predicate {
            None => format!("manager.create_index({plain})"),
            Some(predicate) => {
                let (unique, predicate) = (index.unique, code::text(predicate));
                format!("dialect::create_partial_index(manager, {plain}, {unique}, {predicate})")
            }
        };
        self.branches = true;
        self.lines.push(format!(
            "if manager.get_database_backend() == DbBackend::Postgres {{\n\
             manager.get_connection().execute_unprepared({made}).await?;\n}} else {{\n{plain}.await?;\n}}"
        ));
    }

    pub(super) fn rename_value(&mut self, of: &str, from: &str, to: &str) {
        let (old, new) = (DEFINE.text(from), DEFINE.text(to));
        let renamed = format!("ALTER TYPE {} RENAME VALUE {old} TO {new}", DEFINE.qualified(of));
        // Both schemas have the new value here, or both the old one.
        let mut values = self.from.enums.get(of).cloned().unwrap_or_default();
        values.iter_mut().filter(|value| *value == from).for_each(|value| to.clone_into(value));
        let both: Vec<String> = values.iter().cloned().chain([from.to_owned()]).collect();
        let schema = |values: Vec<String>| {
            let mut schema = self.from.clone();
            schema.rename_value(of, from, to);
            schema.enums.insert(of.to_owned(), values);
            schema
        };
        let (between, after) = (schema(both.clone()), schema(values.clone()));
        let columns = columns_of_enum(self.from, self.from, of);
        let updates: Vec<String> = columns
            .iter()
            .map(|(table, column)| {
                let (table, column) = (code::text(&table.name), code::text(&column.name));
                format!(
                    "manager.execute(Query::update().table({table}).value({column}, {})\
                     .and_where(Expr::col({column}).eq({})).take()).await?;\n",
                    code::text(to),
                    code::text(from)
                )
            })
            .collect();
        let widen = self.changed_enum(of, &between, &both);
        let narrow = self.changed_enum(of, &after, &values);
        self.branches = true;
        self.lines.push(format!(
            "if manager.get_database_backend() == DbBackend::Postgres {{\n\
             manager.get_connection().execute_unprepared({}).await?;\n}} else {{\n{widen}.await?;\n{}{narrow}.await?;\n}}",
            code::text(&renamed),
            updates.concat(),
        ));
    }

    fn changed_enum(&self, name: &str, schema: &Snapshot, values: &[String]) -> String {
        let kind = Kind::Enum(name.to_owned());
        let tables = schema.tables.values();
        let columns = tables.flat_map(|table| table.columns.iter().map(move |column| (table, column)));
        let columns: Vec<String> = columns
            .filter(|(_, column)| column.kind == kind)
            .map(|(table, column)| {
                let def = code::column(self.manner, schema, column);
                let def = if column.default.is_some() { format!("{def}.take()") } else { def };
                format!("({}, {def})", code::text(&table.name))
            })
            .collect();
        let (name, values, columns) = (code::text(name), code::texts(values), columns.join(", "));
        format!("dialect::change_enum(manager, {name}, {values}, vec![{columns}])")
    }

    fn on_postgres(&mut self, statements: &[String]) {
        if self.manner.postgres {
            self.branch("Postgres", statements);
        }
    }

    fn branch(&mut self, backend: &str, statements: &[String]) {
        if statements.is_empty() {
            return;
        }
        self.branches = true;
        let lines: Vec<String> = statements
            .iter()
            .map(|sql| format!("manager.get_connection().execute_unprepared({}).await?;", code::text(sql)))
            .collect();
        self.lines.push(format!(
            "if manager.get_database_backend() == DbBackend::{backend} {{\n{}\n}}",
            lines.join("\n")
        ));
    }
}

/// The columns of an enum that are there before and after a change of its values, as they are after it.
pub(in crate::tooling::write) fn columns_of_enum(
    from: &Snapshot,
    to: &Snapshot,
    name: &str,
) -> Vec<(Table, Column)> {
    let kind = Kind::Enum(name.to_owned());
    let mut columns = Vec::new();
    for table in to.tables.values() {
        let before = from.table(&table.name);
        for column in table.columns.iter().filter(|column| column.kind == kind) {
            let there = before.and_then(|before| before.column(&column.name));
            if there.is_some_and(|there| there.kind == column.kind) {
                columns.push((table.clone(), column.clone()));
            }
        }
    }
    columns
}
