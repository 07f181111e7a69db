//! `/livez` and `/readyz`: liveness and readiness of the server.

use actix_web::{HttpResponse, Responder, http::header, web::Data};
use serde::Serialize;
use service::{Context, health};
use utoipa::ToSchema;

use crate::{
    endpoints::{Access, Section, endpoint},
    error::{Code, Problem, Result},
    latest::Latest,
    schema::{self, SchemaGate},
    server::Draining,
};

/// Liveness of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    status: Well,
}

/// Readiness of the server.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Readiness {
    status: Well,
    /// False while the database accepts no writes: its disk is full, or it is read-only. Reads work.
    writable: bool,
}

/// Status of a healthy server.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Well {
    /// Healthy.
    Ok,
}

/// Latest readiness, of which the database is asked at most once a second.
pub type LatestReadiness = Latest<Result<Readiness>>;

/// Section of the endpoint table.
pub(crate) fn section() -> Section {
    Section {
        tag: "health",
        description: "Liveness and readiness of the server",
        endpoints: vec![
            endpoint!(health::live, Access::HttpOnly).uncached(),
            endpoint!(health::ready, Access::HttpOnly)
                .uncached()
                .fails([Code::SchemaBehind, Code::SchemaAhead]),
        ],
    }
}

/// Check liveness
///
/// Succeeds while the process works. It fails if its connections to the database have been broken for a minute although
/// the database accepts new ones; a restart may help. It succeeds while the database is away.
#[utoipa::path(get, path = "/livez", operation_id = "getLiveness", tag = "health",
    responses((status = 200, body = Health, description = "The process works")))]
pub async fn live(cx: Data<Context>) -> Result<impl Responder> {
    if cx.db.health().is_stuck() {
        let cause = "replaced connections did not work either";
        return Err(Problem::caused(Code::Unavailable, "the connections to the database are broken", cause));
    }
    Ok(well(Health { status: Well::Ok }))
}

/// Check readiness
///
/// Succeeds if the database responds and has the schema of this version, until the server begins to stop. The database is
/// asked at most once a second.
#[utoipa::path(get, path = "/readyz", operation_id = "getReadiness", tag = "health",
    responses((status = 200, body = Readiness, description = "The server can serve requests")))]
pub async fn ready(
    cx: Data<Context>,
    draining: Data<Draining>,
    schema: Data<SchemaGate>,
    latest: Data<LatestReadiness>,
) -> Result<impl Responder> {
    draining.check()?;
    Ok(well(latest.get(ask(&cx, &schema)).await?))
}

/// Asks the database for its schema, and whether it accepts writes.
async fn ask(cx: &Context, schema: &SchemaGate) -> Result<Readiness> {
    schema.check(cx).await?;
    let writable = health::is_writable(cx).await.map_err(|error| schema::silent(&error))?;
    Ok(Readiness { status: Well::Ok, writable })
}

/// Response of a healthy server; no cache may store it.
fn well(body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}
