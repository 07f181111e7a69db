//! A connection that keeps every statement it is given, and answers as a database without rows would.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sea_orm_migration::sea_orm::{
    DatabaseConnection, DatabaseConnectionType, DbBackend, DbErr, ExecResult, MockDatabase,
    MockDatabaseConnection, MockDatabaseTrait, MockExecResult, QueryResult, Statement, Transaction, Value,
};

use crate::{snapshot::Snapshot, sql::definition::unquoted};

mod insert;
mod rebuild;
mod texts;

/// Statements recorded since the last call.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) statements: Vec<Statement>,
    pub(super) reads: Vec<Statement>,
}

/// A database that consists of its schema only.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    backend: DbBackend,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    schema: Snapshot,
    taken: Taken,
    /// States for rollbacks.
    savepoints: Vec<(Snapshot, texts::Texts, usize)>,
    texts: texts::Texts,
    triggers: Vec<rebuild::Trigger>,
    /// The newest inserted rows, which MariaDB reads back by a query.
    inserted: Option<insert::Inserted>,
    counter: i64,
}

type Row = BTreeMap<String, Value>;

impl Recorder {
    pub(super) fn new(backend: DbBackend) -> Self {
        Self::on(backend, Snapshot::default())
    }

    /// A database that has a schema already.
    pub(super) fn on(backend: DbBackend, schema: Snapshot) -> Self {
        Self { backend, state: Arc::new(Mutex::new(State { schema, ..State::default() })) }
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.backend
    }

    pub(super) fn connection(&self) -> DatabaseConnection {
        DatabaseConnectionType::MockDatabaseConnection(Arc::new(MockDatabaseConnection::new(self.clone())))
            .into()
    }

    /// The schema after the statements of before.
    pub(super) fn schema(&self) -> Snapshot {
        self.state().schema.clone()
    }

    /// Returns the recorded statements, and keeps the schema.
    pub(super) fn take(&self) -> Taken {
        mem::take(&mut self.state().taken)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a statement that changes something, and returns the rows that it inserted.
    fn write(&self, statement: Statement) -> Vec<Row> {
        let mut state = self.state();
        let mut counter = state.counter;
        state.inserted = insert::read(self.backend, &statement, &state.schema, &mut counter);
        state.counter = counter;
        state.schema.apply(self.backend, &statement.sql);
        state.texts.follow(self.backend, &statement.sql);
        rebuild::follow(&mut state.triggers, &statement.sql);
        state.taken.statements.push(statement);
        state.inserted.as_ref().map(|inserted| inserted.rows.clone()).unwrap_or_default()
    }

    /// Records a query on rows, and returns the newest inserted rows if it reads them back.
    fn read(&self, statement: &Statement) -> Vec<Row> {
        let mut state = self.state();
        match state.inserted.take() {
            Some(inserted) if inserted.is_of(&statement.sql) => inserted.rows,
            _ => {
                state.taken.reads.push(statement.clone());
                Vec::new()
            }
        }
    }

    /// The rows that answer a query, if it is one that has an answer without rows in any table.
    fn answer(&self, statement: &Statement) -> Option<Vec<Row>> {
        let sql = &statement.sql;
        let has = |what: &str| sql.contains(&format!("\"{what}\"")) || sql.contains(&format!("`{what}`"));
        let state = self.state();
        let schema = &state.schema;
        if sql.contains("pragma_foreign_keys") {
            return Some(vec![Row::from([("foreign_keys".to_owned(), 0i32.into())])]);
        }
        if let Some(table) = sql.strip_prefix("SHOW CREATE TABLE ") {
            let text = state.texts.table(&unquoted(table));
            return Some(
                text.map(|text| Row::from([("Create Table".to_owned(), text.into())])).into_iter().collect(),
            );
        }
        let texts = texts(statement);
        let (last, last_but_one) = (texts.last()?.as_str(), texts.iter().rev().nth(1).map(String::as_str));
        if has("has_table") {
            Some(truth("has_table", schema.table(last).is_some()))
        } else if has("has_column") {
            let table = schema.table(last_but_one?);
            Some(truth("has_column", table.is_some_and(|table| table.column(last).is_some())))
        } else if has("has_index") {
            let table = last_but_one?;
            let found = schema
                .table(table)
                .is_some_and(|of| of.indexes.iter().any(|index| index.name_on(table) == last));
            Some(truth("has_index", found))
        } else if sql.contains("sqlite_master") {
            Some(rebuild::objects(schema, &state.texts, &state.triggers, sql, last))
        } else {
            None
        }
    }
}

fn truth(name: &str, value: bool) -> Vec<Row> {
    vec![Row::from([(name.to_owned(), value.into())])]
}

fn is_select(sql: &str) -> bool {
    sql.trim_start().get(..6).is_some_and(|verb| verb.eq_ignore_ascii_case("select"))
}

/// The text among a statement's values.
fn texts(statement: &Statement) -> Vec<String> {
    let values = statement.values.iter().flat_map(|values| values.0.iter());
    values
        .filter_map(|value| match value {
            Value::String(Some(text)) => Some(text.clone()),
            _ => None,
        })
        .collect()
}

impl MockDatabaseTrait for Recorder {
    fn execute(&mut self, _: usize, statement: Statement) -> Result<ExecResult, DbErr> {
        self.write(statement.clone());
        let last_insert_id = self.state().counter.unsigned_abs();
        let result = MockExecResult { last_insert_id, rows_affected: 1 };
        MockDatabase::new(self.backend).append_exec_results([result]).execute(0, statement)
    }

    fn query(&mut self, _: usize, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let rows = if let Some(rows) = self.answer(&statement) {
            rows
        } else if is_select(&statement.sql) {
            self.read(&statement)
        } else {
            self.write(statement.clone())
        };
        MockDatabase::new(self.backend).append_query_results([rows]).query(0, statement)
    }

    fn begin(&mut self) {
        let mut state = self.state();
        let point = (state.schema.clone(), state.texts.clone(), state.taken.statements.len());
        state.savepoints.push(point);
    }

    fn commit(&mut self) {
        self.state().savepoints.pop();
    }

    fn rollback(&mut self) {
        let mut state = self.state();
        if let Some((schema, texts, length)) = state.savepoints.pop() {
            state.schema = schema;
            state.texts = texts;
            state.taken.statements.truncate(length);
        }
    }

    fn drain_transaction_log(&mut self) -> Vec<Transaction> {
        Vec::new()
    }

    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    fn ping(&self) -> Result<(), DbErr> {
        Ok(())
    }
}
