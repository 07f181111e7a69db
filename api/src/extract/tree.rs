//! A JSON document as a tree, from which inputs are deserialized with [`Failure`] as the error.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use service::{Error, FieldCode};

use super::failure::{self, Failure};
use crate::error::{Code, Problem, Result};

/// A JSON value. Objects keep every field, so that duplicate ones are found.
#[derive(Debug)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// First integer that a float cannot tell from the next one: 2⁵³.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Tree {
    /// Parses a document that is an object.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let malformed = |error: &serde_json::Error| {
            Problem::new(Code::MalformedBody, format!("the body is not JSON: {error}"))
        };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let parsed: std::result::Result<Self, _> = serde_path_to_error::deserialize(&mut deserializer);
        let tree = parsed.map_err(|error| {
            if overflows(text, error.inner()) {
                failure::problem(error.path(), &Failure::Value("must be a number in range".to_owned()))
            } else {
                malformed(error.inner())
            }
        })?;
        deserializer.end().map_err(|error| malformed(&error))?;
        match tree {
            Self::Object(_) => Ok(tree),
            _ => Err(Error::invalid("", FieldCode::Type, "must be an object").into()),
        }
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Unsigned(value) => Unexpected::Unsigned(*value),
            Self::Signed(value) => Unexpected::Signed(*value),
            Self::Float(value) => Unexpected::Float(*value),
            Self::Text(value) => Unexpected::Str(value),
            Self::List(_) => Unexpected::Seq,
            Self::Object(_) => Unexpected::Map,
        }
    }
}

/// Whether the parser stopped at a number that no `f64` can hold.
fn overflows(text: &str, error: &serde_json::Error) -> bool {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let end = (lines.map(str::len).sum::<usize>() + error.column()).min(text.len());
    let is_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let before = text.as_bytes()[..end].iter().rev().take_while(|byte| is_number(byte)).count();
    let after = text.as_bytes()[end..].iter().take_while(|byte| is_number(byte)).count();
    let number = text.get(end - before..end + after).unwrap_or_default();
    number.parse::<f64>().is_ok_and(f64::is_infinite)
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Tree, E> {
        Ok(Tree::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Tree, E> {
        Ok(Tree::Signed(value))
    }

    /// A number without a fraction is an integer in any notation, such as `412.0` (JSON Schema 2020-12, section 6.1.1).
    fn visit_f64<E>(self, value: f64) -> std::result::Result<Tree, E> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is an integer within the range that a float is exact in"
        )]
        let whole = (value.fract() == 0.0 && value.abs() < EXACT).then_some(value as i64);
        Ok(whole.map_or(Tree::Float(value), Tree::Signed))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> std::result::Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> std::result::Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = access.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Object(fields))
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Failure> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Unsigned(value) => visitor.visit_u64(value),
            Self::Signed(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(value) => visitor.visit_string(value),
            Self::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Self::Object(fields) => visitor.visit_map(MapDeserializer::new(fields.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Failure> {
        match self {
            Self::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
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
        match self {
            Self::Text(name) => visitor.visit_enum(name.into_deserializer()),
            value => Err(Failure::invalid_type(value.unexpected(), &"a string")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Failure> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_nothing_can_hold_are_out_of_range() {
        for (text, expected) in [
            ("{\"a\":1e999}", true),
            ("{\n  \"a\": -1e999,\n  \"b\": 1\n}", true),
            ("{\"a\":[1, 1e400]}", true),
            ("{\"a\":1e", false),
            ("{\"a\":01}", false),
            ("{\"a\":1 x", false),
            ("{\"a\":-}", false),
            ("", false),
        ] {
            let error = serde_json::from_str::<Tree>(text).unwrap_err();
            assert_eq!(overflows(text, &error), expected, "{text}: {error}");
        }
    }
}
