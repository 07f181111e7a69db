//! What handlers answer with: resources with entity tags, pages with links, files.

mod download;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{StatusCode, header},
};
use serde::Serialize;
use service::{books::Book, page::Page, users::User};
use url::form_urlencoded;

pub use self::download::{Download, Exported};

/// A resource whose every change moves a version on.
pub trait Versioned: Serialize {
    /// How often it was changed, from 1.
    fn version(&self) -> i64;
}

impl Versioned for Book {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for User {
    fn version(&self) -> i64 {
        self.version
    }
}

/// A resource with its strong entity tag, or 304 for one who has it already (RFC 9110, section 13.1.2).
pub struct Tagged<T>(pub T);

impl<T: Versioned> Responder for Tagged<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let tag = tag(&self.0);
        let known = request.headers().get_all(header::IF_NONE_MATCH).any(|value| {
            let tags = value.to_str().unwrap_or_default();
            tags.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
        });
        if known && request.method().is_safe() {
            return HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
        }
        HttpResponse::Ok().insert_header((header::ETAG, tag)).json(self.0)
    }
}

/// A new resource and where it is.
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

/// A page, with a link to the next one (RFC 8288).
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
        response.json(self.0)
    }
}

fn tag(resource: &impl Versioned) -> String {
    format!("\"{}\"", resource.version())
}
