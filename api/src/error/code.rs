//! The table of problem codes, with the status, the title and the explanation of each.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

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
    /// The body has more bytes than the operation takes, or a file more rows.
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
