//! More than one change of the schema where each is committed by itself.

use sea_orm_migration::sea_orm::DbBackend;

use crate::tooling::lint::{
    page::{ALL, Finder, MARIADB, NOT_MARIADB, Page, note, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[note(
        ALL,
        "each change of the schema is committed by itself: of a run that fails half way, the first ones stay",
        "one change a migration",
    )],
    details: "MariaDB and MySQL commit every CREATE, ALTER and DROP. The next `up` continues from the journal, but other programs \
              see the half of it until then. On SQLite and PostgreSQL a run is one transaction, except a migration whose \
              use_transaction() is Some(false): if that fails half way, the next `up` begins it again.",
    breaks: &[
        on(
            MARIADB,
            &["CREATE INDEX by_code ON parcels (code)", "CREATE INDEX by_weight ON parcels (weight)"],
        ),
        on(NOT_MARIADB, &["CREATE TABLE a (id bigint)", "CREATE TABLE b (id bigint)"]).bare(),
    ],
    keeps: &[
        on(MARIADB, &["ALTER TABLE parcels ADD INDEX by_code (code), ADD INDEX by_weight (weight)"]),
        on(NOT_MARIADB, &["CREATE TABLE a (id bigint)", "CREATE TABLE b (id bigint)"]),
    ],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, _: &Part<'_>) -> bool {
    let commits = scan.backend == DbBackend::MySql || scan.bare;
    // The second one, and none after it.
    commits && scan.changes == 2 && scan.changes_here
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::rules},
    };

    #[test]
    fn it_is_found_once() {
        let create = |name: &str| format!("CREATE TABLE {name} (id bigint)");
        let statements = ["a", "b", "c"].map(create);
        let found = rules(MARIADB[0], &statements.each_ref().map(String::as_str));
        assert_eq!(found, [Rule::SeveralChanges]);
    }
}
