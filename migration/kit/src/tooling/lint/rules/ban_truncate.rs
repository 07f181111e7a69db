//! All rows of a table are removed by TRUNCATE.

use sqlparser::ast::Statement as Sql;

use crate::tooling::lint::{
    page::{Finder, Page, SERVERS, loss, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[loss(SERVERS, "every row is lost", "delete the rows that are not needed, by WHERE")],
    details: "TRUNCATE removes the rows of all programs without triggers, and locks the table against its readers. On \
              MariaDB it commits at once and cannot be rolled back.",
    breaks: &[on(SERVERS, &["TRUNCATE TABLE parcels"])],
    keeps: &[on(SERVERS, &["DELETE FROM parcels WHERE weight IS NULL"])],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    match part {
        Part::Parsed(Sql::Truncate(truncate)) => {
            truncate.table_names.iter().any(|target| !scan.is_new(&scan.key(&target.name)))
        }
        Part::Parsed(_) | Part::Words(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::SERVERS, trial::expect},
    };

    #[test]
    fn a_new_table_may_be_emptied() {
        let create = "CREATE TABLE drafts (id bigint)";
        expect(Rule::BanTruncate, SERVERS, &[create, "TRUNCATE TABLE drafts"], false);
        expect(Rule::BanTruncate, SERVERS, &[create, "TRUNCATE TABLE parcels"], true);
    }
}
