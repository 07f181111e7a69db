//! Extractor of JSON bodies.

use std::time::Duration;

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::BytesMut};
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{Sender, content_length, cut_off, failure, too_slow, tree::Tree};
use crate::{
    endpoints::Endpoint,
    error::{Code, Problem, Result},
};

/// Most bytes of a JSON body, unless the endpoint declares another limit.
pub const JSON_LIMIT: usize = 256 * 1024;

/// Time for a JSON body to arrive.
const JSON_DEADLINE: Duration = Duration::from_secs(10);

/// A JSON object.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = request.content_type().to_ascii_lowercase();
        let (length, limit) = (content_length(request), Endpoint::of(request).and_then(Endpoint::body_limit));
        let (sender, payload) = (Sender::of(request), payload.take());
        Box::pin(async move {
            if media_type != "application/json" && !media_type.ends_with("+json") {
                return Err(Problem::new(Code::UnsupportedMediaType, "send application/json"));
            }
            let body = timeout(JSON_DEADLINE, sender.read(read_json(payload, length, limit?))).await;
            let body = body.map_err(|_| too_slow())??;
            parse_json(&body).map(Self)
        })
    }
}

async fn read_json(mut payload: Payload, length: Option<usize>, limit: usize) -> Result<BytesMut> {
    let too_large = || Problem::new(Code::BodyTooLarge, format!("the body has more than {limit} bytes"));
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| cut_off(&error))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let text =
        std::str::from_utf8(body).map_err(|_| Problem::new(Code::MalformedBody, "the body is not UTF-8"))?;
    let parsed = serde_path_to_error::deserialize(Tree::parse(text)?);
    parsed.map_err(|error| failure::problem(error.path(), error.inner()))
}
