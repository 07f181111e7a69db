//! Validation and deserialization shared by all request bodies: characters of text, and absent versus null in a patch.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use validator::ValidationError;

use crate::FieldCode;

/// Largest integer that a JSON number holds exactly in JavaScript (2⁵³ − 1).
pub(crate) const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// Validates one line of text: no control characters.
pub(crate) fn line(text: &str) -> Result<(), ValidationError> {
    if text.chars().any(char::is_control) {
        return Err(error(FieldCode::ControlCharacter, "must not contain control characters"));
    }
    Ok(())
}

/// Validates several lines of text: no control characters except line ends and tabs.
pub(crate) fn paragraphs(text: &str) -> Result<(), ValidationError> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(error(
            FieldCode::ControlCharacter,
            "must not contain control characters except line ends and tabs",
        ));
    }
    Ok(())
}

/// Validates one line of text that is not blank.
pub(crate) fn words(text: &str) -> Result<(), ValidationError> {
    if !text.is_empty() && text.trim().is_empty() {
        return Err(error(FieldCode::Blank, "must not be blank"));
    }
    line(text)
}

/// Validation error with its message.
pub(crate) fn error(code: FieldCode, message: impl Into<std::borrow::Cow<'static, str>>) -> ValidationError {
    ValidationError::new(code.as_str()).with_message(message.into())
}

/// Deserializer of a field that may be cleared: absent is `None`, `null` is `Some(None)`.
pub(crate) fn clearable<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Deserializer of a field that may be absent but not null.
pub(crate) fn required<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Deserializer of a nested object. serde alone would also accept an array of its fields.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<ObjectOnly<T>>::deserialize(deserializer)?.map(|object| object.0))
}

/// [`object`] for a field that may be cleared.
pub(crate) fn clearable_object<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    object(deserializer).map(Some)
}

/// Value that is deserialized from a JSON object only.
struct ObjectOnly<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ObjectOnly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, fields: M) -> Result<T, M::Error> {
                T::deserialize(MapAccessDeserializer::new(fields))
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}
