//! A value may not fit the new type of its column.

use crate::tooling::lint::{
    page::{Claim, Finder, MARIADB, POSTGRES, Page, SERVERS, loss, on},
    scan::{Changed, Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[loss(
        SERVERS,
        "values that do not fit the new type are cut or refused",
        "add a column of the new type, copy what fits, look at what does not, and switch in the next release",
    )],
    details: "PostgreSQL refuses the whole change if one value is too long or too great, unless the cast in USING cuts it, as \
              one to varchar(n) does without an error. MariaDB refuses it in strict mode and cuts values otherwise; \
              digits after the point are rounded in both.",
    breaks: &[
        on(POSTGRES, &["ALTER TABLE parcels ALTER COLUMN code TYPE varchar(3)"]).claims(Claim::FailsWithRows),
        on(MARIADB, &["ALTER TABLE parcels MODIFY code varchar(3) NOT NULL DEFAULT ''"])
            .claims(Claim::FailsWithRows),
    ],
    keeps: &[
        on(POSTGRES, &["ALTER TABLE parcels ALTER COLUMN code TYPE varchar(60)"]),
        on(MARIADB, &["ALTER TABLE parcels MODIFY code varchar(60) NOT NULL DEFAULT 'none'"]),
    ],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, _: &Part<'_>) -> bool {
    let both = scan.changed.as_ref().and_then(Changed::both);
    both.is_some_and(|(before, after)| before.kind.narrows(&after.kind))
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{
            page::{MARIADB, POSTGRES},
            trial::expect,
        },
    };

    #[test]
    fn a_wider_type_keeps_every_value() {
        for (kind, narrower) in [("integer", true), ("numeric(30, 2)", false), ("text", false)] {
            let alter = format!("ALTER TABLE parcels ALTER COLUMN weight TYPE {kind}");
            expect(Rule::NarrowingColumnType, POSTGRES, &[&alter], narrower);
        }
        let added = ["ALTER TABLE parcels ADD COLUMN n bigint", "ALTER TABLE parcels MODIFY n int"];
        expect(Rule::NarrowingColumnType, MARIADB, &added, false);
    }
}
