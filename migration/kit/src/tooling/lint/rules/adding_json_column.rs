//! A column has the type `json`, whose values cannot be compared.

use sqlparser::ast::{AlterTableOperation as Operation, DataType, Statement as Sql};

use crate::tooling::lint::{
    page::{Finder, POSTGRES, Page, note, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[note(
        POSTGRES,
        "`json` has no equality: SELECT DISTINCT, GROUP BY and UNION over the column fail",
        "`jsonb`: `json_binary()` in a migration, `column_type = \"JsonBinary\"` in the entity",
    )],
    details: "`json` keeps the text as it was sent, with blanks and the order of keys, and parses it again in every query. It \
              is right only where that text matters. `jsonb` can be compared and indexed.",
    breaks: &[
        on(POSTGRES, &["ALTER TABLE parcels ADD COLUMN extra json"]),
        on(POSTGRES, &["CREATE TABLE drafts (id bigint NOT NULL PRIMARY KEY, extra json)"]),
    ],
    keeps: &[on(POSTGRES, &["ALTER TABLE parcels ADD COLUMN extra jsonb"])],
    finder: Finder::Ours(find),
};

fn find(_: &Scan<'_>, part: &Part<'_>) -> bool {
    let is_json = |kind: &DataType| matches!(kind, DataType::JSON);
    match part {
        Part::Parsed(Sql::CreateTable(create)) => {
            create.columns.iter().any(|column| is_json(&column.data_type))
        }
        Part::Parsed(Sql::AlterTable(alter)) => alter.operations.iter().any(|operation| match operation {
            Operation::AddColumn { column_def, .. } => is_json(&column_def.data_type),
            _ => false,
        }),
        Part::Parsed(_) | Part::Words(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::POSTGRES, trial::expect},
    };

    #[test]
    fn text_that_names_json_is_none() {
        let text = "ALTER TABLE parcels ADD COLUMN json text DEFAULT 'json'";
        expect(Rule::AddingJsonColumn, POSTGRES, &[text], false);
    }
}
