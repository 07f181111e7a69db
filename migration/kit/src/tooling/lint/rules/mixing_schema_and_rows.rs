//! Changes of the schema and of rows where the first commit the second.

use crate::tooling::lint::{
    page::{Finder, MARIADB, Page, note, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[note(
        MARIADB,
        "a change of the schema commits the rows before it, and stays when a later change of rows fails",
        "two migrations: one for the schema, one for the rows",
    )],
    details: "A transaction round both does not hold on MariaDB and MySQL, although it does on the other databases, where such a \
              migration was perhaps tried. The journal continues a run that was cut off between them.",
    breaks: &[on(
        MARIADB,
        &["ALTER TABLE parcels ADD COLUMN note text", "UPDATE parcels SET note = '' WHERE id = 1"],
    )],
    keeps: &[on(
        MARIADB,
        &["UPDATE parcels SET weight = 1 WHERE id = 1", "DELETE FROM parcels WHERE id = 2"],
    )],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, _: &Part<'_>) -> bool {
    let (here, before) = scan.rows;
    // At the statement that makes it a mixture, and none after it.
    (here && !before && scan.changes > 0) || (before && scan.changes_here && scan.changes == 1)
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::expect},
    };

    #[test]
    fn the_order_is_indifferent() {
        let statements = ["DELETE FROM parcels WHERE id = 1", "ALTER TABLE parcels ADD COLUMN note text"];
        expect(Rule::MixingSchemaAndRows, MARIADB, &statements, true);
        expect(Rule::MixingSchemaAndRows, MARIADB, &statements[1..], false);
    }
}
