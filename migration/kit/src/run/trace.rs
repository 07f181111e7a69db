//! The statement that failed. Errors of the drivers do not name it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm_migration::sea_orm::{DatabaseConnection, Statement};

/// The latest statement that a connection reported. SeaORM does not report those of `execute_unprepared`.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace(Arc<Mutex<Latest>>);

#[derive(Debug, Default)]
struct Latest {
    statement: Option<String>,
    failed: bool,
}

impl Trace {
    /// Follows the statements on `db` and its transactions.
    pub(super) fn follow(&self, db: &mut DatabaseConnection) {
        let trace = self.clone();
        db.set_metric_callback(move |info| {
            *trace.latest() = Latest { statement: Some(info.statement.to_string()), failed: info.failed };
        });
    }

    /// Forgets the statements before a migration.
    pub(super) fn forget(&self) {
        *self.latest() = Latest::default();
    }

    /// The failed statement, if the connection reported it.
    pub(super) fn failed(&self) -> Option<String> {
        let latest = self.latest();
        latest.statement.clone().filter(|_| latest.failed)
    }

    /// The only statement of `script` after the latest one that names all that `message` does.
    pub(super) fn guess(&self, script: &[Statement], message: &str) -> Option<String> {
        let latest = self.latest();
        let last = script.iter().rposition(|each| Some(each.to_string()) == latest.statement);
        let rest = &script[last.map_or(0, |last| last + 1)..];
        let named = match (message.split('"').nth(1), message.split_once(": ")) {
            (Some(quoted), _) => quoted,
            (None, Some((_, named))) => named,
            (None, None) => "",
        };
        let names: Vec<&str> = named.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let mut fitting = rest.iter().filter(|each| names.iter().all(|name| each.sql.contains(name)));
        fitting.next().filter(|_| fitting.next().is_none()).map(ToString::to_string)
    }

    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::DbBackend;

    use super::*;

    #[test]
    fn a_guess_is_made_only_where_one_statement_fits() {
        let script: Vec<Statement> = [
            "CREATE TABLE loads (id INT)",
            "INSERT INTO loads SELECT id FROM vans",
            "CREATE UNIQUE INDEX one ON loads (id)",
            "UPDATE loads SET id = 1",
        ]
        .map(|sql| Statement::from_string(DbBackend::Sqlite, sql))
        .into();
        let trace = Trace::default();
        assert_eq!(trace.guess(&script, "no such table: vans").unwrap(), script[1].sql);
        assert_eq!(trace.guess(&script, "near \"UNIQUE\": syntax error").unwrap(), script[2].sql);
        assert_eq!(trace.guess(&script, "UNIQUE constraint failed: loads.id"), None);
        assert_eq!(trace.guess(&script, "disk I/O error"), None);
        trace.latest().statement = Some(script[2].sql.clone());
        assert_eq!(trace.guess(&script, "UNIQUE constraint failed: loads.id").unwrap(), script[3].sql);
    }
}
