//! An index is built while the table is locked for writers.

use sqlparser::ast::{AlterTableOperation as Operation, TableConstraint};

use crate::tooling::lint::{
    page::{Claim, Finder, MARIADB, POSTGRES, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            MARIADB,
            "a FULLTEXT or SPATIAL index is built while nobody may write to the table; others are built online",
            "a quiet hour, or gh-ost",
        ),
        warning(
            POSTGRES,
            "nobody may write to the table while the index is built",
            "CREATE INDEX CONCURRENTLY in a migration of its own whose use_transaction() is Some(false)",
        ),
    ],
    details: "The time grows with the table: minutes for some ten million rows. CONCURRENTLY reads the table twice and waits for \
              older transactions instead. If it fails it leaves an INVALID index, which `status` shows. An index of a \
              table that the same migration created is exempt.",
    breaks: &[
        on(POSTGRES, &["CREATE INDEX by_weight ON parcels (weight)"]).claims(Claim::BlocksWriters),
        on(MARIADB, &["CREATE FULLTEXT INDEX by_code ON parcels (code)"]).claims(Claim::BlocksWriters),
    ],
    keeps: &[
        on(POSTGRES, &["CREATE INDEX CONCURRENTLY by_weight ON parcels (weight)"]).bare(),
        on(MARIADB, &["CREATE INDEX by_weight ON parcels (weight) ALGORITHM=INPLACE LOCK=NONE"]),
    ],
    finder: Finder::Both(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let special = |phrase: &[&str]| part.says("CREATE", phrase);
    match scan.altered(part) {
        Some((_, Operation::AddConstraint { constraint: TableConstraint::FulltextOrSpatial(_), .. })) => true,
        _ => special(&["FULLTEXT", "INDEX"]) || special(&["SPATIAL", "INDEX"]),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::expect},
    };

    #[test]
    fn alter_table_builds_such_indexes_too() {
        let rule = Rule::RequireConcurrentIndexCreation;
        expect(rule, MARIADB, &["ALTER TABLE parcels ADD FULLTEXT INDEX by_code (code)"], true);
        expect(rule, MARIADB, &["ALTER TABLE parcels ADD INDEX by_code (code)"], false);
    }
}
