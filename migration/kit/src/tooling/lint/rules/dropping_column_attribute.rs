//! A new definition of a column leaves out its default, NOT NULL or counter.

use crate::tooling::lint::{
    page::{Finder, MARIADB, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        MARIADB,
        "MODIFY and CHANGE keep nothing that they do not repeat: the column loses its default, NOT NULL or AUTO_INCREMENT",
        "`dialect::change_column`, or the whole definition; to drop only a default, ALTER COLUMN … DROP DEFAULT",
    )],
    details: "The query builder's `modify_column` becomes MODIFY, which sets the whole definition. A default that is left out is \
              gone, and INSERTs of running programs that relied on it fail in strict mode, or store an empty value.",
    breaks: &[
        on(MARIADB, &["ALTER TABLE parcels MODIFY code varchar(60) NOT NULL"]),
        on(MARIADB, &["ALTER TABLE parcels MODIFY code varchar(60) DEFAULT 'none'"]),
    ],
    keeps: &[on(MARIADB, &["ALTER TABLE parcels MODIFY code varchar(60) NOT NULL DEFAULT 'none'"])],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, _: &Part<'_>) -> bool {
    let Some(changed) = scan.changed.as_ref().filter(|changed| changed.whole) else { return false };
    changed.both().is_some_and(|(before, after)| {
        let has_default = before.default.as_deref().is_some_and(|default| default != "null");
        has_default && after.default.is_none()
            || !before.nullable && after.nullable
            || before.auto_increment && !after.auto_increment
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::expect},
    };

    #[test]
    fn a_counter_is_an_attribute_and_a_default_of_null_is_none() {
        let rule = Rule::DroppingColumnAttribute;
        let add = "ALTER TABLE parcels MODIFY id bigint NOT NULL AUTO_INCREMENT";
        expect(rule, MARIADB, &[add, "ALTER TABLE parcels MODIFY id bigint NOT NULL"], true);
        let null = "ALTER TABLE parcels MODIFY weight bigint DEFAULT NULL";
        expect(rule, MARIADB, &[null, "ALTER TABLE parcels MODIFY weight bigint"], false);
    }
}
