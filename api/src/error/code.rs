//! Table of problem codes, with the status, the title and the explanation of each.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $name:literal, $status:ident, $title:literal;)+) => {
        /// Problem code, for programs. A code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $code,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// Name in problem documents.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            /// Status of responses with this code.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)+ }
            }

            /// Title, for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)+ }
            }

            /// Meaning, and the way to resolve it.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$code => concat!($($doc),*).trim(),)+ }
            }
        }
    };
}

codes! {
    /// The request is not valid HTTP, or uses a part of HTTP that this server does not support.
    BadRequest = "bad_request", BAD_REQUEST, "Bad request";
    /// The body does not match its media type: it is not JSON, or not UTF-8.
    MalformedBody = "malformed_body", BAD_REQUEST, "Malformed body";
    /// The cursor belongs to another list, sort order or set of filters, or is malformed. Start again without a
    /// cursor.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "Invalid cursor";
    /// The file cannot be parsed at the position that `detail` gives.
    UnreadableFile = "unreadable_file", BAD_REQUEST, "Unreadable file";
    /// The operation requires an access token in `Authorization: Bearer …`.
    NotSignedIn = "not_signed_in", UNAUTHORIZED, "Not signed in";
    /// The token is malformed, expired, used or revoked. Refresh it, or log in again.
    InvalidToken = "invalid_token", UNAUTHORIZED, "Invalid token";
    /// No active account has this name and password.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "Invalid credentials";
    /// The account's role does not allow this, or the resource belongs to another account.
    Forbidden = "forbidden", FORBIDDEN, "Forbidden";
    /// The request has or asks for a session cookie, but its `Origin` is missing, or is neither that of `PUBLIC_URL` nor
    /// one of `CORS_ORIGINS`.
    ForeignOrigin = "foreign_origin", FORBIDDEN, "Foreign origin";
    /// The operation requires an account with a verified e-mail address.
    AccountNotVerified = "account_not_verified", FORBIDDEN, "Account not verified";
    /// The resource does not exist, or you may not see it.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// The resource does not support the method; `Allow` lists those that it supports.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "Request timeout";
    /// Another account has this username.
    UsernameTaken = "username_taken", CONFLICT, "Username taken";
    /// Another account has this e-mail address.
    EmailTaken = "email_taken", CONFLICT, "E-mail address taken";
    /// Another book of the catalogue has this ISBN.
    IsbnTaken = "isbn_taken", CONFLICT, "ISBN taken";
    /// The account is the last active administrator.
    LastAdmin = "last_admin", CONFLICT, "Last administrator";
    /// The operation sends mail, and this server sends none, or the account is disabled or has no address.
    CannotMail = "cannot_mail", CONFLICT, "Cannot mail";
    /// Your account has as many books as the server allows. Delete some, or ask its operator to raise
    /// `BOOKS_PER_ACCOUNT`.
    TooManyBooks = "too_many_books", CONFLICT, "Too many books";
    /// The resource changed after you read it: `If-Match` no longer matches its entity tag, or `If-None-Match` matches
    /// it. Read it again.
    Stale = "stale", PRECONDITION_FAILED, "Stale";
    /// The body has more bytes, or the file more rows, than the operation accepts.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "Body too large";
    /// The file is too large for one transaction. Send it with `mode=partial`, which writes it in steps; `dry_run=true`
    /// shows its invalid rows before.
    AtomicTooLarge = "atomic_too_large", PAYLOAD_TOO_LARGE, "Too large for one transaction";
    /// The operation does not accept the body's media type.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// The body is compressed. Send it without `Content-Encoding`.
    UnsupportedEncoding = "unsupported_encoding", UNSUPPORTED_MEDIA_TYPE, "Unsupported content encoding";
    /// Fields or parameters are invalid; `errors` lists each with the reason.
    InvalidInput = "invalid_input", UNPROCESSABLE_ENTITY, "Invalid input";
    /// The file has none of the supported formats.
    UnknownFormat = "unknown_format", UNPROCESSABLE_ENTITY, "Unknown format";
    /// Rows of the file are invalid, and nothing was written; `report` lists them. `mode=partial` imports the
    /// valid rows.
    ImportFailed = "import_failed", UNPROCESSABLE_ENTITY, "Import failed";
    /// Your account, your address or the account's name has exceeded a rate limit. `RateLimit-Policy` gives the
    /// limit; retry after `Retry-After` seconds.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too many requests";
    /// Another import of your account has not ended. Wait for its response, or retry after `Retry-After` seconds.
    ImportRunning = "import_running", TOO_MANY_REQUESTS, "Import running";
    /// The server failed. Its log has the cause under `request_id`.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    /// Too many requests of this kind are waiting, log-ins or searches and counts, or too many clients are connected.
    /// Retry after `Retry-After` seconds.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Overloaded";
    /// Too many imports are uploaded, wait or run. Retry after `Retry-After` seconds.
    ImportsBusy = "imports_busy", SERVICE_UNAVAILABLE, "Too many imports";
    /// The database does not respond, or not in time, or the server is stopping. Retry after `Retry-After` seconds.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Unavailable";
    /// The database accepts no writes at present, as after a failover to a standby. Reads work. Retry after
    /// `Retry-After` seconds.
    ReadOnly = "read_only", SERVICE_UNAVAILABLE, "Read-only";
    /// The database lacks migrations of this version.
    SchemaBehind = "schema_behind", SERVICE_UNAVAILABLE, "Schema behind";
    /// The database has migrations of a later version.
    SchemaAhead = "schema_ahead", SERVICE_UNAVAILABLE, "Schema ahead";
}
