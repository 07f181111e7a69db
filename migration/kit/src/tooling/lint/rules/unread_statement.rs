//! A statement that the linter cannot parse.

use crate::tooling::lint::{
    page::{ALL, Finder, POSTGRES, Page, SQLITE, note, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[note(
        ALL,
        "it is in words that are not understood here, and may do anything",
        "look at it yourself",
    )],
    details: "No other rule of ours is asked about such a statement; on PostgreSQL those of squawk are. Settings, triggers, \
              functions, procedures and views are exempt, whatever they contain.",
    breaks: &[on(ALL, &["FROBNICATE parcels"]).claims(crate::tooling::lint::page::Claim::Refused)],
    keeps: &[
        on(SQLITE, &["PRAGMA foreign_keys = OFF"]),
        on(
            SQLITE,
            &["CREATE TRIGGER noted AFTER INSERT ON parcels BEGIN DELETE FROM shelves WHERE id = 7; END"],
        ),
        on(POSTGRES, &["SET LOCAL lock_timeout = '5s'"]),
    ],
    finder: Finder::Ours(find),
};

/// Kinds of objects whose bodies are not read.
const OPAQUE: [&str; 4] = ["TRIGGER", "FUNCTION", "PROCEDURE", "VIEW"];

/// Words at the beginning among which the kind of an object stands.
const FIRST: usize = 6;

fn find(_: &Scan<'_>, part: &Part<'_>) -> bool {
    let Part::Words(words) = part else { return false };
    let opaque = words.iter().take(FIRST).any(|word| OPAQUE.contains(&word.as_str()));
    let known = [
        ("ALTER", ["CONVERT", "TO"].as_slice()),
        ("CREATE", &["FULLTEXT", "INDEX"]),
        ("CREATE", &["SPATIAL", "INDEX"]),
        ("PRAGMA", &[]),
        ("SET", &[]),
        ("DROP", &["INDEX", "CONCURRENTLY"]),
        ("REINDEX", &[]),
        ("VACUUM", &[]),
    ];
    let is_known = known.iter().any(|(verb, phrase)| part.says(verb, phrase));
    !(is_known || opaque && part.says("CREATE", &[]))
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::ALL, trial::expect},
    };

    #[test]
    fn the_kind_of_an_object_stands_at_the_beginning() {
        let view = "CREATE FROBNICATED SPECIAL VIEW seen AS SELECT 1";
        expect(Rule::UnreadStatement, ALL, &[view], false);
        let late = "CREATE FROBNICATION OF ALL THE PARCELS IN ANY VIEW";
        expect(Rule::UnreadStatement, ALL, &[late], true);
    }
}
