//! An index that a foreign key uses is dropped.

use crate::{
    snapshot::{Index, Table},
    tooling::lint::{
        page::{Claim, Finder, MARIADB, NOT_MARIADB, Page, note, on, warning},
        rules::{covers, dropped_index},
        scan::{Part, Scan},
    },
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            MARIADB,
            "MariaDB refuses to drop it while the foreign key needs it (error 1553)",
            "create another index that begins with the columns of the key first, or drop the key first",
        ),
        note(
            NOT_MARIADB,
            "each change of a key and each deletion in the other table reads this whole table",
            "keep an index that begins with the columns of the key",
        ),
    ],
    details: "MariaDB creates an index with every foreign key, and drops it silently when another one serves as well. So \
              the index that a migration created may be the only one, and its DROP fails, also in `down`. The other \
              databases drop the index, and deletions in the other table become slow.",
    breaks: &[
        on(MARIADB, &["DROP INDEX idx_parcels_shelf ON parcels"]).claims(Claim::Refused),
        on(NOT_MARIADB, &["DROP INDEX idx_parcels_shelf"]),
    ],
    keeps: &[
        on(
            MARIADB,
            &[
                "CREATE INDEX idx_parcels_place ON parcels (shelf_id, code)",
                "DROP INDEX idx_parcels_shelf ON parcels",
            ],
        ),
        on(
            NOT_MARIADB,
            &["CREATE INDEX idx_parcels_place ON parcels (shelf_id, code)", "DROP INDEX idx_parcels_shelf"],
        ),
    ],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let Some((table, name)) = dropped_index(scan, part) else { return false };
    if scan.is_new(&table.name) {
        return false;
    }
    let is_it = |index: &Index| index.name.as_ref() == Some(&name);
    let mut without: Table = table.clone();
    without.indexes.retain(|index| !is_it(index));
    table.foreign_keys.iter().any(|key| covers(table, &key.columns) && !covers(&without, &key.columns))
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::expect},
    };

    #[test]
    fn alter_table_drops_it_too_and_without_the_key_it_may_go() {
        let rule = Rule::DroppingForeignKeyIndex;
        let drop = "ALTER TABLE parcels DROP INDEX idx_parcels_shelf";
        expect(rule, MARIADB, &[drop], true);
        expect(rule, MARIADB, &["ALTER TABLE parcels DROP FOREIGN KEY fk_parcels_shelf", drop], false);
        expect(rule, MARIADB, &["DROP INDEX another ON parcels"], false);
    }
}
