//! Field errors: code and description of a problem in one field of the input, and their conversion from validator
//! errors.

mod code;

use serde::Serialize;
use utoipa::ToSchema;
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

pub use self::code::FieldCode;

/// Error of one field of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Place in the input: a JSON Pointer (RFC 6901) into the body, or `/` and the name of a query parameter.
    #[schema(examples("/title"))]
    pub pointer: String,
    /// Code of the error, for programs.
    #[schema(examples("length"))]
    pub code: FieldCode,
    /// Description of the error, for people.
    #[schema(examples("must have 1 to 500 characters"))]
    pub detail: String,
}

impl FieldError {
    /// An error of the field at `pointer`.
    pub fn new(pointer: impl Into<String>, code: FieldCode, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// Field errors of a validation, ordered by pointer.
pub(crate) fn errors(findings: &ValidationErrors) -> Vec<FieldError> {
    let mut fields = Vec::new();
    collect("", findings, &mut fields);
    fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    fields
}

/// Flattens nested validation errors into JSON Pointers.
fn collect(parent: &str, errors: &ValidationErrors, fields: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        let pointer = format!("{parent}/{name}");
        match kind {
            ValidationErrorsKind::Field(found) => {
                fields
                    .extend(found.iter().map(|error| FieldError::new(&pointer, code(error), detail(error))));
            }
            ValidationErrorsKind::Struct(inner) => collect(&pointer, inner, fields),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(&format!("{pointer}/{index}"), inner, fields);
                }
            }
        }
    }
}

/// Code of a validator's error: `length` and `range` of the library, and those of [`crate::input::error`].
fn code(error: &ValidationError) -> FieldCode {
    error.code.parse().unwrap_or(FieldCode::Invalid)
}

/// Description of a validator's error. The validator has no text for `length` and `range`.
fn detail(error: &ValidationError) -> String {
    if let Some(message) = &error.message {
        return message.to_string();
    }
    let (verb, unit) = match code(error) {
        FieldCode::Length => ("must have", " characters"),
        _ => ("must be", ""),
    };
    match (error.params.get("min"), error.params.get("max")) {
        (Some(min), Some(max)) => format!("{verb} {min} to {max}{unit}"),
        (Some(min), None) => format!("{verb} at least {min}{unit}"),
        (None, Some(max)) => format!("{verb} at most {max}{unit}"),
        (None, None) => "is invalid".to_owned(),
    }
}
