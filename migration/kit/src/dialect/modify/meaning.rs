//! Clauses of MariaDB / MySQL in the form in which the server prints them.

use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::sql::definition::{Clause, words};

/// A clause as MariaDB prints it, so that two that mean the same read the same.
pub(super) fn meaning(clause: Clause, text: Option<&str>) -> Option<String> {
    match (clause, text) {
        (Clause::Null, None) => return Some("null".to_owned()),
        (_, None) => return None,
        (_, Some(_)) => {}
    }
    let mut printed = String::new();
    for word in words(DatabaseBackend::MySql, text.unwrap_or_default()) {
        let tight = matches!(word.text, "(" | ")" | ",") || printed.ends_with(['(', ',']);
        if !printed.is_empty() && !tight {
            printed.push(' ');
        }
        match word.text.chars().next() {
            Some('\'' | '"') => printed.push_str(word.text),
            _ => printed.push_str(&word.text.to_lowercase()),
        }
    }
    Some(match clause {
        Clause::Type => kind(&printed),
        Clause::Default if printed == "default null" => return None,
        Clause::Default => default(&printed),
        Clause::OnUpdate => moment(&printed),
        Clause::CharacterSet => printed.replace("charset", "character set"),
        Clause::Compressed
        | Clause::Collate
        | Clause::Generated
        | Clause::Null
        | Clause::Visible
        | Clause::Versioning
        | Clause::AutoIncrement
        | Clause::Hint
        | Clause::Key
        | Clause::References
        | Clause::Comment
        | Clause::Check => printed,
    })
}

/// A type without the widths that MariaDB adds.
fn kind(printed: &str) -> String {
    let (name, rest) = printed.split_at(printed.find(['(', ' ']).unwrap_or(printed.len()));
    let (name, rest) = match name {
        "bool" | "boolean" => ("tinyint", "(1)"),
        "integer" => ("int", rest),
        "numeric" | "dec" => ("decimal", rest),
        "decimal" if rest.is_empty() => ("decimal", "(10,0)"),
        name => (name, rest),
    };
    let is_integer =
        ["smallint", "mediumint", "int", "bigint"].contains(&name) || printed.starts_with("tinyint(4)");
    let rest = match rest.split_once(')') {
        Some((_, after)) if is_integer && !rest.contains("zerofill") => after,
        _ => rest,
    };
    format!("{name}{rest}")
}

/// A default without parentheses around it.
fn default(printed: &str) -> String {
    let value = printed.trim_start_matches("default").trim();
    let bare = value.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(value);
    let bare = match bare {
        "true" => "1",
        "false" => "0",
        bare => bare,
    };
    moment(&format!("default {bare}"))
}

/// The current moment with its parentheses.
fn moment(printed: &str) -> String {
    if printed.ends_with("current_timestamp") { format!("{printed}()") } else { printed.to_owned() }
}

/// Whether an expression is the current moment, with any number of digits.
pub(super) fn is_now(printed: &str) -> bool {
    let digits = printed.strip_prefix("current_timestamp(").and_then(|rest| rest.strip_suffix(')'));
    digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
}
