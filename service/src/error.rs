//! Errors of the operations. `api` gives each variant its problem code and status.

mod constraint;
mod database;

use sea_orm::DbErr;
use validator::ValidationErrors;

pub use self::constraint::{Reference, Unique};
pub(crate) use self::{
    constraint::OrViolated,
    database::{Failure, failure, kind},
};
use crate::{FieldCode, FieldError, field, limit::LimitStatus, report::ImportReport};

/// Result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// Cause of an error, for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Error of an operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The resource does not exist, or the actor may not see it.
    #[error("not found")]
    NotFound,
    /// A unique value belongs to another resource.
    #[error("{0:?} is taken")]
    Taken(Unique),
    /// A resource that the new one refers to does not exist.
    #[error("{0:?} does not exist")]
    Missing(Reference),
    /// Fields of the input are not valid.
    #[error("invalid input: {}", .0.iter().map(|e| e.pointer.as_str()).collect::<Vec<_>>().join(", "))]
    Invalid(Vec<FieldError>),
    /// The name or the password is wrong, or the account is disabled; the client does not learn which.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The token is malformed, forged, expired, used or revoked.
    #[error("invalid token")]
    InvalidToken,
    /// The action needs an account.
    #[error("not signed in")]
    NotSignedIn,
    /// The role does not permit the action, or the resource belongs to another account.
    #[error("forbidden")]
    Forbidden,
    /// The account must verify its address first.
    #[error("account not verified")]
    NotVerified,
    /// The operation needs mail that cannot be sent, for this reason.
    #[error("cannot mail: {0}")]
    CannotMail(&'static str),
    /// The resource changed after the caller read it.
    #[error("stale version")]
    Stale,
    /// The change would leave no account that can administer the others.
    #[error("last administrator")]
    LastAdmin,
    /// The cursor does not belong to this list with this order and these filters.
    #[error("invalid cursor")]
    InvalidCursor,
    /// The format of the file is not known; the text names the expected ones.
    #[error("unknown import format: {0}")]
    UnknownFormat(String),
    /// The file cannot be read beyond this place.
    #[error("unreadable import file: {0}")]
    UnreadableFile(String),
    /// The file has more rows than this maximum.
    #[error("more than {0} rows to import")]
    TooManyRows(usize),
    /// The file is too large for one transaction: it has more than this number of rows, or of MiB.
    #[error("too large for one transaction: {rows} rows, {mib} MiB")]
    AtomicTooLarge {
        /// Maximum number of rows.
        rows: usize,
        /// Maximum size in MiB.
        mib: u64,
    },
    /// Another import of the account has not ended.
    #[error("another import is running")]
    ImportRunning,
    /// Too many imports, or too many of their files, are in this process.
    #[error("too many imports")]
    ImportsBusy,
    /// The account has this number of books, which is the maximum.
    #[error("the account has {0} books")]
    TooManyBooks(u64),
    /// Rows of an atomic import failed; nothing was written.
    #[error("{} rows of the import failed", .0.failed)]
    ImportFailed(Box<ImportReport>),
    /// The client is over a rate limit.
    #[error("too many requests: {}", .0.limit.name())]
    Throttled(LimitStatus),
    /// Too many passwords wait to be hashed, or too many expensive reads for their turn.
    #[error("too busy")]
    Busy,
    /// The database is unreachable, busy or out of room.
    #[error("the database is unavailable")]
    Unavailable(#[source] Cause),
    /// A table or column that the statement names does not exist.
    #[error("the schema is not the one of this version")]
    Schema(#[source] Cause),
    /// The database accepts no writes at present.
    #[error("the database is read-only")]
    ReadOnly(#[source] Cause),
    /// A fault of the program or of its installation.
    #[error("internal error")]
    Internal(#[source] Cause),
}

impl Error {
    /// An error of a single field.
    pub fn invalid(pointer: impl Into<String>, code: FieldCode, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// A fault of the program, with its cause.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match kind(&error) {
            Some(Failure::ReadOnly) => Self::ReadOnly(error.into()),
            Some(_) => Self::Unavailable(error.into()),
            None if database::is_undefined(&error) => Self::Schema(error.into()),
            None => Self::Internal(error.into()),
        }
    }
}

impl From<ValidationErrors> for Error {
    fn from(findings: ValidationErrors) -> Self {
        Self::Invalid(field::errors(&findings))
    }
}

/// An error and its sources in one line, for the log and the command line. A source that the text before it repeats is
/// left out.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error), |error| (*error).source());
    errors
        .map(ToString::to_string)
        .reduce(|chain, source| if chain.contains(&source) { chain } else { format!("{chain}: {source}") })
        .unwrap_or_default()
}

/// Turns an absent row into [`Error::NotFound`].
pub(crate) trait OrNotFound<T> {
    /// The value, or [`Error::NotFound`].
    fn or_not_found(self) -> Result<T>;
}

impl<T> OrNotFound<T> for Option<T> {
    fn or_not_found(self) -> Result<T> {
        self.ok_or(Error::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_has_every_source_once() {
        let cause = DbErr::Custom("no such table".to_owned());
        assert_eq!(chain(&Error::from(cause)), "internal error: Custom Error: no such table");
        assert_eq!(chain(&Error::NotFound), "not found");
    }
}
