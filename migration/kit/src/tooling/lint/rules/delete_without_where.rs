//! All rows of a table are deleted.

use sqlparser::ast::{self, Statement as Sql};

use crate::tooling::lint::{
    page::{ALL, Finder, Page, loss, on},
    rules::{is_always_true, table_of},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[loss(ALL, "every row is lost", "say by WHERE which rows are not needed")],
    details: "A DELETE without a condition, or with one that is always true, removes the rows of all programs, in one \
              transaction. `down` cannot return them.",
    breaks: &[on(ALL, &["DELETE FROM parcels"]), on(ALL, &["DELETE FROM parcels WHERE 1 = 1"])],
    keeps: &[on(ALL, &["DELETE FROM parcels WHERE weight IS NULL"])],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let Part::Parsed(Sql::Delete(delete)) = part else { return false };
    let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
    let old = from.iter().filter_map(|from| table_of(scan, from)).any(|table| !scan.is_new(&table));
    let all = delete.selection.as_ref().is_none_or(is_always_true);
    old && all && delete.limit.is_none() && delete.using.is_none()
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{
            page::{ALL, MARIADB},
            trial::expect,
        },
    };

    #[test]
    fn a_condition_must_leave_rows() {
        for (condition, all) in [("TRUE", true), ("(1 = 1)", true), ("id = id", false), ("id = 1", false)] {
            let delete = format!("DELETE FROM parcels WHERE {condition}");
            expect(Rule::DeleteWithoutWhere, ALL, &[&delete], all);
        }
        expect(Rule::DeleteWithoutWhere, MARIADB, &["DELETE FROM parcels LIMIT 5"], false);
    }
}
