//! Prints recorded migrations as a script for `sqlite3`, `psql` or `mariadb`, equivalent to running them.

use sea_orm_migration::{
    prelude::{Alias, Expr, ExprTrait, Query},
    sea_orm::{DbBackend, Schema, Statement, StatementBuilder},
    seaql_migrations,
};

pub use crate::sql::Unprintable;
use crate::{
    run::{
        Direction,
        recorder::{Recorded, Unknown},
    },
    snapshot::fold::in_a_line,
    sql::{
        literal,
        pieces::{Piece, pieces},
    },
};

mod frame;

/// Failure to print a script.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// A migration has a value without a literal.
    #[error("{migration}: {reason}")]
    Value {
        /// The migration's name.
        migration: String,
        /// The reason.
        reason: Unprintable,
    },
    /// The statements of a migration are not known. On the way up only in strict mode.
    #[error("{migration}: {reason}")]
    Unknown {
        /// The migration's name.
        migration: String,
        /// The reason.
        reason: Unknown,
    },
    /// A migration depends on rows, which a script cannot read. Only in strict mode.
    #[error("{migration} depends on rows, and was recorded on empty tables: {query}")]
    Reads {
        /// The migration's name.
        migration: String,
        /// The query.
        query: String,
    },
}

/// The script that takes `migrations`, in that order and `direction`, through a database whose records are
/// in `table`. Deterministic: the moment of application is the database's own.
///
/// # Errors
/// [`ScriptError::Value`]; [`ScriptError::Unknown`] for a migration to roll back whose statements are not known, and with
/// `strict` for every such migration; [`ScriptError::Reads`] if `strict`.
pub fn render(
    backend: DbBackend,
    migrations: &[Recorded],
    direction: Direction,
    table: &str,
    strict: bool,
) -> Result<String, ScriptError> {
    let mut script = frame::opening(backend, migrations, direction);
    if direction == Direction::Up {
        push(&mut script, backend, &bookkeeping(backend, table));
    }
    for migration in migrations {
        let name = &migration.name;
        script.extend(["\n-- ", name, "\n"]);
        if let Some(reason) = &migration.unknown {
            if strict || direction == Direction::Down {
                return Err(ScriptError::Unknown { migration: name.clone(), reason: reason.clone() });
            }
            script.extend([LEFT_OUT, &in_a_line(&reason.to_string()), "\n"]);
            continue;
        }
        if let (true, Some(query)) = (strict, migration.reads.first()) {
            return Err(ScriptError::Reads { migration: name.clone(), query: in_a_line(&query.sql) });
        }
        for query in &migration.reads {
            script += "-- Depends on rows, and was recorded on empty tables. Review the statements after this query: ";
            script += &in_a_line(&query.sql);
            script += "\n";
        }
        let value = |reason| ScriptError::Value { migration: name.clone(), reason };
        let statements: Vec<String> =
            migration.statements.iter().map(statement).collect::<Result<_, _>>().map_err(value)?;
        let (before, after) = frame::around(backend, &statements);
        script += before;
        for sql in &statements {
            push(&mut script, backend, sql);
        }
        push(&mut script, backend, &row(backend, name, direction, table));
        script += after;
    }
    script += frame::closing(backend);
    Ok(script)
}

/// The comment in place of a migration whose statements are not known. It has no record, so that `up` finds it.
const LEFT_OUT: &str = "-- Left out, and not recorded: run `up` on the database for it. Its SQL is unknown: ";

/// A statement as it can be typed, its values as the driver would bind them.
///
/// # Errors
/// [`Unprintable`] for a value without a literal.
pub fn statement(statement: &Statement) -> Result<String, Unprintable> {
    let backend = statement.db_backend;
    if statement.sql.contains('\0') {
        return Err(Unprintable::Nul);
    }
    let Some(values) = &statement.values else { return Ok(statement.sql.clone()) };
    let mut next = 0;
    let mut printed = String::new();
    for piece in pieces(backend, &statement.sql) {
        match piece {
            Piece::Space(text) | Piece::Comment(text) | Piece::Other(text) => printed += text,
            Piece::Semicolon => printed += ";",
            Piece::Placeholder(_, number) => {
                let at = number.map_or(next, |number| number.wrapping_sub(1));
                next = at.wrapping_add(1);
                printed += &literal(backend, values.0.get(at).ok_or(Unprintable::Missing)?)?;
            }
        }
    }
    Ok(printed)
}

/// Statements for readers. A value without a literal is printed as Rust prints it.
pub(crate) fn printed(statements: &[Statement]) -> Vec<String> {
    let printed = |each| statement(each).unwrap_or_else(|_| each.to_string());
    statements.iter().map(printed).collect()
}

/// Adds a statement, with the delimiter that the client needs.
fn push(script: &mut String, backend: DbBackend, sql: &str) {
    let sql = sql.trim().trim_end_matches([';', ' ', '\n', '\t', '\r']);
    let pieces = pieces(backend, sql);
    if pieces.iter().all(|piece| matches!(piece, Piece::Space(_) | Piece::Comment(_))) {
        return;
    }
    let open = matches!(pieces.last(), Some(Piece::Comment(text)) if !text.starts_with("/*"));
    let end = if open { "\n" } else { "" };
    if backend == DbBackend::MySql && pieces.contains(&Piece::Semicolon) {
        let mut mark = "$$".to_owned();
        while sql.contains(&mark) {
            mark.push('$');
        }
        script.extend(["DELIMITER ", &mark, "\n", sql, end, &mark, "\nDELIMITER ;\n"]);
    } else {
        script.extend([sql, end, ";\n"]);
    }
}

fn bookkeeping(backend: DbBackend, table: &str) -> String {
    let mut create = Schema::new(backend).create_table_from_entity(seaql_migrations::Entity);
    backend.build(create.table(Alias::new(table)).if_not_exists()).to_string()
}

fn row(backend: DbBackend, name: &str, direction: Direction, table: &str) -> String {
    let (version, applied_at) = (seaql_migrations::Column::Version, seaql_migrations::Column::AppliedAt);
    let now = match backend {
        DbBackend::MySql => "UNIX_TIMESTAMP()",
        DbBackend::Sqlite => "CAST(strftime('%s', 'now') AS integer)",
        _ => "FLOOR(EXTRACT(EPOCH FROM now()))::bigint",
    };
    match direction {
        Direction::Up => {
            let mut insert = Query::insert();
            insert.into_table(Alias::new(table)).columns([version, applied_at]);
            built(backend, insert.values_panic([name.into(), Expr::cust(now)]))
        }
        Direction::Down => {
            let mut delete = Query::delete();
            built(backend, delete.from_table(Alias::new(table)).and_where(Expr::col(version).eq(name)))
        }
    }
}

fn built(backend: DbBackend, query: &impl StatementBuilder) -> String {
    let built = backend.build(query);
    statement(&built).unwrap_or_else(|_| built.to_string())
}
