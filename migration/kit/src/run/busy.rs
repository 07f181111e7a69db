//! A file of SQLite that another program has locked.

use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::{
    ConnectOptions, DatabaseConnection, DbErr, RuntimeErr, sqlx::sqlite::SqliteError,
};

use super::Error;

/// Pause between two attempts to open the file.
const PAUSE: Duration = Duration::from_millis(100);

/// Opens the database by `open`, again and again while another program has its file locked. SQLite itself does not wait
/// there, since the journal mode is set.
pub(super) async fn connect(
    options: ConnectOptions,
    patience: Duration,
    open: impl AsyncFn(ConnectOptions) -> Result<DatabaseConnection, DbErr>,
) -> Result<DatabaseConnection, Error> {
    let began = Instant::now();
    loop {
        match open(options.clone()).await {
            Err(error) if is_busy(&error) && began.elapsed() < patience => tokio::time::sleep(PAUSE).await,
            opened => return opened.map_err(|error| explained(error, patience)),
        }
    }
}

/// The error in place of SQLite's, which names no cause.
pub(super) fn explained(error: DbErr, waited: Duration) -> Error {
    if is_busy(&error) { Error::Busy { waited } } else { Error::Database(error) }
}

/// Whether the file is locked. The low byte of SQLite's code is its kind.
fn is_busy(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let code = error.as_database_error().filter(|error| error.try_downcast_ref::<SqliteError>().is_some());
    let code = code.and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}

/// `SQLITE_BUSY`.
const BUSY: u32 = 5;
