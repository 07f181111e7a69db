//! Authentication and permission check of a request, before anything of its body is read.

use actix_web::{
    HttpMessage, HttpRequest, ResponseError,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
};
use service::{Error, access::Action, auth};

use super::context;
use crate::{
    endpoints::{Access, Endpoint},
    error::Result,
    response, throttle,
};

/// Layer round each handler: rejects requests that the permission table denies, and leaves the actor to the handler.
pub(crate) async fn authorize(
    endpoint: &'static Endpoint,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> std::result::Result<ServiceResponse, actix_web::Error> {
    if let Access::Action(action) = endpoint.access
        && !action.rule().anonymous
        && let Err(problem) = admit(endpoint, action, request.request()).await
    {
        return Ok(request.into_response(problem.error_response()));
    }
    let mut response = next.call(request).await?;
    response::allow_shared_cache(endpoint, &mut response);
    Ok(response)
}

/// Authenticates the actor, counts the request against the limits of the account, and checks the permission.
async fn admit(endpoint: &Endpoint, action: Action, request: &HttpRequest) -> Result<()> {
    let cx = context(request)?;
    let actor = auth::authenticate(cx, bearer(request)?).await?;
    let counted = match actor.id() {
        Some(id) => throttle::count_account(endpoint, request, id).await,
        None => Ok(()),
    };
    let reach = actor.require(action);
    request.extensions_mut().insert(actor);
    counted?;
    Ok(reach.map(drop)?)
}

/// Token of `Authorization: Bearer …` (RFC 6750, section 2.1). Two such headers are rejected: a proxy may have
/// checked the other one.
pub(crate) fn bearer(request: &HttpRequest) -> Result<&str> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next().ok_or(Error::NotSignedIn)?;
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    match (token, values.next()) {
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(token.trim_start_matches(' '))
        }
        _ => Err(Error::InvalidToken.into()),
    }
}
