//! The names that new indexes and constraints get.

use sha2::{Digest as _, Sha256};

use crate::{
    snapshot::{Check, Index},
    sql::hex,
};

/// A name that PostgreSQL does not cut and MariaDB accepts. Long names with the same beginning get different ends.
pub(super) fn fitting(name: &str) -> String {
    const LONGEST: usize = 63;
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let end = (0..=LONGEST - 9).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    format!("{}-{}", &name[..end], hex(&Sha256::digest(name)[..4]).to_lowercase())
}

pub(super) fn named_index(table: &str, index: &Index) -> Index {
    // Only a constraint can be deferrable.
    let constraint = index.constraint && index.clauses.contains("DEFERRABLE");
    Index { name: Some(fitting(&index.name_on(table))), constraint, ..index.clone() }
}

pub(super) fn named_checks(table: &str, checks: &[Check]) -> Vec<Check> {
    let mut named: Vec<Check> = Vec::new();
    for check in checks {
        let first = check.condition.split('"').nth(1).unwrap_or("row");
        let name = check.name.clone().unwrap_or_else(|| format!("ck-{table}-{first}"));
        let taken =
            named.iter().filter(|other| other.name.as_ref().is_some_and(|other| other.starts_with(&name)));
        let name = match taken.count() {
            0 => name,
            count => format!("{name}-{}", count + 1),
        };
        named.push(Check { name: Some(fitting(&name)), ..check.clone() });
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        let long = |end: &str| format!("idx-{}-{end}", "a".repeat(60));
        assert_eq!(fitting("idx-books-title_id"), "idx-books-title_id");
        assert_eq!(fitting(&long("b")).len(), 63);
        assert_ne!(fitting(&long("b")), fitting(&long("c")));
        assert!(fitting(&"ä".repeat(60)).len() <= 63);
    }
}
