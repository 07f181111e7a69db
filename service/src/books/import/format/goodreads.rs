//! The library export of Goodreads, and `books.csv` of goodbooks-10k, which was made from it.

use super::Cells;
use crate::books::import::draft::{Draft, tidy};

pub(super) fn library(cells: &Cells<'_>) -> Draft {
    let additional = cells.text("additional authors");
    let more = additional.iter().flat_map(|names| names.split(',')).filter_map(tidy);
    Draft {
        authors: cells.text("author").into_iter().chain(more).collect(),
        publisher: cells.text("publisher"),
        published_date: cells.text("year published").or_else(|| cells.text("original publication year")),
        page_count: cells.text("number of pages"),
        isbns: ["isbn13", "isbn"].into_iter().filter_map(|name| cells.text(name)).collect(),
        ..Draft::foreign(cells.text("title"))
    }
}

pub(super) fn goodbooks(cells: &Cells<'_>) -> Draft {
    let authors = cells.text("authors");
    // Years are written as decimals: 2008.0.
    let year = cells.text("original_publication_year").map(|year| year.trim_end_matches(".0").to_owned());
    Draft {
        authors: authors.iter().flat_map(|names| names.split(',')).filter_map(tidy).collect(),
        published_date: year,
        language: cells.text("language_code"),
        // The ISBN-13 is in scientific notation; the ISBN-10 has lost its leading zeros.
        isbns: ["isbn13", "isbn"].into_iter().filter_map(|name| cells.text(name)).collect(),
        cover_url: cells.text("image_url").filter(|url| !url.contains("/nophoto/")),
        ..Draft::foreign(cells.text("title").or_else(|| cells.text("original_title")))
    }
}
