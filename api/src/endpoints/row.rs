//! A row of the endpoint table: the properties that it declares, and what follows from them.

use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest, Route,
    http::{Method, StatusCode},
};
use service::{Role, access::Rule, limit::RateLimit};
use utoipa::openapi::{
    OpenApi, RefOr,
    path::{Operation, ParameterIn},
};

use super::property::{Access, Body, Caching, Class, Content, EntityTag, LimitedBy, SchemaName, TokenUse};
use crate::{
    error::{Code, Problem, Result},
    extract::JSON_LIMIT,
};

/// A row of the endpoint table.
#[derive(Clone)]
pub struct Endpoint {
    /// HTTP method. An endpoint of GET answers HEAD, too.
    pub method: Method,
    /// Path template, such as `/api/v1/books/{id}`.
    pub path: String,
    /// Operation id in the OpenAPI document, such as `getBook`.
    pub id: String,
    /// Handler function, such as `books::get`.
    pub handler: &'static str,
    /// Source of the permission to call it.
    pub access: Access,
    /// Cost of a request.
    pub class: Class,
    /// Rate limits, in the order in which they are checked.
    pub limits: Vec<LimitedBy>,
    /// Request body; none if it is not read.
    pub body: Option<Body>,
    /// Whether `If-Match` and `If-None-Match` are checked against the version of the resource before it is changed.
    pub if_match: bool,
    /// Use of an access token where the permission table requires none.
    pub token_use: TokenUse,
    /// Content of successful responses.
    pub content: Content,
    /// Whether responses are sparse when `fields` names the fields.
    pub sparse: bool,
    /// Whether responses are true for a moment only, and no cache may store them.
    pub uncached: bool,
    /// Problem codes of its own, beside those that follow from its other properties.
    pub own_codes: Vec<Code>,
    annotation: OpenApi,
    attach: fn(Route) -> Route,
}

impl Endpoint {
    /// Row with defaults for the only operation of `annotation`.
    pub(crate) fn new(
        handler: &'static str,
        annotation: OpenApi,
        attach: fn(Route) -> Route,
        access: impl Into<Access>,
    ) -> Self {
        let (path, method, operation) = only_operation(&annotation);
        let access = access.into();
        let body = operation.request_body.as_ref().map(|_| Body::Json { limit: JSON_LIMIT, required: true });
        let (id, path) = (operation.operation_id.clone().unwrap_or_default(), path.to_owned());
        let endpoint = Self {
            method,
            path,
            id,
            handler,
            access,
            class: Class::Cheap,
            limits: Vec::new(),
            body,
            if_match: false,
            token_use: TokenUse::Ignored,
            content: Content::Other,
            sparse: false,
            uncached: false,
            own_codes: Vec::new(),
            annotation,
            attach,
        };
        if endpoint.rule().anonymous { endpoint } else { endpoint.per_account(RateLimit::User) }
    }

    /// Hashes a password, searches, counts or reads a whole table.
    pub(crate) fn expensive(self) -> Self {
        Self { class: Class::Expensive, ..self }
    }

    /// Reads a file, which may take minutes to arrive.
    pub(crate) fn long(self) -> Self {
        Self { class: Class::Long, ..self }
    }

    /// Limits requests from one address.
    pub(crate) fn per_address(mut self, limit: RateLimit) -> Self {
        self.limits.push(LimitedBy::Address(limit));
        self
    }

    /// Limits requests from one address whose parameters make them expensive. The handler calls
    /// [`count_expensive`](crate::throttle::count_expensive).
    pub(crate) fn per_address_if_expensive(mut self, limit: RateLimit) -> Self {
        self.limits.push(LimitedBy::Expensive(limit));
        self
    }

    /// Limits requests of one account.
    pub(crate) fn per_account(mut self, limit: RateLimit) -> Self {
        self.limits.push(LimitedBy::Account(limit));
        self
    }

    /// Accepts requests without a body.
    pub(crate) fn body_optional(self) -> Self {
        Self { body: Some(Body::Json { limit: JSON_LIMIT, required: false }), ..self }
    }

    /// Reads the body as a file.
    pub(crate) fn file(self, limit: usize) -> Self {
        Self { body: Some(Body::File { limit }), ..self }
    }

    /// Checks `If-Match` and `If-None-Match` against the version of the resource, before it is changed.
    pub(crate) fn if_match(self) -> Self {
        Self { if_match: true, ..self }
    }

    /// Reads an access token, but does not require one.
    pub(crate) fn optional_session(self) -> Self {
        Self { token_use: TokenUse::Optional, ..self }
    }

    /// Returns one resource.
    pub(crate) fn resource(self, name: SchemaName) -> Self {
        Self { content: Content::Resource(name), ..self }
    }

    /// Returns resources page by page.
    pub(crate) fn list_of(self, name: SchemaName) -> Self {
        Self { content: Content::List(name), ..self }
    }

    /// Returns only the fields that `fields` names.
    pub(crate) fn sparse(self) -> Self {
        Self { sparse: true, ..self }
    }

    /// Returns what is true for a moment only.
    pub(crate) fn uncached(self) -> Self {
        Self { uncached: true, ..self }
    }

