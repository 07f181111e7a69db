//! ALTER TABLE asks for an algorithm by which the change cannot be made.

use sqlparser::ast::{self, AlterTableOperation as Operation, Statement as Sql};

use crate::{
    Rule,
    tooling::lint::{
        page::{Claim, Finder, MARIADB, Page, on, warning},
        rules,
        scan::{Part, Scan},
    },
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        MARIADB,
        "MariaDB refuses the statement instead of copying the table (error 1845 or 1846)",
        "leave ALGORITHM out in a quiet hour; or a change that needs no copy",
    )],
    details: "ALGORITHM=INSTANT and INPLACE protect from a copy that one did not expect: the statement fails at once. A change \
              that always copies the table, such as another type, a stored column, a check or a foreign key, always \
              fails with them; an index cannot be built with INSTANT.",
    breaks: &[
        on(MARIADB, &["ALTER TABLE parcels MODIFY weight double, ALGORITHM=INSTANT"]).claims(Claim::Refused),
        on(MARIADB, &["ALTER TABLE parcels ADD CONSTRAINT heavy CHECK (weight > 0), ALGORITHM=INPLACE"])
            .claims(Claim::Refused),
        on(MARIADB, &["ALTER TABLE parcels ADD INDEX by_weight (weight), ALGORITHM=INSTANT"])
            .claims(Claim::Refused),
    ],
    keeps: &[
        on(MARIADB, &["ALTER TABLE parcels ADD COLUMN note text, ALGORITHM=INSTANT"]),
        on(MARIADB, &["ALTER TABLE parcels ADD INDEX by_weight (weight), ALGORITHM=INPLACE"]),
    ],
    finder: Finder::Ours(find),
};

/// The rules whose statements copy the table.
const COPYING: [Rule; 5] = [
    Rule::ChangingColumnType,
    Rule::AddingForeignKeyConstraint,
    Rule::ConstraintMissingNotValid,
    Rule::AddingFieldWithDefault,
    Rule::ConvertingCharacterSet,
];

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let Some((table, operation)) = scan.altered(part) else { return false };
    match asked(scan, &table) {
        Some(ast::AlterTableAlgorithm::Instant) => copies(scan, part) || indexes(operation),
        Some(ast::AlterTableAlgorithm::Inplace) => copies(scan, part),
        Some(ast::AlterTableAlgorithm::Copy | ast::AlterTableAlgorithm::Default) | None => false,
    }
}

fn copies(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let found = |rule: &Rule| rules::page(*rule).find_on(scan.backend).is_some_and(|find| find(scan, part));
    COPYING.iter().any(found)
}

fn indexes(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::AddConstraint {
            constraint: ast::TableConstraint::Index(_)
                | ast::TableConstraint::Unique(_)
                | ast::TableConstraint::PrimaryKey(_)
                | ast::TableConstraint::FulltextOrSpatial(_),
            ..
        }
    )
}

/// The algorithm that the whole statement asks for.
fn asked(scan: &Scan<'_>, table: &str) -> Option<ast::AlterTableAlgorithm> {
    let mut here = scan.statements.iter().filter(|(at, _)| *at == scan.at);
    here.find_map(|(_, sql)| match sql {
        Sql::AlterTable(alter) if scan.key(&alter.name) == table => {
            alter.operations.iter().find_map(|operation| match operation {
                Operation::Algorithm { algorithm, .. } => Some(*algorithm),
                _ => None,
            })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::expect},
    };

    #[test]
    fn a_change_that_may_copy_is_not_found() {
        let rule = Rule::UnsupportedAlgorithm;
        expect(rule, MARIADB, &["ALTER TABLE parcels MODIFY weight double, ALGORITHM=COPY"], false);
        expect(rule, MARIADB, &["ALTER TABLE parcels MODIFY weight double"], false);
        expect(rule, MARIADB, &["ALTER TABLE parcels DROP COLUMN weight, ALGORITHM=INSTANT"], false);
    }
}
