//! Dumps of Open Library: five columns separated by tabs, without a header. The fifth is a JSON object in which every
//! field may be absent or of another type.

use serde_json::{Map, Value};

use crate::{
    FieldCode, FieldError,
    books::import::draft::{Draft, tidy, tidy_lines},
};

/// Author of an edition without author names. Such an edition may refer to authors by key.
const UNKNOWN_AUTHOR: &str = "Unknown";

/// Content of a line.
pub(super) enum DumpRecord {
    Edition(Box<Draft>),
    /// Another type of record, by its name.
    Other(String),
}

/// Whether the text is the beginning of a dump.
pub(in crate::books::import) fn is_dump(head: &str) -> bool {
    let line = head.lines().next().unwrap_or_default();
    let mut cells = line.splitn(5, '\t');
    cells.next().is_some_and(|kind| kind.starts_with("/type/"))
        && cells.nth(3).is_some_and(|json| json.starts_with('{'))
}

pub(super) fn line(line: &str) -> Result<DumpRecord, FieldError> {
    let mut cells = line.trim_end_matches(['\r', '\n']).splitn(5, '\t');
    let (kind, json) = (cells.next(), cells.nth(3));
    let (Some(kind), Some(json)) = (kind, json) else {
        return Err(FieldError::new(
            "",
            FieldCode::Columns,
            "must have the five columns of a dump of Open Library",
        ));
    };
    if kind != "/type/edition" {
        return Ok(DumpRecord::Other(kind.trim_start_matches("/type/").to_owned()));
    }
    let edition: Map<String, Value> = serde_json::from_str(json).map_err(|error| {
        FieldError::new("", FieldCode::Json, format!("the fifth column must be a JSON object: {error}"))
    })?;
    Ok(DumpRecord::Edition(Box::new(draft(&edition))))
}

fn draft(edition: &Map<String, Value>) -> Draft {
    let first = |name: &str| texts(edition.get(name)).find_map(tidy);
    let title = first("title_prefix").into_iter().chain(first("title")).collect::<Vec<_>>().join(" ");
    let mut draft = Draft {
        subtitle: first("subtitle"),
        authors: authors(edition),
        publisher: first("publishers"),
        published_date: first("publish_date"),
        page_count: edition.get("number_of_pages").and_then(text),
        isbns: ["isbn_13", "isbn_10"]
            .into_iter()
            .flat_map(|name| texts(edition.get(name)))
            .map(str::to_owned)
            .collect(),
        description: texts(edition.get("description")).find_map(tidy_lines),
        ..Draft::foreign(Some(title))
    };
    if draft.authors.is_empty() {
        draft.authors.push(UNKNOWN_AUTHOR.to_owned());
        draft.warnings.push(FieldError::new("/author", FieldCode::Unknown, "has no author name"));
    }
    let languages = edition.get("languages").and_then(Value::as_array).into_iter().flatten();
    draft.languages(languages.filter_map(|language| {
        let key = language.get("key").unwrap_or(language).as_str()?;
        Some(key.trim_start_matches("/languages/").trim_start_matches("/l/"))
    }));
    draft
}

/// Author names: the statement of responsibility, else the contributions. Author keys refer to another dump and are
/// ignored.
fn authors(edition: &Map<String, Value>) -> Vec<String> {
    let statement = texts(edition.get("by_statement")).find_map(tidy);
    let statement = statement.as_deref().map(|by| by.strip_prefix("by ").unwrap_or(by).trim_end_matches('.'));
    match statement.and_then(tidy) {
        Some(statement) => vec![statement],
        None => texts(edition.get("contributions")).filter_map(tidy).collect(),
    }
}

/// Texts of a field: a text, an object with a value, or a list of either.
fn texts(field: Option<&Value>) -> impl Iterator<Item = &str> {
    let (list, one) = match field {
        Some(Value::Array(list)) => (list.as_slice(), None),
        one => (&[][..], one),
    };
    list.iter().chain(one).filter_map(|text| text.get("value").unwrap_or(text).as_str())
}

/// A number, or a text that may be one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => tidy(text),
        _ => None,
    }
}
