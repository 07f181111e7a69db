//! Errors of deserialization with their kind, which serde reports by calls and libraries keep as English text only.

use std::fmt;

use serde::de::{self, Expected, Unexpected};
use serde_path_to_error::{Path, Segment};
use service::{Error, FieldCode, FieldError};

use crate::error::Problem;

/// Error of deserialization.
#[derive(Debug)]
pub(super) enum Failure {
    /// The type has no such field.
    UnknownField(String),
    /// A required field is absent.
    MissingField(&'static str),
    /// A field occurs more than once.
    DuplicateField(&'static str),
    /// A value has the wrong type, or is none of those allowed.
    Value(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownField(_) => "is not a known field",
            Self::MissingField(_) => "is missing",
            Self::DuplicateField(_) => "is given more than once",
            Self::Value(detail) => detail,
        })
    }
}

impl std::error::Error for Failure {}

/// Texts leave out the value: it may be a password.
impl de::Error for Failure {
    fn custom<T: fmt::Display>(detail: T) -> Self {
        Self::Value(detail.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Value(format!("must be {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Value(format!("must be {expected}"))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::Value(format!("must be {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let names: Vec<String> = expected.iter().map(|name| format!("`{name}`")).collect();
        Self::Value(format!("must be one of {}", names.join(", ")))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::UnknownField(field.to_owned())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingField(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::DuplicateField(field)
    }
}

/// Problem document of a failure at `path`.
pub(super) fn problem(path: &Path, failure: &Failure) -> Problem {
    let mut pointer = pointer(path);
    let (code, field) = match failure {
        Failure::UnknownField(field) => (FieldCode::UnknownField, Some(field.as_str())),
        Failure::MissingField(field) => (FieldCode::Missing, Some(*field)),
        Failure::DuplicateField(field) => (FieldCode::Duplicate, Some(*field)),
        Failure::Value(_) => (FieldCode::Type, None),
    };
    // The path ends at the object or at its field, as far as serde has read.
    if let Some(segment) = field.map(escape).filter(|segment| !pointer.ends_with(&format!("/{segment}"))) {
        pointer = format!("{pointer}/{segment}");
    }
    Error::Invalid(vec![FieldError::new(pointer, code, failure.to_string())]).into()
}

/// Path as a JSON Pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let segments = path.iter().filter_map(|segment| match segment {
        Segment::Map { key } => Some(format!("/{}", escape(key))),
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    segments.collect()
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
