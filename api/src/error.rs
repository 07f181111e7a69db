//! Every failure as a problem document (RFC 9457): the table of problem codes, and the one place where an
//! error of `service` or of the framework becomes one of them.

use std::{borrow::Cow, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use service::{Error, FieldError, import::Report, throttle::Standing};
use utoipa::ToSchema;

/// What a handler answers.
pub type Result<T> = std::result::Result<T, Problem>;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $code:ident = $name:literal, $status:ident, $title:literal;)+) => {
        /// What went wrong, for programs. A code keeps its meaning for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        pub enum Code {
            $($(#[doc = $doc])* #[serde(rename = $name)] $code,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The code as it is sent.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            /// The status it comes with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)+ }
            }

            /// What it is called.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)+ }
            }

            /// What it means, and what to do about it.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$code => concat!($($doc),*).trim(),)+ }
            }
        }
    };
}

codes! {
    /// The request breaks the rules of HTTP, or of the part of it that this server speaks.
    BadRequest = "bad_request", BAD_REQUEST, "Bad request";
    /// The body is not what its media type says: no JSON, or not UTF-8.
    MalformedBody = "malformed_body", BAD_REQUEST, "Malformed body";
    /// The cursor is not one that this list gave for this order and these filters. Begin again without a
    /// cursor.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "Invalid cursor";
    /// The file is no readable table or list of lines.
    UnreadableFile = "unreadable_file", BAD_REQUEST, "Unreadable file";
    /// The operation needs an access token, as `Authorization: Bearer …`.
    NotSignedIn = "not_signed_in", UNAUTHORIZED, "Not signed in";
    /// The token is malformed, expired, used up or revoked. Refresh it, or log in again.
    InvalidToken = "invalid_token", UNAUTHORIZED, "Invalid token";
    /// There is no active account with this name and password.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "Invalid credentials";
    /// The account may not do this, or it concerns what is somebody else's.
    Forbidden = "forbidden", FORBIDDEN, "Forbidden";
    /// The request brings the cookie of a session, but neither `PUBLIC_URL` nor `CORS_ORIGINS` names the
    /// origin of the page that sent it, or it has no `Origin` at all.
    ForeignOrigin = "foreign_origin", FORBIDDEN, "Foreign origin";
    /// The account must verify its address before it may do this.
    AccountNotVerified = "account_not_verified", FORBIDDEN, "Account not verified";
    /// There is nothing here, or nothing that may be known of.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// The resource has no such method; `Allow` lists those that it has.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "Request timeout";
    /// Another account has this username.
    UsernameTaken = "username_taken", CONFLICT, "Username taken";
    /// Another account has this e-mail address.
    EmailTaken = "email_taken", CONFLICT, "E-mail address taken";
    /// Another book of the catalogue has this ISBN.
    IsbnTaken = "isbn_taken", CONFLICT, "ISBN taken";
    /// Nobody would be left to administer accounts.
    LastAdmin = "last_admin", CONFLICT, "Last administrator";
    /// Mail would be needed, and either this server sends none, or the account is disabled or has no
    /// address.
    CannotMail = "cannot_mail", CONFLICT, "Cannot mail";
    /// It has changed since it was read: the entity tag in `If-Match` is not its own any more. Read it again.
    Stale = "stale", PRECONDITION_FAILED, "Stale";
    /// The body has more bytes than the operation takes.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "Body too large";
    /// The body's media type is not one that the operation takes.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// The body is compressed; bodies are taken as they are only.
    UnsupportedEncoding = "unsupported_encoding", UNSUPPORTED_MEDIA_TYPE, "Unsupported content encoding";
    /// Fields or parameters cannot be taken; `errors` says which and why.
    InvalidInput = "invalid_input", UNPROCESSABLE_ENTITY, "Invalid input";
    /// The file is in none of the formats that can be read.
    UnknownFormat = "unknown_format", UNPROCESSABLE_ENTITY, "Unknown format";
    /// Rows of the file cannot be taken, so nothing was written; `report` lists them. `mode=partial` takes
    /// the others.
    ImportFailed = "import_failed", UNPROCESSABLE_ENTITY, "Import failed";
    /// You, your address, or somebody who tries this name has asked too often. `RateLimit-Policy` says how often
    /// one may; try again after `Retry-After` seconds.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too many requests";
    /// A fault of this server. It is in its log under the request's id.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    /// Too many passwords wait to be checked. Try again after `Retry-After` seconds.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Overloaded";
    /// The database does not answer, or not in time. Try again after `Retry-After` seconds.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Unavailable";
    /// The database lacks migrations that this version needs.
    SchemaBehind = "schema_behind", SERVICE_UNAVAILABLE, "Schema behind";
    /// The database has migrations that this version does not know.
    SchemaAhead = "schema_ahead", SERVICE_UNAVAILABLE, "Schema ahead";
}

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

    /// An answer without a body yet: [`crate::request::finish`] writes it, since it knows the request.
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