    /// Fails with these codes, too.
    pub(crate) fn fails<const N: usize>(self, codes: [Code; N]) -> Self {
        Self { own_codes: codes.to_vec(), ..self }
    }

    /// The endpoint that a request was routed to.
    ///
    /// # Errors
    /// `internal` before routing.
    pub(crate) fn of(request: &HttpRequest) -> Result<&'static Self> {
        let endpoint = request.extensions().get::<&'static Self>().copied();
        endpoint.ok_or_else(|| Problem::internal("the request has no endpoint"))
    }

    /// Most bytes of the request body.
    ///
    /// # Errors
    /// `internal` if the annotation of the handler has no `request_body`.
    pub(crate) fn body_limit(&self) -> Result<usize> {
        let undeclared = || Problem::internal(format!("{} declares no request body", self.handler));
        self.body.map(Body::limit).ok_or_else(undeclared)
    }

    /// Operation and schemas, as the handler's annotation describes them.
    pub(crate) fn annotation(&self) -> &OpenApi {
        &self.annotation
    }

    /// Adds the handler to a route.
    pub(super) fn attach(&self, route: Route) -> Route {
        (self.attach)(route)
    }

    /// Row of the permission table.
    #[must_use]
    pub fn rule(&self) -> Rule {
        match self.access {
            Access::Action(action) => action.rule(),
            Access::HttpOnly => Rule::PUBLIC,
        }
    }

    /// Time after which a request without a response is answered with `unavailable`.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.class.deadline()
    }

    /// Permission of caches to store successful responses.
    #[must_use]
    pub fn caching(&self) -> Caching {
        let shared = self.method == Method::GET && self.rule().anonymous && !self.uncached;
        if shared { Caching::Shared } else { Caching::NoStore }
    }

    /// Entity tag of successful responses; none if they have none.
    #[must_use]
    pub fn entity_tag(&self) -> Option<EntityTag> {
        match self.content {
            Content::Resource(_) => Some(EntityTag::Version),
            Content::List(_) => Some(EntityTag::Hash),
            Content::Other => (self.caching() == Caching::Shared).then_some(EntityTag::Hash),
        }
    }

    /// Whether `If-None-Match` is checked.
    #[must_use]
    pub fn if_none_match(&self) -> bool {
        self.if_match || self.not_modified()
    }

    /// Whether a client that has the current representation gets 304.
    #[must_use]
    pub fn not_modified(&self) -> bool {
        self.method == Method::GET && self.entity_tag().is_some()
    }

    /// Problem codes of the endpoint, in the order of [`Code::ALL`].
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        let rule = self.rule();
        let reads_input = self.takes(&ParameterIn::Query) || self.body.is_some();
        let is_json = matches!(self.body, Some(Body::Json { .. }));
        let denies = Role::ALL.iter().any(|role| rule.of(*role) != rule.admin || rule.of(*role).is_none());
        let uses_database = matches!(self.access, Access::Action(_));
        let groups: [(bool, &[Code]); 13] = [
            (uses_database, &[Code::SchemaBehind, Code::SchemaAhead]),
            (reads_input, &[Code::BadRequest, Code::InvalidInput]),
            (matches!(self.content, Content::List(_)), &[Code::InvalidCursor, Code::Overloaded]),
            (is_json, &[Code::MalformedBody]),
            (self.body.is_some(), &[Code::RequestTimeout, Code::BodyTooLarge]),
            (self.body.is_some(), &[Code::UnsupportedMediaType, Code::UnsupportedEncoding]),
            (!rule.anonymous, &[Code::NotSignedIn, Code::InvalidToken]),
            (!rule.anonymous && denies, &[Code::Forbidden]),
            (!rule.anonymous && !rule.unverified, &[Code::AccountNotVerified]),
            (self.takes(&ParameterIn::Path), &[Code::NotFound]),
            (self.if_match, &[Code::Stale]),
            (!self.limits.is_empty(), &[Code::TooManyRequests]),
            (self.method != Method::GET, &[Code::ReadOnly]),
        ];
        let derived = groups.into_iter().filter(|(fails, _)| *fails).flat_map(|(_, codes)| codes);
        let mut codes = [Code::Internal, Code::Unavailable].to_vec();
        codes.extend(derived.chain(&self.own_codes));
        Code::ALL.iter().copied().filter(|code| codes.contains(code)).collect()
    }

    /// Problem codes with this status.
    #[must_use]
    pub fn codes_of(&self, status: StatusCode) -> Vec<Code> {
        self.codes().into_iter().filter(|code| code.status() == status).collect()
    }

    fn takes(&self, place: &ParameterIn) -> bool {
        let (_, _, operation) = only_operation(&self.annotation);
        operation.parameters.iter().flatten().any(|parameter| match parameter {
            RefOr::T(parameter) => parameter.parameter_in == *place,
            RefOr::Ref(_) => false,
        })
    }
}

/// Path, method and operation of an annotation that has one operation.
fn only_operation(annotation: &OpenApi) -> (&str, Method, &Operation) {
    let (path, item) = annotation.paths.paths.iter().next().expect("a handler has one path");
    let methods = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    let operations =
        methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)));
    let (method, operation) = operations.into_iter().next().expect("a handler has one method");
    (path, method, operation)
}
