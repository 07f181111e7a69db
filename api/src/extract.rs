//! Extractors: the parts of a request as types of `service`, and their failures as problem documents.

mod authorize;
mod failure;
mod json;
mod precondition;
mod query;
mod tree;
mod upload;

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header, web::Data};
use futures_util::future::{LocalBoxFuture, Ready, ready};
use service::{Actor, Context, Error, auth, sessions::DeviceInfo};
use uuid::Uuid;

pub(crate) use self::authorize::{authorize, bearer};
pub use self::{
    json::{JSON_LIMIT, Json},
    precondition::Precondition,
    query::{Filtered, Query},
    upload::{FILE_LIMIT, Upload},
};
use crate::{
    address, cookie,
    endpoints::{Endpoint, TokenUse},
    error::{Code, Problem, Result},
    server::Connection,
};

/// Context of the operations.
///
/// # Errors
/// `internal` if the application has none: no request may pass without it.
pub(crate) fn context(request: &HttpRequest) -> Result<&Data<Context>> {
    let context = request.app_data::<Data<Context>>();
    context.ok_or_else(|| Problem::internal("the application has no context"))
}

/// Time within which a body counts as sent together with its head.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Sender of a body.
struct Sender {
    /// Account, as authenticated from the head of the request.
    account: Option<(Data<Context>, Actor)>,
    connection: Option<Rc<Connection>>,
}

impl Sender {
    fn of(request: &HttpRequest) -> Self {
        let actor = request.extensions().get::<Actor>().cloned();
        Self {
            account: request.app_data::<Data<Context>>().cloned().zip(actor),
            connection: request.conn_data::<Rc<Connection>>().cloned(),
        }
    }

    /// Reads a body. After a slow one, the account is checked again: it may have changed since the head arrived.
    async fn read<T>(self, body: impl Future<Output = Result<T>>) -> Result<T> {
        let began = Instant::now();
        let body = body.await.map_err(|problem| match &self.connection {
            Some(connection) if connection.is_cut() => too_slow(),
            _ => problem,
        })?;
        if let Some((cx, actor)) = self.account.filter(|_| began.elapsed() > AT_ONCE) {
            auth::confirm(&cx, &actor).await?;
        }
        Ok(body)
    }
}

/// Actor of a request. Only for endpoints that need an access token.
pub struct SignedIn(pub Actor);

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let actor = request.extensions().get::<Actor>().cloned();
        ready(actor.map(Self).ok_or_else(|| Error::NotSignedIn.into()))
    }
}

/// Actor of a request to an endpoint that works with and without an access token. A token that is not valid counts as
/// none, and the operation decides.
pub struct MaybeSignedIn(pub Option<Actor>);

impl FromRequest for MaybeSignedIn {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let endpoint = Endpoint::of(&request)?;
            if endpoint.token_use == TokenUse::Ignored {
                return Err(Problem::internal(format!("{} declares no optional session", endpoint.handler)));
            }
            let Ok(token) = bearer(&request) else { return Ok(Self(None)) };
            match auth::authenticate(context(&request)?, token).await {
                Ok(actor) => Ok(Self(Some(actor))),
                Err(Error::InvalidToken) => Ok(Self(None)),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// Id in the path. A malformed id is answered with `not_found`.
pub struct Id(pub Uuid);

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|id| Uuid::try_parse(id).ok());
        ready(id.map(Self).ok_or_else(|| Error::NotFound.into()))
    }
}

/// Device that sent the request, for the list of sessions and the limits of log-ins.
pub struct Device(pub DeviceInfo);

impl FromRequest for Device {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user_agent = request.headers().get(header::USER_AGENT).and_then(|name| name.to_str().ok());
        let ip = address::of(request);
        let token = cookie::device_token(request);
        ready(Ok(Self(DeviceInfo { user_agent: user_agent.map(str::to_owned), ip, token })))
    }
}

fn content_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_slow() -> Problem {
    Problem::new(Code::RequestTimeout, "the body took too long")
}

fn cut_off(error: &actix_web::error::PayloadError) -> Problem {
    Problem::new(Code::BadRequest, format!("the body cannot be read: {error}"))
}
