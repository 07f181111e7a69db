//! A table gets another name.

use crate::tooling::lint::{
    page::{ALL, Finder, MARIADB, Page, on, warning},
    rebuild,
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        ALL,
        "the version that still runs knows the old name",
        "create the new table, write to both, copy, and drop the old one two releases later",
    )],
    details: "Every statement of a running program on the old name fails from that moment. On PostgreSQL, a view of the \
              old name bridges the time between two releases. The steps of a rebuild are exempt.",
    breaks: &[
        on(ALL, &["ALTER TABLE parcels RENAME TO packets"]),
        on(MARIADB, &["RENAME TABLE parcels TO packets"]),
    ],
    keeps: &[on(
        ALL,
        &[
            "CREATE TABLE packets_new (id bigint NOT NULL PRIMARY KEY)",
            "ALTER TABLE packets_new RENAME TO packets",
        ],
    )],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let Part::Parsed(sql) = part else { return false };
    rebuild::renames(scan.backend, sql)
        .iter()
        .any(|(old, new)| !scan.is_rebuilt(new) && !scan.is_rebuilt(old) && !scan.is_new(old))
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::SQLITE, trial::expect},
    };

    #[test]
    fn a_table_that_is_put_aside_for_a_rebuild_is_exempt() {
        let aside = [
            "ALTER TABLE shelves RENAME TO shelves_old",
            "CREATE TABLE shelves (id bigint, label text, size bigint, kind text)",
            "INSERT INTO shelves SELECT * FROM shelves_old",
            "DROP TABLE shelves_old",
        ];
        expect(Rule::RenamingTable, SQLITE, &aside, false);
        expect(Rule::RenamingTable, SQLITE, &aside[..1], true);
    }
}
