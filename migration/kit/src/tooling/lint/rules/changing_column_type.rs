//! A column gets a type that the database stores in another way.

use sea_orm_migration::sea_orm::DbBackend;

use crate::{
    snapshot::Kind,
    tooling::lint::{
        column::{widens, widens_on_postgres},
        page::{Claim, Finder, MARIADB, POSTGRES, Page, on, warning},
        scan::{Part, Scan},
    },
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            POSTGRES,
            "the table is rewritten while nobody may read or write it",
            "add a column of the new type, write to both, copy in batches, and switch in the next release",
        ),
        warning(
            MARIADB,
            "the table is copied while nobody may write to it (ALGORITHM=COPY)",
            "add a column of the new type, write to both, copy in batches, and switch in the next release; or gh-ost",
        ),
    ],
    details: "PostgreSQL keeps the rows for a longer varchar, for text, and for more digits of the same scale. MariaDB keeps them \
              for a longer varchar, unless it grows from 128 to 255 bytes to more, and for a value at the end of an \
              enum. Every other type means a new table with all rows. A running program may not read the new type.",
    breaks: &[
        on(POSTGRES, &["ALTER TABLE parcels ALTER COLUMN weight TYPE double precision"])
            .claims(Claim::Copies),
        on(MARIADB, &["ALTER TABLE parcels MODIFY weight double"]).claims(Claim::Copies),
        on(MARIADB, &["ALTER TABLE parcels MODIFY weight int"]).claims(Claim::Copies),
    ],
    keeps: &[
        on(POSTGRES, &["ALTER TABLE parcels ALTER COLUMN code TYPE varchar(60)"]),
        on(POSTGRES, &["ALTER TABLE parcels ALTER COLUMN code TYPE text"]),
        on(
            MARIADB,
            &["ALTER TABLE parcels MODIFY code varchar(60) NOT NULL DEFAULT 'none', ALGORITHM=INPLACE"],
        ),
    ],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, _: &Part<'_>) -> bool {
    let Some(changed) = &scan.changed else { return false };
    let Some((before, after)) = changed.both() else { return true };
    match scan.backend {
        DbBackend::Postgres => !widens_on_postgres(&before.kind, &after.kind),
        _ => !widens(&before.kind, &after.kind) || grows_its_length(&before.kind, &after.kind),
    }
}

/// Bytes of a character in utf8mb4, which is assumed for each column.
const BYTES: u64 = 4;

/// Whether a varchar grows from 128 to 255 bytes to more, for which MariaDB copies the table: the length of each value
/// gets a second byte.
fn grows_its_length(from: &Kind, to: &Kind) -> bool {
    match (from, to) {
        (Kind::String(Some(from)), Kind::String(Some(to))) => {
            (128..=255).contains(&(from * BYTES)) && to * BYTES > 255
        }
        _ => false,
    }
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
    fn a_column_that_is_not_known_is_found() {
        expect(Rule::ChangingColumnType, MARIADB, &["ALTER TABLE parcels MODIFY unheard text"], true);
        expect(
            Rule::ChangingColumnType,
            MARIADB,
            &["ALTER TABLE parcels MODIFY weight bigint DEFAULT 1"],
            false,
        );
        let cast = "ALTER TABLE parcels ALTER COLUMN code TYPE text USING code::text";
        expect(Rule::ChangingColumnType, POSTGRES, &[cast], false);
    }

    #[test]
    fn a_longer_varchar_needs_a_copy_if_its_length_gets_a_second_byte() {
        for (kind, copied) in [("varchar(63)", false), ("varchar(64)", true), ("varchar(300)", true)] {
            let modify = format!("ALTER TABLE parcels MODIFY code {kind} NOT NULL DEFAULT 'none'");
            expect(Rule::ChangingColumnType, MARIADB, &[&modify], copied);
        }
        let label = "ALTER TABLE shelves MODIFY label varchar(300)";
        expect(Rule::ChangingColumnType, MARIADB, &[label], false);
    }
}
