//! A database is dropped.

use sqlparser::ast::{ObjectType, Statement as Sql};

use crate::tooling::lint::{
    page::{Finder, MARIADB, Page, SERVERS, loss, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[loss(SERVERS, "everything in it is lost", "drop by name what is no longer used")],
    details: "A migration changes one database, and a user who may drop another one has too many rights. Databases are \
              created and dropped by the operator. PostgreSQL refuses the statement inside a transaction.",
    breaks: &[on(SERVERS, &["DROP DATABASE IF EXISTS unheard_of"]).bare()],
    keeps: &[on(MARIADB, &["CREATE TABLE reports (id bigint NOT NULL PRIMARY KEY)"])],
    finder: Finder::Ours(find),
};

fn find(_: &Scan<'_>, part: &Part<'_>) -> bool {
    matches!(part, Part::Parsed(Sql::Drop { object_type: ObjectType::Database, .. }))
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::SERVERS, trial::expect},
    };

    #[test]
    fn the_words_may_be_in_small_letters() {
        expect(Rule::BanDropDatabase, SERVERS, &["drop database library"], true);
    }
}
