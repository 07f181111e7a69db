//! SQL as text: its pieces, definitions of tables, and bound values as literals.

pub(crate) mod definition;
mod literal;
pub(crate) mod pieces;

pub use literal::Unprintable;
pub(crate) use literal::{hex, literal};
