//! The table of endpoints, one row each: the annotated handler and its action, then each property that differs
//! from the defaults. Each file of handlers has a section of the table. Routing, limits, the OpenAPI document and the
//! tests are generated from it.

mod mount;
mod property;
mod row;

use std::sync::LazyLock;

pub use self::{
    mount::configure,
    property::{Access, Body, Caching, Class, Content, EntityTag, LimitedBy, SchemaName, TokenUse},
    row::Endpoint,
};

/// Section of the table: the endpoints with one tag.
pub struct Section {
    /// Tag of the operations in the OpenAPI document.
    pub tag: &'static str,
    /// Description of the tag.
    pub description: &'static str,
    /// Rows; of paths that match the same request, literal ones come before those with parameters.
    pub endpoints: Vec<Endpoint>,
}

/// One row: method, path and operation id come from the `utoipa::path` attribute of the handler.
macro_rules! endpoint {
    ($module:ident::$handler:ident, $access:expr) => {{
        #[derive(utoipa::OpenApi)]
        #[openapi(paths(crate::$module::$handler))]
        struct Annotated;
        let name = concat!(stringify!($module), "::", stringify!($handler));
        let annotation = <Annotated as utoipa::OpenApi>::openapi();
        $crate::endpoints::Endpoint::new(
            name,
            annotation,
            |route| route.to(crate::$module::$handler),
            $access,
        )
    }};
}
pub(crate) use endpoint;

static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| {
    vec![
        crate::auth::section(),
        crate::users::section(),
        crate::books::section(),
        crate::openapi::section(),
        crate::health::section(),
    ]
});

static ENDPOINTS: LazyLock<Vec<Endpoint>> =
    LazyLock::new(|| SECTIONS.iter().flat_map(|section| section.endpoints.clone()).collect());

/// Every section, in the order of the OpenAPI document.
#[must_use]
pub fn sections() -> &'static [Section] {
    &SECTIONS
}

/// Every endpoint, section by section.
#[must_use]
pub fn endpoints() -> &'static [Endpoint] {
    &ENDPOINTS
}
