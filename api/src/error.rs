//! Problem documents (RFC 9457), and the conversion of errors of `service` and of the framework into them.

mod code;

use std::{borrow::Cow, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use service::{
    Error, FieldError,
    error::{Reference, Unique, chain},
    limit::LimitStatus,
    report::ImportReport,
};
use utoipa::ToSchema;

pub use self::code::Code;

/// Detail of `schema_behind`.
pub(crate) const SCHEMA_BEHIND: &str = "the database lacks migrations; run them";

/// Result of a handler.
pub type Result<T> = std::result::Result<T, Problem>;

/// Failure of a request.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    report: Option<Box<ImportReport>>,
    /// Rate limit that was exceeded.
    throttled: Option<LimitStatus>,
    /// Cause, for the log only.
    cause: Option<String>,
}

/// Problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document<'p> {
    /// URI of the code's explanation.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", examples("/problems/not_found"))]
    kind: String,
    /// Title of the code.
    #[schema(examples("Not found"))]
    title: &'static str,
    /// HTTP status.
    #[schema(minimum = 400, maximum = 599, examples(404))]
    status: u16,
    /// Explanation of this occurrence, for people.
    detail: &'p str,
    /// Problem code, for programs.
    #[schema(inline = false)]
    code: Code,
    /// Id of the request, as in `X-Request-Id` and in the server's log.
    request_id: &'p str,
    /// Invalid fields; only with `invalid_input`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'p [FieldError],
    /// Report of the import; only with `import_failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    report: Option<&'p ImportReport>,
}

impl Problem {
    /// Problem with a detail.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), report: None, throttled: None, cause: None }
    }

    /// Problem with a cause that only the log shows.
    pub fn caused(code: Code, detail: &'static str, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(code, detail) }
    }

    /// Fault of this server, with its cause for the log.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        Self::caused(Code::Internal, "something went wrong", cause)
    }

    /// Problem for a response of the framework that has only a status.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::UNAUTHORIZED => Code::NotSignedIn,
            StatusCode::FORBIDDEN => Code::Forbidden,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            StatusCode::TOO_MANY_REQUESTS => Code::TooManyRequests,
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            status if status.is_server_error() => Code::Internal,
            _ => Code::BadRequest,
        };
        Self::new(code, code.title())
    }

    /// Code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Status of the rate limit that was exceeded.
    pub(crate) fn throttled(&self) -> Option<LimitStatus> {
        self.throttled
    }

    /// Cause, for the log.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Document of the response.
    pub(crate) fn document<'p>(&'p self, request_id: &'p str) -> Document<'p> {
        Document {
            kind: format!("/problems/{}", self.code.name()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            errors: &self.errors,
            report: self.report.as_deref(),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::new(Code::NotFound, "not found, or you may not see it"),
            Error::Taken(unique) => {
                let (code, detail) = taken(unique);
                Self::new(code, detail)
            }
            // The account in use was deleted a moment ago.
            Error::Missing(Reference::Account) => Error::InvalidToken.into(),
            Error::Invalid(errors) => {
                let fields: Vec<_> =
                    errors.iter().map(|e| format!("{} {}", e.pointer, e.detail).trim().to_owned()).collect();
                Self { errors, ..Self::new(Code::InvalidInput, fields.join("; ")) }
            }
            Error::InvalidCredentials => {
                Self::new(Code::InvalidCredentials, "the name or the password is wrong")
            }
            Error::InvalidToken => {
                Self::new(Code::InvalidToken, "the token is malformed, expired, used or revoked")
            }
            Error::NotSignedIn => Self::new(Code::NotSignedIn, "an access token is required"),
            Error::Forbidden => Self::new(Code::Forbidden, "your account is not allowed to do this"),
            Error::NotVerified => Self::new(Code::AccountNotVerified, "your e-mail address is not verified"),
            Error::CannotMail(reason) => Self::new(Code::CannotMail, reason),
            Error::Stale => {
                Self::new(Code::Stale, "the resource has a version that the request does not accept")
            }
            Error::LastAdmin => Self::new(Code::LastAdmin, "the account is the last active administrator"),
            Error::InvalidCursor => Self::new(
                Code::InvalidCursor,
                "the cursor belongs to another list, sort order or set of filters",
            ),
            Error::UnknownFormat(expected) => Self::new(Code::UnknownFormat, expected),
            Error::UnreadableFile(what) => Self::new(Code::UnreadableFile, what),
            Error::TooManyRows(most) => {
                Self::new(Code::BodyTooLarge, format!("the file has more than {} rows", thousands(most)))
            }
            Error::AtomicTooLarge { rows, mib } => Self::new(
                Code::AtomicTooLarge,
                format!(
                    "mode=atomic accepts {} rows and {mib} MiB; send the file with mode=partial",
                    thousands(rows)
                ),
            ),
            Error::ImportRunning => {
                Self::new(Code::ImportRunning, "another import of your account has not ended; retry after it")
            }
            Error::ImportsBusy => Self::new(Code::ImportsBusy, "too many imports at once; retry later"),
            Error::TooManyBooks(most) => {
                let most = thousands(usize::try_from(most).unwrap_or(usize::MAX));
                Self::new(
                    Code::TooManyBooks,
                    format!("your account has {most} books, the most that it may have"),
                )
            }
            Error::ImportFailed(report) => {
                let detail =
                    format!("{} of {} rows are invalid; nothing was written", report.failed, report.rows);
                Self { report: Some(report), ..Self::new(Code::ImportFailed, detail) }
            }
            Error::Throttled(status) => Self {
                throttled: Some(status),
                ..Self::new(Code::TooManyRequests, "too many requests; retry after the time in Retry-After")
            },
            Error::Busy => Self::new(Code::Overloaded, "too many requests of this kind are waiting"),
            Error::Unavailable(cause) => {
                Self::caused(Code::Unavailable, "the database is not available", chain(&*cause))
            }
            Error::Schema(cause) => Self::caused(Code::SchemaBehind, SCHEMA_BEHIND, chain(&*cause)),
            Error::ReadOnly(cause) => {
                Self::caused(Code::ReadOnly, "the database accepts no writes at present", chain(&*cause))
            }
            Error::Internal(cause) => Self::internal(chain(&*cause)),
        }
    }
}

/// Number with a comma before each three digits.
fn thousands(number: usize) -> String {
    match number / 1000 {
        0 => number.to_string(),
        rest => format!("{},{:03}", thousands(rest), number % 1000),
    }
}

/// Code and detail for a unique value that another resource has.
const fn taken(unique: Unique) -> (Code, &'static str) {
    match unique {
        Unique::Username => (Code::UsernameTaken, "another account has this username"),
        Unique::Email => (Code::EmailTaken, "another account has this e-mail address"),
        Unique::Isbn => (Code::IsbnTaken, "another book has this ISBN"),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// Response without a body: [`crate::request::observe`] writes it, with the id of the request.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self.code {
            Code::NotSignedIn => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            Code::InvalidToken => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""));
            }
            Code::InvalidCredentials => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            Code::Overloaded | Code::Unavailable => {
                response.insert_header((header::RETRY_AFTER, "1"));
            }
            Code::ReadOnly => {
                response.insert_header((header::RETRY_AFTER, "5"));
            }
            Code::SchemaBehind | Code::SchemaAhead | Code::ImportRunning | Code::ImportsBusy => {
                response.insert_header((header::RETRY_AFTER, "10"));
            }
            _ => {}
        }
        let mut response = response.finish();
        response.extensions_mut().insert(self.clone());
        response
    }
}
