//! Extractor of query parameters.

use std::{borrow::Cow, sync::LazyLock};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::future::{Ready, ready};
use percent_encoding::percent_decode_str;
use serde::{
    Deserializer,
    de::{DeserializeOwned, IntoDeserializer, Visitor, value::MapDeserializer},
    forward_to_deserialize_any,
};
use service::books::Filters;
use url::form_urlencoded;
use utoipa::IntoParams;

use super::failure::{self, Failure};
use crate::error::{Code, Problem, Result};

/// Query parameters.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = match query_string(request) {
            Ok(text) => text,
            Err(problem) => return ready(Err(problem)),
        };
        ready(deserialize(form_urlencoded::parse(text.as_bytes())).map(Self))
    }
}

/// Names of the filters of books.
static FILTERS: LazyLock<Vec<String>> =
    LazyLock::new(|| Filters::into_params(|| None).into_iter().map(|parameter| parameter.name).collect());

/// Query parameters of a filtered list of books: those of the filters, and the rest.
pub struct Filtered<Q>(pub Filters, pub Q);

impl<Q: DeserializeOwned> FromRequest for Filtered<Q> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = match query_string(request) {
            Ok(text) => text,
            Err(problem) => return ready(Err(problem)),
        };
        let (filters, rest): (Vec<_>, Vec<_>) = form_urlencoded::parse(text.as_bytes())
            .partition(|(name, _)| FILTERS.iter().any(|filter| filter == name));
        let filters = deserialize(filters.into_iter());
        ready(filters.and_then(|filters| Ok(Self(filters, deserialize(rest.into_iter())?))))
    }
}

/// Deserializes parameters from their names and values.
fn deserialize<'q, T: DeserializeOwned>(
    pairs: impl Iterator<Item = (Cow<'q, str>, Cow<'q, str>)>,
) -> Result<T> {
    let parameters = MapDeserializer::new(pairs.map(|(name, value)| (name, Parameter(value))));
    let query = serde_path_to_error::deserialize(parameters);
    query.map_err(|error| failure::problem(error.path(), error.inner()))
}

/// Parameter that may be repeated, or have several values with commas between them.
const LIST: &str = "fields";

/// Query string with one parameter for each name.
///
/// # Errors
/// `bad_request` if it is not UTF-8 after percent-decoding.
fn query_string(request: &HttpRequest) -> Result<Cow<'_, str>> {
    let query = request.query_string();
    match percent_decode_str(query).decode_utf8() {
        Ok(_) => Ok(joined(query)),
        Err(_) => Err(Problem::new(Code::BadRequest, "the query is not percent-encoded UTF-8")),
    }
}

/// Query string in which the values of all [`LIST`] parameters are one.
fn joined(query: &str) -> Cow<'_, str> {
    let is_list = |name: &str| name == LIST;
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let lists: Vec<_> = pairs().filter(|(name, _)| is_list(name)).map(|(_, value)| value).collect();
    if lists.len() < 2 {
        return query.into();
    }
    let others = pairs().filter(|(name, _)| !is_list(name));
    let mut joined = form_urlencoded::Serializer::new(String::new());
    joined.extend_pairs(others).append_pair(LIST, &lists.join(",")).finish().into()
}

/// Value of a parameter: text, from which numbers and booleans are parsed.
struct Parameter<'q>(Cow<'q, str>);

impl Parameter<'_> {
    fn parse<T: std::str::FromStr>(&self, expected: &str) -> std::result::Result<T, Failure> {
        self.0.parse().map_err(|_| Failure::Value(format!("must be {expected}")))
    }
}

/// Methods that parse the text as a number or a boolean.
macro_rules! parse {
    ($($method:ident $visit:ident $expected:literal;)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Failure> {
            visitor.$visit(self.parse($expected)?)
        })+
    };
}

impl<'de> Deserializer<'de> for Parameter<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Failure> {
        visitor.visit_str(&self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Failure> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> std::result::Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, Failure> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    parse! {
        deserialize_bool visit_bool "true or false";
        deserialize_i8 visit_i8 "a whole number in range";
        deserialize_i16 visit_i16 "a whole number in range";
        deserialize_i32 visit_i32 "a whole number in range";
        deserialize_i64 visit_i64 "a whole number in range";
        deserialize_u8 visit_u8 "a whole number of at least 0 in range";
        deserialize_u16 visit_u16 "a whole number of at least 0 in range";
        deserialize_u32 visit_u32 "a whole number of at least 0 in range";
        deserialize_u64 visit_u64 "a whole number of at least 0 in range";
        deserialize_f32 visit_f32 "a number";
        deserialize_f64 visit_f64 "a number";
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}

impl IntoDeserializer<'_, Failure> for Parameter<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
