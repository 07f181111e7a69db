//! Descriptions of errors of the drivers: the server's message with its detail, and no word about the layers between.

use std::fmt::{self, Write as _};

use sea_orm_migration::sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, error::DatabaseError, postgres::PgDatabaseError},
};

/// An error for people. PostgreSQL's detail, hint and object follow on lines of their own.
#[must_use]
pub fn describe(error: &DbErr) -> String {
    match (database_error(error), error) {
        (Some(error), _) => of_database(error),
        (None, DbErr::Custom(message) | DbErr::Migration(message)) => message.clone(),
        (None, error) => error.to_string(),
    }
}

/// As [`describe`], of an error of the driver.
pub(in crate::run) fn describe_driver(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(error) => of_database(error),
        None => error.to_string(),
    }
}

/// The answer of the database, if the error is one.
pub(in crate::run) fn database_error(error: &DbErr) -> Option<&dyn DatabaseError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => error.as_database_error(),
        _ => None,
    }
}

/// Whether an error says that the table does not exist.
pub(in crate::run) fn is_missing(error: &DbErr) -> bool {
    database_error(error).is_some_and(|error| {
        matches!(error.code().as_deref(), Some("42P01" | "42S02"))
            || error.message().starts_with("no such table")
    })
}

/// Whether an error says that the table or a column does not exist, or may not be read.
pub(in crate::run) fn is_refused(error: &DbErr) -> bool {
    is_missing(error)
        || database_error(error).is_some_and(|error| {
            matches!(error.code().as_deref(), Some("42703" | "42S22" | "42501" | "42000"))
                || error.message().starts_with("no such column")
        })
}

fn of_database(error: &dyn DatabaseError) -> String {
    match error.try_downcast_ref::<PgDatabaseError>() {
        Some(error) => Postgres(error).to_string(),
        None => error.to_string(),
    }
}

struct Postgres<'e>(&'e PgDatabaseError);

impl fmt::Display for Postgres<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.0;
        f.write_str(error.message())?;
        let parts = [("DETAIL", error.detail()), ("HINT", error.hint()), ("CONTEXT", error.r#where())];
        for (name, text) in parts.iter().filter_map(|(name, text)| Some((name, (*text)?))) {
            write!(f, "\n  {name}: {}", text.replace('\n', "\n    "))?;
        }
        let object = object(error);
        if object.is_empty() { Ok(()) } else { write!(f, "\n  OBJECT: {object}") }
    }
}

/// The table, column, type and constraint that an error of PostgreSQL names.
fn object(error: &PgDatabaseError) -> String {
    let table = error.table().map(|table| match error.schema() {
        Some(schema) if schema != "public" => format!("{schema}.{table}"),
        Some(_) | None => table.to_owned(),
    });
    let parts = [
        ("table", table.as_deref()),
        ("column", error.column()),
        ("type", error.data_type()),
        ("constraint", error.constraint()),
    ];
    let mut text = String::new();
    for (kind, name) in parts {
        if let Some(name) = name {
            let _ = write!(text, "{}{kind} {name}", if text.is_empty() { "" } else { ", " });
        }
    }
    text
}
