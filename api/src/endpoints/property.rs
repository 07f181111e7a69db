//! Types of the properties that a row of the endpoint table declares.

use std::{borrow::Cow, time::Duration};

use service::{access::Action, limit::RateLimit};

/// Source of the permission to call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A row of the permission table.
    Action(Action),
    /// None: the endpoint concerns HTTP alone and is open to everyone.
    HttpOnly,
}

impl From<Action> for Access {
    fn from(action: Action) -> Self {
        Self::Action(action)
    }
}

/// Cost of a request, which decides its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Reads or writes a few rows.
    Cheap,
    /// Hashes a password, searches, counts or reads a whole table.
    Expensive,
    /// Reads a file, which may take minutes to arrive.
    Long,
}

impl Class {
    /// Time after which a request without a response is answered with `unavailable`.
    #[must_use]
    pub const fn deadline(self) -> Duration {
        match self {
            Self::Cheap | Self::Expensive => Duration::from_secs(30),
            Self::Long => Duration::from_mins(15),
        }
    }

    /// Whether the operations of a request on the database share its budget. Files have limits of their own.
    #[must_use]
    pub const fn has_budget(self) -> bool {
        match self {
            Self::Cheap | Self::Expensive => true,
            Self::Long => false,
        }
    }
}

/// A rate limit and the subject that it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// Counts the client's address, before anything else.
    Address(RateLimit),
    /// Counts the client's address, if the parameters make the read expensive.
    Expensive(RateLimit),
    /// Counts the account, after authentication.
    Account(RateLimit),
}

/// Use of an access token where the permission table requires none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// It is not read.
    Ignored,
    /// It is read if the request has one.
    Optional,
}

/// Request body that an endpoint reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// A JSON object.
    Json {
        /// Most bytes that are read.
        limit: usize,
        /// Whether requests without a body are rejected.
        required: bool,
    },
    /// A file as the whole body.
    File {
        /// Most bytes that are read.
        limit: usize,
    },
}

impl Body {
    /// Most bytes that are read.
    #[must_use]
    pub const fn limit(self) -> usize {
        match self {
            Self::Json { limit, .. } | Self::File { limit } => limit,
        }
    }
}

/// Name of a schema in the OpenAPI document.
pub type SchemaName = fn() -> Cow<'static, str>;

/// Content of successful JSON responses.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// Anything without a version.
    Other,
    /// One resource that has a version.
    Resource(SchemaName),
    /// A page of resources, with a cursor for the next one.
    List(SchemaName),
}

/// Kind of the entity tag of successful responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityTag {
    /// Strong, from the version of the resource.
    Version,
    /// Weak, from a hash of the body.
    Hash,
}

/// Permission of caches to store successful responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// Any cache stores them, and revalidates them before each use (RFC 9111, section 5.2.2.4).
    Shared,
    /// No cache stores them.
    NoStore,
}
