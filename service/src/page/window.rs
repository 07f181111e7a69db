//! Requested part of a list, and the query parameters that state it.

/// Largest offset that is cheap: the rows before it are read and skipped.
const LARGE_OFFSET: u64 = 1000;

/// Requested part of a list.
#[derive(Debug, Default)]
pub(crate) struct Window<'q> {
    pub(crate) limit: Option<u64>,
    pub(crate) cursor: Option<&'q str>,
    pub(crate) offset: Option<u64>,
    pub(crate) total: bool,
}

/// Declares the query parameters of a list: those of the requested part, and its own. Each own one is optional.
macro_rules! list_query {
    ($(#[$($doc:tt)*])* $query:ident { $($(#[$($attribute:tt)*])* $field:ident: Option<$type:ident>,)* }) => {
        $(#[$($doc)*])*
        #[derive(Debug, Default, ::serde::Serialize, ::serde::Deserialize, ::validator::Validate, ::utoipa::IntoParams)]
        #[serde(deny_unknown_fields, default)]
        #[into_params(parameter_in = Query)]
        pub struct $query {
            /// Items of the page at most.
            #[validate(range(min = 1, max = 100))]
            #[param(minimum = 1, maximum = 100, default = 20, nullable = false, example = 20)]
            pub limit: Option<u64>,
            /// Start of the page: `next_cursor` of the previous page, with the same order and filters.
            #[param(min_length = 1, nullable = false, example = "ZHVuZSBtZXNzaWFoIGNoaWxk")]
            pub cursor: Option<String>,
            /// Items to skip, instead of a cursor.
            #[validate(range(max = 10_000))]
            #[param(minimum = 0, maximum = 10_000, nullable = false, example = 40)]
            pub offset: Option<u64>,
            /// True to count the whole list.
            pub total: bool,
            $($(#[$($attribute)*])* pub $field: Option<$type>,)*
        }

        impl $query {
            /// Requested part of the list.
            pub(super) fn window(&self) -> $crate::page::Window<'_> {
                let Self { limit, cursor, offset, total, .. } = self;
                $crate::page::Window { limit: *limit, cursor: cursor.as_deref(), offset: *offset, total: *total }
            }
        }
    };
}
pub(crate) use list_query;

impl Window<'_> {
    /// Whether many rows are read that are not in the page.
    pub(crate) fn is_expensive(&self) -> bool {
        self.total || self.skips_many()
    }

    pub(super) fn skips_many(&self) -> bool {
        self.offset > Some(LARGE_OFFSET)
    }
}
