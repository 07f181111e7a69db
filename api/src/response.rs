//! Responses of handlers: resources with entity tags, pages with links, and files.

mod coding;
mod conditional;
mod download;
mod encode;

use actix_web::{
    HttpRequest, HttpResponse, Responder, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use serde::Serialize;
use service::page::Page;
use url::form_urlencoded;

pub(crate) use self::conditional::{allow_shared_cache, finish, serve_files};
pub use self::{
    coding::Coding,
    conditional::Immutable,
    download::{Download, Exported},
};
use crate::error::Problem;

/// Resource with a version, which is its entity tag.
pub trait Versioned: Serialize {
    /// Version, from 1; every change increments it.
    fn version(&self) -> i64;
}

/// Response with a resource and its strong entity tag.
pub struct Tagged<T>(pub T);

impl<T: Versioned> Responder for Tagged<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().insert_header((header::ETAG, tag(&self.0))).json(self.0)
    }
}

/// Response with a new resource and its path.
pub struct Created<T>(pub String, pub T);

impl<T: Versioned> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::build(StatusCode::CREATED)
            .insert_header((header::LOCATION, self.0))
            .insert_header((header::ETAG, tag(&self.1)))
            .json(self.1)
    }
}

/// Response with a page, a link to the next one (RFC 8288) and a weak entity tag.
pub struct Paged<T>(pub Page<T>);

impl<T: Serialize> Responder for Paged<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &self.0.next_cursor {
            let others = form_urlencoded::parse(request.query_string().as_bytes())
                .filter(|(name, _)| name != "cursor" && name != "offset");
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(others)
                .append_pair("cursor", cursor)
                .finish();
            response.insert_header((header::LINK, format!("<{}?{query}>; rel=\"next\"", request.path())));
        }
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                response.insert_header((header::ETAG, conditional::weak_tag(&body)));
                response.content_type("application/json").body(body)
            }
            Err(error) => Problem::internal(error.to_string()).error_response(),
        }
    }
}

/// Media type of responses with a part of the fields, so that the OpenAPI document can require all fields in the
/// others.
pub const SPARSE_JSON: &str = "application/vnd.bookly.sparse+json";

/// Response that is sparse if the flag says so.
pub struct Sparse<R>(pub bool, pub R);

impl<R: Responder> Responder for Sparse<R> {
    type Body = R::Body;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse<Self::Body> {
        let mut response = self.1.respond_to(request);
        if self.0 && response.status().is_success() {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(SPARSE_JSON));
        }
        response
    }
}

fn tag(resource: &impl Versioned) -> String {
    format!("\"{}\"", resource.version())
}
