//! SQL as text: its pieces, definitions of tables, and bound values as literals.

pub(crate) mod definition;
mod literal;
pub(crate) mod pieces;

pub use literal::Unprintable;
pub(crate) use literal::{hex, literal};

#[cfg(feature = "cli")]
/// SQL with names in double quotes as MariaDB reads it: with names in backticks, and backslashes in texts doubled.
pub(crate) fn with_backticks(sql: &str) -> String {
    let mut in_text = false;
    let mut quoted = String::with_capacity(sql.len());
    for c in sql.chars() {
        in_text ^= c == '\'';
        match c {
            '"' if !in_text => quoted.push('`'),
            // An escape in MariaDB's texts, and itself in those of the others.
            '\\' if in_text => quoted.push_str("\\\\"),
            c => quoted.push(c),
        }
    }
    quoted
}
