//! Schema of the database against the migrations of this version: no operation runs while some are pending.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{
    Error, ResponseError,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use migration::startup::{self, State};
use service::{Context, error::chain};

use crate::{
    endpoints::{Access, Endpoint},
    error::{Code, Problem, Result, SCHEMA_BEHIND},
    extract,
    latest::Latest,
};

/// Gate of the operations of a process. It opens once the database has every migration of this version, and closes when
/// a check or a statement finds that it no longer has.
#[derive(Debug, Default)]
pub struct SchemaGate {
    is_open: AtomicBool,
    latest: Latest<Result<()>>,
}

impl SchemaGate {
    /// Compares the schema with the migrations.
    ///
    /// # Errors
    /// `schema_behind`, `schema_ahead`, or `unavailable` if the database does not respond.
    pub async fn check(&self, cx: &Context) -> Result<()> {
        let state = cx.db.inspect(|conn| async move { startup::state(&conn).await }).await;
        let state = state.map_err(|error| silent(&error))?;
        // An older version can often run on a newer schema that is not known to be compatible, and must, while it is
        // replaced.
        self.is_open.store(!matches!(state, State::Behind(_)), Ordering::Relaxed);
        match state {
            State::Current | State::AheadCompatible(_) => Ok(()),
            State::Behind(_) => Err(Problem::caused(Code::SchemaBehind, SCHEMA_BEHIND, state.to_string())),
            State::Ahead(_) => Err(Problem::caused(
                Code::SchemaAhead,
                "the database has migrations of a later version; update the server",
                state.to_string(),
            )),
        }
    }

    /// Rejects an operation while the database lacks migrations.
    async fn admit(&self, cx: &Context) -> Result<()> {
        if self.is_open.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.latest.get(self.check(cx)).await {
            // Without an answer, the operation finds out for itself.
            Err(problem) if problem.code() == Code::SchemaBehind => Err(problem),
            _ => Ok(()),
        }
    }

    /// Problem of an operation whose statement names an unknown table or column.
    async fn diagnose(&self, cx: &Context, found: Problem) -> Problem {
        match self.check(cx).await {
            Err(problem) => problem,
            Ok(()) => Problem::internal(found.cause().unwrap_or_default()),
        }
    }
}

/// Problem of a database that does not respond.
pub(crate) fn silent(error: &service::Error) -> Problem {
    Problem::caused(Code::Unavailable, "the database does not respond", chain(error))
}

/// Layer round each operation: rejects it with `schema_behind` until the database is migrated.
pub(crate) async fn require(
    endpoint: &'static Endpoint,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> std::result::Result<ServiceResponse, Error> {
    if endpoint.access == Access::HttpOnly {
        return next.call(request).await;
    }
    let cx = Data::clone(extract::context(request.request())?);
    let gate = request.app_data::<Data<SchemaGate>>().cloned();
    let gate = gate.ok_or_else(|| Problem::internal("the application has no schema gate"))?;
    if let Err(problem) = gate.admit(&cx).await {
        return Ok(request.into_response(problem.error_response()));
    }
    let response = next.call(request).await?;
    let found = response.response().extensions().get::<Problem>().cloned();
    match found.filter(|problem| problem.code() == Code::SchemaBehind) {
        None => Ok(response),
        Some(found) => {
            let problem = gate.diagnose(&cx, found).await;
            Ok(response.into_response(problem.error_response()))
        }
    }
}
