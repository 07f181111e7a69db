//! The Rust source of the migration that creates an existing schema.

use std::fmt::Write as _;

use super::Piece;

/// The source, not yet formatted.
pub(in crate::tooling::init) fn source(pieces: &[Piece], database: &str) -> String {
    let up: Vec<&str> = pieces.iter().map(|piece| piece.create.as_str()).collect();
    let down: Vec<&str> = pieces.iter().rev().filter_map(|piece| piece.undo.as_deref()).collect();
    TEMPLATE
        .replace("{database}", database)
        .replace("{down}", &constant("DOWN", &down))
        // The last, since statements may contain braces.
        .replace("{up}", &constant("UP", &up))
}

fn constant(name: &str, statements: &[&str]) -> String {
    let mut code = format!("const {name}: &[&str] = &[\n");
    for statement in statements {
        let _ = writeln!(code, "    {},", literal(statement));
    }
    code + "];"
}

/// A statement as a Rust literal that shows it as it is.
fn literal(sql: &str) -> String {
    if !sql.contains(['"', '\\', '\n']) {
        return format!("\"{sql}\"");
    }
    let mut hashes = String::new();
    while sql.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{sql}\"{hashes}")
}

const TEMPLATE: &str = r"//! The schema as it was when migrations began, from a database of {database}.
//!
//! A database that has it already is recorded by `cargo migrate stamp`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

{up}

{down}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_written_as_it_is() {
        for (sql, expected) in [
            ("DROP TABLE a", r#""DROP TABLE a""#.to_owned()),
            ("DROP TABLE \"a\"", "r#\"DROP TABLE \"a\"\"#".to_owned()),
            ("CHECK (a <> '\"#')", "r##\"CHECK (a <> '\"#')\"##".to_owned()),
            ("a\nb", "r\"a\nb\"".to_owned()),
            (r"a\b", r#"r"a\b""#.to_owned()),
        ] {
            assert_eq!(literal(sql), expected);
        }
    }
}
