//! Classes of reads. The class decides on which connection a read runs, and for how long.

/// Class of a read, by its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Rows by id or by another unique value.
    Key,
    /// A bounded number of rows, in the order of an index.
    List,
    /// Search, facets, totals and large offsets: possibly the whole table.
    Expensive,
    /// A batch of an export.
    Export,
}
