//! A statement that cannot run in a transaction is in a migration that runs in one.

use sqlparser::ast::{ObjectType, Statement as Sql};

use crate::tooling::lint::{
    page::{Claim, Finder, POSTGRES, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "PostgreSQL refuses it inside a transaction, so the migration always fails",
        "a migration of its own whose use_transaction() is Some(false)",
    )],
    details: "On PostgreSQL a run is one transaction. CREATE INDEX CONCURRENTLY, DROP INDEX CONCURRENTLY, REINDEX CONCURRENTLY, \
              VACUUM, ALTER SYSTEM, CREATE and DROP DATABASE end or need several transactions themselves. A migration \
              whose use_transaction() is Some(false) runs alone, between two transactions of the run.",
    breaks: &[
        on(POSTGRES, &["CREATE INDEX CONCURRENTLY by_weight ON parcels (weight)"]).claims(Claim::Refused),
        on(POSTGRES, &["DROP INDEX CONCURRENTLY idx_parcels_shelf"]).claims(Claim::Refused),
        on(POSTGRES, &["VACUUM parcels"]).claims(Claim::Refused),
    ],
    keeps: &[on(POSTGRES, &["CREATE INDEX CONCURRENTLY by_weight ON parcels (weight)"]).bare()],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    !scan.bare && needs_none(part)
}

/// Whether PostgreSQL refuses the statement inside a transaction.
fn needs_none(part: &Part<'_>) -> bool {
    match part {
        Part::Parsed(Sql::CreateIndex(create)) => create.concurrently,
        Part::Parsed(
            Sql::CreateDatabase { .. } | Sql::Vacuum(_) | Sql::Drop { object_type: ObjectType::Database, .. },
        ) => true,
        Part::Parsed(_) => false,
        Part::Words(_) => {
            part.says("DROP", &["INDEX", "CONCURRENTLY"])
                || part.says("REINDEX", &["CONCURRENTLY"])
                || part.says("VACUUM", &[])
                || part.says("ALTER", &["SYSTEM"])
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::POSTGRES, trial::expect},
    };

    #[test]
    fn what_can_run_in_a_transaction_is_not_found() {
        let rule = Rule::BanConcurrentIndexCreationInTransaction;
        for (sql, found) in [
            ("REINDEX INDEX CONCURRENTLY idx_parcels_shelf", true),
            ("ALTER SYSTEM SET work_mem = '64MB'", true),
            ("CREATE DATABASE other", true),
            ("REINDEX INDEX idx_parcels_shelf", false),
            ("DROP INDEX idx_parcels_shelf", false),
        ] {
            expect(rule, POSTGRES, &[sql], found);
        }
    }
}
