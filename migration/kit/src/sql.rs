//! SQL as text: its pieces, and bound values as literals.

mod literal;
pub(crate) mod pieces;

pub use literal::Unprintable;
pub(crate) use literal::{hex, literal};
