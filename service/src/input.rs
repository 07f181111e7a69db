//! Validation and deserialization shared by all request bodies: characters of text, and absent versus null in a patch.

use std::{fmt, marker::PhantomData};

use icu_properties::props::{
    BinaryProperty, DefaultIgnorableCodePoint, EnumeratedProperty, GeneralCategory,
    PrependedConcatenationMark,
};

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

/// Validates a name: one line of text that is visible and that reads as it is stored.
pub(crate) fn words(text: &str) -> Result<(), ValidationError> {
    if !text.is_empty() && text.chars().all(|c| c.is_whitespace() || DefaultIgnorableCodePoint::for_char(c)) {
        return Err(error(FieldCode::Blank, "must not be blank"));
    }
    line(text)?;
    if text.chars().any(is_format) {
        return Err(error(
            FieldCode::FormatCharacter,
            "must not contain invisible characters, such as those that change the direction of text",
        ));
    }
    Ok(())
}

/// Zero-width joiner and non-joiner, which change the form of letters in Persian, Hindi and other scripts, and join emoji.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Whether a character is invisible and changes how the text around it is shown or compared: a format character, such
/// as U+202E, or a line or paragraph separator (Unicode general categories Cf, Zl and Zp). The number signs of Arabic,
/// Syriac and Kaithi have the category Cf, too, but are visible.
pub(crate) fn is_format(c: char) -> bool {
    match GeneralCategory::for_char(c) {
        GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => true,
        GeneralCategory::Format => !JOINERS.contains(&c) && !PrependedConcatenationMark::for_char(c),
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<String> {
        words(text).err().map(|error| error.code.into_owned())
    }

    #[test]
    fn invisible_format_characters_are_not_part_of_a_name() {
        for c in [
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202b}',
            '\u{202c}',
            '\u{202d}',
            '\u{202e}',
            '\u{2060}',
            '\u{2063}',
            '\u{2066}',
            '\u{2067}',
            '\u{2068}',
            '\u{2069}',
            '\u{206f}',
            '\u{feff}',
            '\u{fff9}',
            '\u{fffb}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}',
        ] {
            assert_eq!(code(&format!("a{c}b")).as_deref(), Some("format_character"), "{c:?}");
            assert!(paragraphs(&format!("a{c}b")).is_ok(), "{c:?}");
        }
    }

    #[test]
    fn real_scripts_and_emoji_are_names() {
        for text in [
            "نمی\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}🚀 ☀\u{fe0f}",
            "葛\u{e0100}城",
            "\u{600}١٢",
            "Ὀδύσσεια",
            "e\u{301}",
            "한국어",
            "\u{a0}x",
        ] {
            assert_eq!(code(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_is_visible() {
        for text in [
            " ",
            "\u{a0}\u{3000}",
            "\u{200d}",
            "\u{200b}\u{feff}",
            "\u{3164}",
            "\u{115f} \u{1160}",
            "\u{fe0f}",
        ] {
            assert_eq!(code(text).as_deref(), Some("blank"), "{text:?}");
        }
        assert_eq!(code("a\nb").as_deref(), Some("control_character"));
    }
}
