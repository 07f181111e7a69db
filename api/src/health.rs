//! `/livez` and `/readyz`: whether the process lives, and whether it can serve.

use actix_web::{HttpResponse, Responder, http::header, web::Data};
use migration::startup::{self, State as Schema};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    State,
    error::{Code, Problem, Result},
};

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    status: Well,
}

/// The one word that a good answer has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Well {
    /// All is well.
    Ok,
}

/// Is the process alive?
#[utoipa::path(get, path = "/livez", operation_id = "getLiveness", tag = "health",
    responses((status = 200, body = Health, description = "It is")))]
pub async fn live() -> impl Responder {
    well()
}

/// Can it serve?
///
/// Asks the database, and whether its schema is the one that this version needs.
#[utoipa::path(get, path = "/readyz", operation_id = "getReadiness", tag = "health",
    responses((status = 200, body = Health, description = "It can")))]
pub async fn ready(state: Data<State>) -> Result<impl Responder> {
    let schema = startup::state(state.db.connection()).await;
    let schema = schema
        .map_err(|e| Problem::caused(Code::Unavailable, "the database does not answer", e.to_string()))?;
    match schema {
        Schema::Current => Ok(well()),
        Schema::Behind(_) => {
            Err(Problem::caused(Code::SchemaBehind, "migrate the database", schema.to_string()))
        }
        Schema::Ahead(_) => Err(Problem::caused(Code::SchemaAhead, "update the server", schema.to_string())),
    }
}

/// An answer that is true only now.
fn well() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(Health { status: Well::Ok })
}
