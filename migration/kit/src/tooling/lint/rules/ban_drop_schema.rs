//! A schema is dropped.

use sqlparser::ast::{ObjectType, Statement as Sql};

use crate::tooling::lint::{
    page::{Finder, POSTGRES, Page, SERVERS, loss, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[loss(SERVERS, "everything in it is lost", "drop by name what is no longer used")],
    details: "DROP SCHEMA … CASCADE drops tables, views, types and functions, also those that another program or a later \
              migration put there. On MariaDB, SCHEMA is another word for DATABASE.",
    breaks: &[
        on(POSTGRES, &["CREATE SCHEMA old", "DROP SCHEMA old CASCADE"]),
        on(SERVERS, &["DROP SCHEMA IF EXISTS unheard_of"]),
    ],
    keeps: &[on(POSTGRES, &["CREATE SCHEMA reports"])],
    finder: Finder::Ours(find),
};

fn find(_: &Scan<'_>, part: &Part<'_>) -> bool {
    matches!(part, Part::Parsed(Sql::Drop { object_type: ObjectType::Schema, .. }))
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::SERVERS, trial::expect},
    };

    #[test]
    fn a_database_is_another_rule() {
        expect(Rule::BanDropSchema, SERVERS, &["DROP DATABASE old"], false);
        expect(Rule::BanDropSchema, SERVERS, &["DROP SCHEMA old"], true);
    }
}
