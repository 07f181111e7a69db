//! The clauses of a column's definition.

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{self, ColumnOption};

use super::{
    Check, Column, Part, PrimaryKey, Table,
    alter::declared,
    kind,
    part::{characteristics, expression, foreign_key},
};
use crate::snapshot::Generated;

impl Table {
    pub(super) fn add_column(&mut self, backend: DbBackend, def: ast::ColumnDef) -> Option<()> {
        let (kind, serial) = kind::of(backend, &def.data_type);
        let mut column = Column::new(&def.name.value, kind);
        column.spelling = kind::spelling(backend, &def.data_type);
        if serial {
            column.nullable = false;
            column.auto_increment = true;
            column.counter = Some("serial".to_owned());
        }
        for option in def.options {
            self.follow_option(backend, &mut column, option.name.map(|name| name.value), option.option)?;
        }
        self.columns.push(column);
        Some(())
    }

    fn follow_option(
        &mut self,
        backend: DbBackend,
        column: &mut Column,
        name: Option<String>,
        option: ColumnOption,
    ) -> Option<()> {
        match option {
            ColumnOption::Null => column.nullable = true,
            ColumnOption::NotNull => column.nullable = false,
            ColumnOption::Default(expr) => column.default = Some(default(expr)),
            ColumnOption::PrimaryKey(key) => {
                // SQLite's keys may hold nulls.
                column.nullable &= backend == DbBackend::Sqlite;
                let (columns, clauses) = (vec![column.name.clone()], characteristics(key.characteristics));
                self.primary_key = Some(PrimaryKey { name, columns, clauses });
            }
            ColumnOption::Unique(unique) => {
                let mut index = declared(name, vec![Part::column(&column.name)], true);
                index.clauses = characteristics(unique.characteristics);
                index.constraint = backend != DbBackend::MySql;
                self.indexes.push(index);
            }
            ColumnOption::Check(check) => {
                let name = name.or(check.name.clone().map(|name| name.value));
                self.checks.push(Check { name, ..condition(check) });
            }
            ColumnOption::ForeignKey(mut key) => {
                key.columns = vec![ast::Ident::new(column.name.clone())];
                key.name = key.name.or(name.map(ast::Ident::new));
                self.foreign_keys.push(foreign_key(backend, key));
            }
            ColumnOption::Comment(comment) => column.comment = Some(comment).filter(|text| !text.is_empty()),
            ColumnOption::CharacterSet(set) => column.character_set = Some(set.to_string()),
            ColumnOption::Collation(name) => column.collation = Some(name.to_string()),
            ColumnOption::OnUpdate(expr) => column.on_update = Some(expression(expr)),
            other => column.follow_counter(backend, other)?,
        }
        Some(())
    }
}

impl Column {
    /// Follows a clause by which the database computes or counts the column, or keeps it as text.
    fn follow_counter(&mut self, backend: DbBackend, option: ColumnOption) -> Option<()> {
        match option {
            ColumnOption::Generated { generation_expr: Some(expr), generation_expr_mode, .. } => {
                let stored = generation_expr_mode == Some(ast::GeneratedExpressionMode::Stored);
                self.generated = Some(Generated { expression: expression(expr), stored });
            }
            ColumnOption::Generated { generated_as, sequence_options, generation_expr: None, .. } => {
                self.auto_increment = true;
                self.nullable = false;
                let options = sequence_options.unwrap_or_default();
                let usual = generated_as == ast::GeneratedAs::ByDefault && options.is_empty();
                self.counter = (!usual).then(|| identity(generated_as, &options));
            }
            ColumnOption::Identity(_) => {
                self.auto_increment = true;
                self.nullable = false;
            }
            ColumnOption::DialectSpecific(tokens) => {
                let text = tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                match text.replace('_', "").to_lowercase().as_str() {
                    "autoincrement" => self.auto_increment = true,
                    "asc" => {}
                    _ => self.clauses.push(text),
                }
            }
            // A place in the text decides what it belongs to.
            ColumnOption::OnConflict(_) if backend == DbBackend::Sqlite => return None,
            other => self.clauses.push(other.to_string()),
        }
        Some(())
    }
}

fn identity(generated: ast::GeneratedAs, options: &[ast::SequenceOptions]) -> String {
    let always = if generated == ast::GeneratedAs::Always { "ALWAYS" } else { "BY DEFAULT" };
    let options: String = options.iter().map(ToString::to_string).collect();
    let options = options.trim();
    let options = if options.is_empty() { String::new() } else { format!(" ({options})") };
    format!("GENERATED {always} AS IDENTITY{options}")
}

pub(super) fn condition(check: ast::CheckConstraint) -> Check {
    let unenforced = if check.enforced == Some(false) { "NOT ENFORCED" } else { "" };
    let clauses = if check.no_inherit { "NO INHERIT" } else { unenforced };
    Check {
        name: check.name.map(|name| name.value),
        condition: expression(*check.expr),
        clauses: clauses.to_owned(),
    }
}

/// The SQL of a default.
pub(super) fn default(expr: ast::Expr) -> String {
    let sql = expression(expr);
    let lower = sql.to_lowercase();
    match lower.as_str() {
        "null" | "true" | "false" | "current_timestamp" | "current_date" => lower,
        "current_timestamp()" => "current_timestamp".to_owned(),
        _ => sql,
    }
}
