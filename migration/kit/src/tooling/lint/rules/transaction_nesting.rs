//! A migration begins or ends a transaction.

use sqlparser::ast::Statement as Sql;

use crate::tooling::lint::{
    page::{ALL, Claim, Finder, MARIADB, NOT_MARIADB, Page, SERVERS, SQLITE, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            NOT_MARIADB,
            "the run is a transaction already: BEGIN is refused or does nothing, and COMMIT ends the run half way",
            "leave transactions to the runner; use_transaction() decides whether there is one",
        ),
        warning(
            MARIADB,
            "the runner commits each statement with its entry in the journal, which BEGIN and COMMIT upset",
            "leave transactions to the runner",
        ),
    ],
    details: "After a COMMIT of its own, a migration that fails leaves the first part of the run in the database, without the \
              records. SQLite refuses BEGIN inside a transaction; PostgreSQL only warns.",
    breaks: &[on(SERVERS, &["BEGIN"]), on(SQLITE, &["BEGIN"]).claims(Claim::Refused)],
    keeps: &[on(ALL, &["UPDATE parcels SET weight = 2 WHERE id = 1"])],
    finder: Finder::Both(find),
};

fn find(_: &Scan<'_>, part: &Part<'_>) -> bool {
    matches!(
        part,
        Part::Parsed(
            Sql::StartTransaction { .. } | Sql::Commit { .. } | Sql::Rollback { savepoint: None, .. }
        )
    )
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{
            page::{ALL, NOT_POSTGRES},
            trial::expect,
        },
    };

    #[test]
    fn a_savepoint_is_no_transaction() {
        expect(Rule::TransactionNesting, ALL, &["COMMIT"], true);
        let savepoint = ["SAVEPOINT one", "ROLLBACK TO SAVEPOINT one"];
        expect(Rule::TransactionNesting, NOT_POSTGRES, &savepoint, false);
    }
}
