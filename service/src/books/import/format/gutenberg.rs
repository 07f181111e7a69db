//! Project Gutenberg: its own `pg_catalog.csv`, and the table of works of gutenbergr, with a row for each author.

use super::Cells;
use crate::books::import::draft::{Draft, tidy};

pub(super) fn catalog(cells: &Cells<'_>) -> Draft {
    let authors = cells.text("authors");
    let mut draft = Draft {
        authors: authors.iter().flat_map(|names| names.split(';')).filter_map(tidy).collect(),
        published_date: cells.text("issued"),
        ..Draft::foreign(title(cells))
    };
    draft.languages(cells.text("language").iter().flat_map(|list| list.split(';')));
    draft
}

pub(super) fn works(cells: &Cells<'_>) -> Draft {
    let mut draft =
        Draft { authors: cells.text("author").into_iter().collect(), ..Draft::foreign(title(cells)) };
    draft.languages(cells.text("language").iter().flat_map(|list| list.split('/')));
    draft
}

/// Title without MARC subfield codes such as ` $b `.
fn title(cells: &Cells<'_>) -> Option<String> {
    let title = cells.text("title")?;
    if !title.contains('$') {
        return Some(title);
    }
    let is_mark = |word: &&str| matches!(word.as_bytes(), [b'$', b'a'..=b'z']);
    let words: Vec<&str> = title.split(' ').filter(|word| !is_mark(word)).collect();
    tidy(&words.join(" "))
}
