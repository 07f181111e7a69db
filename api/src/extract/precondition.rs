//! Preconditions of a change (RFC 9110, section 13): `If-Match` and `If-None-Match` as versions of the resource.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use futures_util::future::{Ready, ready};
use service::Versions;

use crate::{
    endpoints::Endpoint,
    error::{Problem, Result},
    etag::{EntityTag, Named},
    response::Coding,
};

/// Versions that the preconditions of a request accept; none without a precondition.
pub struct Precondition(pub Option<Versions>);

impl FromRequest for Precondition {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let endpoint = Endpoint::of(request);
        let declared = endpoint.and_then(|endpoint| {
            let undeclared = || Problem::internal(format!("{} declares no precondition", endpoint.handler));
            endpoint.if_match.then_some(()).ok_or_else(undeclared)
        });
        ready(declared.map(|()| Self(versions(request))))
    }
}

fn versions(request: &HttpRequest) -> Option<Versions> {
    let named = |name| Named::of(request.headers(), name);
    let (wanted, unwanted) = (named(header::IF_MATCH), named(header::IF_NONE_MATCH));
    if wanted.is_none() && unwanted.is_none() {
        return None;
    }
    let only = match wanted {
        None | Some(Named::Any) => None,
        // A weak tag does not identify the exact representation, which the strong comparison demands.
        Some(Named::Tags(tags)) => Some(of_tags(tags.into_iter().filter(|tag| !tag.is_weak))),
    };
    Some(match unwanted {
        None => Versions { only, except: Vec::new() },
        // No version of an existing resource is accepted.
        Some(Named::Any) => Versions { only: Some(Vec::new()), except: Vec::new() },
        Some(Named::Tags(tags)) => Versions { only, except: of_tags(tags.into_iter()) },
    })
}

/// Versions that have one of these tags.
fn of_tags<'h>(tags: impl Iterator<Item = EntityTag<'h>>) -> Vec<i64> {
    tags.filter_map(|tag| version(std::str::from_utf8(tag.opaque).ok()?)).collect()
}

/// Version whose tag has this text, with or without the suffix of a content coding.
fn version(opaque: &str) -> Option<i64> {
    let is_coding = |name: &str| Coding::ALL.iter().any(|coding| coding.name() == name);
    let coded = opaque.split_once('-').filter(|(_, name)| is_coding(name));
    let digits = coded.map_or(opaque, |(digits, _)| digits);
    // Tags are opaque: `"01"` and `"+1"` are not those of version 1.
    digits.parse().ok().filter(|version: &i64| version.to_string() == digits)
}
