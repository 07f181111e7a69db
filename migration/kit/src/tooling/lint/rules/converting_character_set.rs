//! A table is converted to another character set.

use crate::tooling::lint::{
    page::{Claim, Finder, MARIADB, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        MARIADB,
        "the table is copied while nobody may write to it (ALGORITHM=COPY)",
        "a new table of the new character set that is filled in batches; or gh-ost",
    )],
    details: "Every text is written again. Characters that the new set lacks become question marks, and text columns may get \
              another type, since their length is counted in bytes. DEFAULT CHARACTER SET changes only what later \
              columns get.",
    breaks: &[on(MARIADB, &["ALTER TABLE parcels CONVERT TO CHARACTER SET utf8mb3"]).claims(Claim::Copies)],
    keeps: &[on(MARIADB, &["ALTER TABLE parcels ADD COLUMN note varchar(20) CHARACTER SET utf8mb4"])],
    finder: Finder::Ours(find),
};

fn find(_: &Scan<'_>, part: &Part<'_>) -> bool {
    part.says("ALTER", &["CONVERT", "TO", "CHARACTER"]) || part.says("ALTER", &["CONVERT", "TO", "CHARSET"])
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::expect},
    };

    #[test]
    fn both_words_for_a_character_set_are_known() {
        let alter = "alter table parcels convert to charset utf8mb4";
        expect(Rule::ConvertingCharacterSet, MARIADB, &[alter], true);
    }
}
