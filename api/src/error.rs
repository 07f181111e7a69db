//! Every failure as a problem document (RFC 9457), and the one place where an error of `service` or of the
//! framework becomes one.

mod code;

use std::{borrow::Cow, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use service::{Error, FieldError, import::Report, throttle::Standing};
use utoipa::ToSchema;

pub use self::code::Code;

/// What a handler answers.
pub type Result<T> = std::result::Result<T, Problem>;

/// A failure on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    report: Option<Box<Report>>,
    /// The limit that was broken.
    throttled: Option<Standing>,
    /// For the log alone.
    cause: Option<String>,
}

/// What a failure says of itself (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document<'p> {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", examples("/problems/not_found"))]
    kind: String,
    /// What the code is called.
    #[schema(examples("Not found"))]
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599, examples(404))]
    status: u16,
    /// What went wrong this time, for people.
    detail: &'p str,
    /// What went wrong, for programs.
    #[schema(inline = false)]
    code: Code,
    /// The answer's `X-Request-Id`, which the log has too.
    request_id: &'p str,
    /// The fields that cannot be taken; only with `invalid_input`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'p [FieldError],
    /// What the import met; only with `import_failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    report: Option<&'p Report>,
}

impl Problem {
    /// A problem with a detail of its own.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), report: None, throttled: None, cause: None }
    }

    /// A problem that the log knows more of than the caller.
    pub fn caused(code: Code, detail: &'static str, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(code, detail) }
    }

    /// What the framework answered by a mere status.
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

    /// The problem's code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// How the caller stands with the limit that was broken.
    pub(crate) fn throttled(&self) -> Option<Standing> {
        self.throttled
    }

    /// What the log should know beside the code.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The document to be sent.
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
            Error::NotFound => Self::new(Code::NotFound, "there is no such thing"),
            Error::Taken("username") => Self::new(Code::UsernameTaken, "another account has this username"),
            Error::Taken("email") => Self::new(Code::EmailTaken, "another account has this e-mail address"),
            Error::Taken("isbn") => Self::new(Code::IsbnTaken, "another book has this ISBN"),
            Error::Taken(field) => {
                Self::caused(Code::Internal, "something went wrong", format!("no code for taken {field}"))
            }
            Error::Invalid(errors) => {
                let fields: Vec<_> =
                    errors.iter().map(|e| format!("{} {}", e.pointer, e.detail).trim().to_owned()).collect();
                Self { errors, ..Self::new(Code::InvalidInput, fields.join("; ")) }
            }
            Error::InvalidCredentials => {
                Self::new(Code::InvalidCredentials, "the name or the password is wrong")
            }
            Error::InvalidToken => Self::new(Code::InvalidToken, "the token is not valid, or not any more"),
            Error::NotSignedIn => Self::new(Code::NotSignedIn, "this needs an access token"),
            Error::Forbidden => Self::new(Code::Forbidden, "your account may not do this"),
            Error::NotVerified => Self::new(Code::AccountNotVerified, "verify your e-mail address first"),
            Error::CannotMail(reason) => Self::new(Code::CannotMail, reason),
            Error::Stale => Self::new(Code::Stale, "it has changed since you read it"),
            Error::LastAdmin => Self::new(Code::LastAdmin, "nobody would be left to administer accounts"),
            Error::InvalidCursor => {
                Self::new(Code::InvalidCursor, "this list did not give this cursor for this query")
            }
            Error::UnknownFormat(expected) => Self::new(Code::UnknownFormat, expected),
            Error::UnreadableFile(what) => Self::new(Code::UnreadableFile, what),
            Error::TooManyRows(most) => {
                let (thousands, rest) = (most / 1000, most % 1000);
                let detail = format!("at most {thousands},{rest:03} rows are taken at once");
                Self::new(Code::BodyTooLarge, detail)
            }
            Error::ImportFailed(report) => {
                let detail =
                    format!("{} of {} rows cannot be taken; nothing was written", report.failed, report.rows);
                Self { report: Some(report), ..Self::new(Code::ImportFailed, detail) }
            }
            Error::Throttled(standing) => Self {
                throttled: Some(standing),
                ..Self::new(Code::TooManyRequests, "too many requests; Retry-After says when to come again")
            },
            Error::Busy => Self::new(Code::Overloaded, "too many passwords wait to be checked"),
            Error::Unavailable(cause) => {
                Self::caused(Code::Unavailable, "the database does not answer", cause)
            }
            Error::Internal(cause) => Self::caused(Code::Internal, "something went wrong", cause),
        }
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

    /// An answer without a body yet: `request::finish` writes it, since it knows the request.
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
            Code::SchemaBehind | Code::SchemaAhead => {
                response.insert_header((header::RETRY_AFTER, "10"));
            }
            _ => {}
        }
        let mut response = response.finish();
        response.extensions_mut().insert(self.clone());
        response
    }
}
