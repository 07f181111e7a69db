//! Texts that users read begin with the noun or the verb they are about: OpenAPI, `--help` and problem titles.

use api::{config::Cli, error::Code, openapi::openapi};
use clap::CommandFactory;
use serde_json::Value;

/// First words of clauses that circle round their subject.
const CLAUSES: [&str; 7] = ["who", "whom", "what", "whoever", "how", "whether", "that"];

/// Collects every text of a kind in or below `value`, with its JSON pointer.
fn collect(place: &str, value: &Value, texts: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let place = format!("{place}/{name}");
                // A field of this name may exist, too; its value is an object.
                match (name.as_str(), value.as_str()) {
                    ("summary" | "description" | "title", Some(text)) => texts.push((place, text.to_owned())),
                    ("example" | "examples" | "const", _) => {}
                    _ => collect(&place, value, texts),
                }
            }
        }
        Value::Array(items) => {
            for (place_in, item) in items.iter().enumerate() {
                collect(&format!("{place}/{place_in}"), item, texts);
            }
        }
        _ => {}
    }
}

/// Help texts of a command, its arguments and its subcommands.
fn help(command: &clap::Command, texts: &mut Vec<(String, String)>) {
    let name = command.get_name();
    let mut add = |place: String, text: Option<&clap::builder::StyledStr>| {
        texts.extend(text.map(|text| (place, text.to_string())));
    };
    add(format!("{name} about"), command.get_about());
    add(format!("{name} about"), command.get_long_about());
    for argument in command.get_arguments() {
        add(format!("{name} {}", argument.get_id()), argument.get_help());
        add(format!("{name} {}", argument.get_id()), argument.get_long_help());
        for value in argument.get_possible_values() {
            add(format!("{name} {} {}", argument.get_id(), value.get_name()), value.get_help());
        }
    }
    for subcommand in command.get_subcommands() {
        help(subcommand, texts);
    }
}

/// Whether a text begins with a clause instead of its subject.
fn is_clause(text: &str) -> bool {
    let first = text.split(|letter: char| !letter.is_alphabetic()).next().unwrap_or_default();
    CLAUSES.contains(&first.to_lowercase().as_str())
}

#[test]
fn a_clause_is_recognised() {
    for (text, expected) in [
        ("What the import did", true),
        ("how many", true),
        ("Whether to count", true),
        ("Who's there", true),
        ("Thatched roofs", false),
        ("Number of items", false),
        ("", false),
    ] {
        assert_eq!(is_clause(text), expected, "{text}");
    }
}

#[test]
fn no_text_for_users_begins_with_a_clause() {
    let mut texts = Vec::new();
    collect("openapi", openapi(), &mut texts);
    let documented = texts.len();
    let mut command = Cli::command();
    command.build();
    help(&command, &mut texts);
    assert!(documented > 300 && texts.len() > documented + 60, "{documented} {}", texts.len());
    texts.extend(Code::ALL.iter().map(|code| (code.name().to_owned(), code.title().to_owned())));
    texts.extend(Code::ALL.iter().map(|code| (code.name().to_owned(), code.explanation().to_owned())));
    let wrong: Vec<_> = texts.iter().filter(|(_, text)| is_clause(text)).collect();
    assert!(wrong.is_empty(), "begin with the subject: {wrong:#?}");
}
