//! Extractor of JSON bodies.

use std::time::Duration;

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::BytesMut};
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::de::{DeserializeOwned, IgnoredAny};
use service::Error;
use tokio::time::timeout;

use super::{Sender, content_length, cut_off, field_problem};
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
            let body = body.map_err(|_| Problem::new(Code::RequestTimeout, "the body took too long"))??;
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
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // serde would accept an array for an object, field by field.
    if !text.trim_start().starts_with('{') {
        return match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Err(Error::invalid("", "type", "must be an object").into()),
            Err(error) => Err(Problem::new(Code::MalformedBody, format!("the body is not JSON: {error}"))),
        };
    }
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| json_problem(&error))?;
    deserializer
        .end()
        .map_err(|error| Problem::new(Code::MalformedBody, format!("the body is not JSON: {error}")))?;
    Ok(parsed)
}

fn json_problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    let too_big = inner.to_string().starts_with("number out of range");
    if inner.is_data() || too_big {
        return field_problem(error.path(), &inner.to_string());
    }
    Problem::new(Code::MalformedBody, format!("the body is not JSON: {inner}"))
}
