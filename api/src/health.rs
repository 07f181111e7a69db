//! `/livez` and `/readyz`: liveness and readiness of the server.

use actix_web::{HttpResponse, Responder, http::header, web::Data};
use serde::Serialize;
use service::Context;
use utoipa::ToSchema;

use crate::{
    endpoints::{Access, Section, endpoint},
    error::{Code, Result},
    schema::SchemaGate,
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
pub async fn ready(
    cx: Data<Context>,
    draining: Data<Draining>,
    schema: Data<SchemaGate>,
) -> Result<impl Responder> {
    draining.check()?;
    schema.check(&cx).await?;
    Ok(well())
}

/// Response of a healthy server; no cache may store it.
fn well() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(Health { status: Well::Ok })
}
