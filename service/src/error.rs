//! Why an operation did not do what it was asked. One enum; `api` gives each variant its status.

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};
use serde::Serialize;
use utoipa::ToSchema;
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

/// What an operation answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Invalid field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Position: a JSON Pointer (RFC 6901) into the body, or `/` and the query parameter.
    #[schema(examples("/title"))]
    pub pointer: String,
    /// Error code, for programs.
    #[schema(examples("length"))]
    pub code: String,
    /// Explanation, for people.
    #[schema(examples("must have 1 to 500 characters"))]
    pub detail: String,
}

impl FieldError {
    /// An error of the field at `pointer`.
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// A unique value, named by its field, belongs to something else.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// Fields that cannot be taken.
    #[error("invalid input: {}", .0.iter().map(|e| e.pointer.as_str()).collect::<Vec<_>>().join(", "))]
    Invalid(Vec<FieldError>),
    /// The name or the password is wrong, or the account is disabled: which one is not said.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The token is malformed, forged, expired, used up or revoked.
    #[error("invalid token")]
    InvalidToken,
    /// The action needs an account.
    #[error("not signed in")]
    NotSignedIn,
    /// The role may not, or it is somebody else's.
    #[error("forbidden")]
    Forbidden,
    /// The account must verify its address first.
    #[error("account not verified")]
    NotVerified,
    /// Mail would be needed that cannot be sent, for this reason.
    #[error("cannot mail: {0}")]
    CannotMail(&'static str),
    /// It has changed since the caller read it.
    #[error("stale version")]
    Stale,
    /// Nobody would be left to administer accounts.
    #[error("last administrator")]
    LastAdmin,
    /// The cursor is not one that this list gave for this order and these filters.
    #[error("invalid cursor")]
    InvalidCursor,
    /// The file's format cannot be told.
    #[error("unknown import format: {0}")]
    UnknownFormat(String),
    /// The file cannot be read on from this place.
    #[error("unreadable import file: {0}")]
    UnreadableFile(String),
    /// The file has more rows than these, which are the most.
    #[error("more than {0} rows to import")]
    TooManyRows(usize),
    /// An atomic import met rows that cannot be taken; nothing was written.
    #[error("{} rows of the import failed", .0.failed)]
    ImportFailed(Box<crate::import::Report>),
    /// Somebody has asked too often, and may again when the standing's wait is over.
    #[error("too many requests: {}", .0.policy.name())]
    Throttled(crate::throttle::Standing),
    /// Too many passwords wait to be checked.
    #[error("too busy")]
    Busy,
    /// The database does not answer, or is too busy with others.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// A single field that cannot be taken.
    pub fn invalid(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        // Nothing that a client names is pointed at but the account in use: it was deleted a moment ago.
        if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))) {
            Self::InvalidToken
        } else if is_disconnected(&error) || is_contended(&error) || is_out_of_room(&error) {
            Self::Unavailable(error.to_string())
        } else {
            Self::Internal(error.to_string())
        }
    }
}

impl From<ValidationErrors> for Error {
    fn from(errors: ValidationErrors) -> Self {
        let mut fields = Vec::new();
        collect("", &errors, &mut fields);
        fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        Self::Invalid(fields)
    }
}

/// Flattens nested validation errors into JSON Pointers.
fn collect(parent: &str, errors: &ValidationErrors, fields: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        let pointer = format!("{parent}/{name}");
        match kind {
            ValidationErrorsKind::Field(found) => {
                fields.extend(
                    found.iter().map(|error| FieldError::new(&pointer, error.code.clone(), detail(error))),
                );
            }
            ValidationErrorsKind::Struct(inner) => collect(&pointer, inner, fields),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(&format!("{pointer}/{index}"), inner, fields);
                }
            }
        }
    }
}

/// Says what a validator found wrong.
fn detail(error: &ValidationError) -> String {
    if let Some(message) = &error.message {
        return message.to_string();
    }
    let unit = if error.code == "length" { " characters" } else { "" };
    let verb = if error.code == "length" { "must have" } else { "must be" };
    match (error.params.get("min"), error.params.get("max")) {
        (Some(min), Some(max)) => format!("{verb} {min} to {max}{unit}"),
        (Some(min), None) => format!("{verb} at least {min}{unit}"),
        (None, Some(max)) => format!("{verb} at most {max}{unit}"),
        (None, None) => "is invalid".to_owned(),
    }
}

/// Whether the connection, not the statement, is what failed.
pub(crate) fn is_disconnected(error: &DbErr) -> bool {
    match error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            match &**error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => true,
                // PostgreSQL: connection exceptions, shutdown, crash, starting up, too many connections.
                sqlx::Error::Database(database) => database.code().is_some_and(|code| {
                    code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03" | "53300")
                }),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether another transaction was in the way: a deadlock, a lock that did not come, a busy file.
fn is_contended(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let sqlx::Error::Database(database) = &**error else { return false };
    let text = database.message();
    database.code().is_some_and(|code| matches!(&*code, "40001" | "40P01" | "55P03" | "5" | "517"))
        || text.contains("Lock wait timeout exceeded")
        || text.contains("Record has changed since last read")
}

/// Whether SQLite could not write for lack of room or an I/O error (`SQLITE_FULL`, `SQLITE_IOERR` and its extended codes).
fn is_out_of_room(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let sqlx::Error::Database(database) = &**error else { return false };
    database.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some()
        && database
            .code()
            .and_then(|code| code.parse::<u32>().ok())
            .is_some_and(|code| matches!(code & 0xff, 10 | 13))
}

/// Turns what is missing into [`Error::NotFound`].
pub(crate) trait OrNotFound<T> {
    /// The value, or [`Error::NotFound`].
    fn or_not_found(self) -> Result<T>;
}

impl<T> OrNotFound<T> for Option<T> {
    fn or_not_found(self) -> Result<T> {
        self.ok_or(Error::NotFound)
    }
}

/// Turns a broken unique constraint into [`Error::Taken`].
pub(crate) trait OrTaken<T> {
    /// The value, or [`Error::Taken`] with that of `fields` whose constraint broke.
    fn or_taken(self, fields: &[&'static str]) -> Result<T>;
}

impl<T> OrTaken<T> for std::result::Result<T, DbErr> {
    fn or_taken(self, fields: &[&'static str]) -> Result<T> {
        self.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(message)) => {
                // The constraint's name ends the message; MariaDB quotes the value before it.
                let constraint = message.rsplit(" key ").next().unwrap_or(&message);
                match fields.iter().find(|field| constraint.contains(**field)) {
                    Some(field) => Error::Taken(field),
                    None => Error::from(error),
                }
            }
            _ => Error::from(error),
        })
    }
}
