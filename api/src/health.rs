//! `/livez` and `/readyz`: liveness and readiness of the server.

use actix_web::{HttpResponse, Responder, http::header, web::Data};
use migration::startup::{self, State as Schema};
use serde::Serialize;
use service::Context;
use utoipa::ToSchema;

use crate::{
    endpoints::{Access, Section, endpoint},
    error::{Code, Problem, Result},
    server::Draining,
};

/// Health of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    status: Well,
}

/// Status of a healthy server.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Well {
    /// Healthy.
    Ok,
}

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
/// Succeeds while the process runs.
#[utoipa::path(get, path = "/livez", operation_id = "getLiveness", tag = "health",
    responses((status = 200, body = Health, description = "The process runs")))]
pub async fn live() -> impl Responder {
    well()
}

/// Check readiness
///
/// Succeeds if the database responds and has the schema of this version, until the server begins to stop.
#[utoipa::path(get, path = "/readyz", operation_id = "getReadiness", tag = "health",
    responses((status = 200, body = Health, description = "The server can serve requests")))]
pub async fn ready(cx: Data<Context>, draining: Data<Draining>) -> Result<impl Responder> {
    draining.check()?;
    let schema = startup::state(cx.db.connection()).await;
    let schema = schema
        .map_err(|e| Problem::caused(Code::Unavailable, "the database does not respond", e.to_string()))?;
    match schema {
        Schema::Current => Ok(well()),
        Schema::Behind(_) => Err(Problem::caused(
            Code::SchemaBehind,
            "the database lacks migrations; run them",
            schema.to_string(),
        )),
        Schema::Ahead(_) => Err(Problem::caused(
            Code::SchemaAhead,
            "the database has migrations of a later version; update the server",
            schema.to_string(),
        )),
    }
}

/// Response of a healthy server; no cache may store it.
fn well() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(Health { status: Well::Ok })
}
