//! A column becomes NOT NULL.

use crate::tooling::lint::{
    page::{Claim, Finder, MARIADB, POSTGRES, Page, on, warning},
    scan::{Changed, Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            POSTGRES,
            "every row is read while nobody may use the table, and a row without a value makes it fail",
            "add a CHECK (… IS NOT NULL) NOT VALID, validate it in a later migration, then SET NOT NULL",
        ),
        warning(
            MARIADB,
            "the table is rebuilt, and a row without a value makes it fail",
            "fill the column in an earlier release that no longer writes NULL",
        ),
    ],
    details: "A program of the last release may still write NULL, and fails then. PostgreSQL skips the reading of all rows if a \
              validated check says that none is NULL. On SQLite the change is a rebuild (see rebuilding-table).",
    breaks: &[
        on(POSTGRES, &["ALTER TABLE parcels ALTER COLUMN weight SET NOT NULL"]).claims(Claim::FailsWithRows),
        on(MARIADB, &["ALTER TABLE parcels MODIFY weight bigint NOT NULL"]).claims(Claim::FailsWithRows),
    ],
    keeps: &[
        on(POSTGRES, &["ALTER TABLE parcels ADD CONSTRAINT weighed CHECK (weight IS NOT NULL) NOT VALID"]),
        on(MARIADB, &["ALTER TABLE parcels MODIFY weight bigint DEFAULT 1"]),
    ],
    finder: Finder::Both(find),
};

fn find(scan: &Scan<'_>, _: &Part<'_>) -> bool {
    let both = scan.changed.as_ref().and_then(Changed::both);
    both.is_some_and(|(before, after)| before.nullable && !after.nullable)
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::expect},
    };

    #[test]
    fn a_column_that_was_required_before_is_exempt() {
        let again = "ALTER TABLE parcels MODIFY code varchar(50) NOT NULL DEFAULT 'none'";
        expect(Rule::AddingNotNullableField, MARIADB, &[again], false);
        let other = "ALTER TABLE shelves CHANGE label title varchar(20) NOT NULL";
        expect(Rule::AddingNotNullableField, MARIADB, &[other], true);
    }
}
