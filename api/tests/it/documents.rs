//! Tables of the documents against the code that they describe: settings, problem codes, rate limits, and limits of
//! connections.

use std::fs;

use api::{config::Cli, error::Code, server::Limits};
use chrono::TimeDelta;
use clap::{Arg, CommandFactory};
use service::{lifetime::in_words, limit::RateLimit};

use crate::workspace;

/// Rows of the tables in a document, without code marks.
fn rows(document: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(workspace::root().join(document)).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(|cell| cell.trim().replace('`', "")).collect()).collect()
}

/// Row of the settings table for an option with an environment variable.
fn setting(argument: &Arg) -> Option<Vec<String>> {
    let name = argument.get_env()?.to_str()?.to_owned();
    let default = argument.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
    let values = argument.get_possible_values();
    let values: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
    let help = argument.get_help()?.to_string().replace('`', "");
    Some(vec![name, default.unwrap_or_default(), values.join(", "), help])
}

#[test]
fn the_table_of_settings_equals_the_help() {
    let rows: Vec<_> = rows(".github/OPERATING.md").into_iter().filter(|row| row.len() == 4).collect();
    let command = Cli::command();
    let settings: Vec<_> = command.get_arguments().filter_map(setting).collect();
    assert!(settings.len() > 20, "{settings:?}");
    // The first two lines are the names of the columns and the rule below them.
    let names: Vec<&str> = rows[2..].iter().map(|row| row[0].as_str()).collect();
    let expected: Vec<&str> = settings.iter().map(|setting| setting[0].as_str()).collect();
    assert_eq!(names, expected);
    for (row, setting) in rows[2..].iter().zip(&settings) {
        assert_eq!(row[3], setting[3], "meaning of {}", row[0]);
        assert!(setting[1].is_empty() || row[1] == setting[1], "default of {}: {}", row[0], row[1]);
        assert!(setting[2].is_empty() || row[2] == setting[2], "values of {}: {}", row[0], row[2]);
    }
}

#[test]
fn the_table_of_problems_equals_the_codes() {
    let rows = rows("api/README.md");
    let rows = rows.iter().filter(|row| row[0].parse().is_ok_and(|status: u16| status >= 400));
    let expected = Code::ALL.iter().map(|code| {
        vec![code.status().as_str().to_owned(), code.name().to_owned(), code.explanation().replace('`', "")]
    });
    assert_eq!(rows.cloned().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn the_table_of_rate_limits_equals_the_limits() {
    let rows = rows("api/README.md");
    for limit in RateLimit::ALL {
        let row = rows.iter().find(|row| row[0] == limit.name() && row.len() == 3);
        let row = row.unwrap_or_else(|| panic!("no row for {}", limit.name()));
        let window = in_words(TimeDelta::from_std(limit.window()).unwrap());
        assert_eq!(row[2], format!("{} in {window}", limit.quota()), "{}", limit.name());
    }
}

#[test]
fn the_table_of_connections_equals_the_limits() {
    let limits = Limits::default();
    let kibibytes = |bytes: usize| format!("{} KiB", bytes / 1024);
    let window = limits.rate_window.as_secs();
    let thousands = |number: usize| format!("{},{:03}", number / 1000, number % 1000);
    let expected = [
        (
            "Head of a request, from its first byte".to_owned(),
            format!("{} s, {}", limits.head.as_secs(), kibibytes(limits.head_bytes)),
        ),
        ("Idle connection".to_owned(), format!("{} s", limits.keep_alive.as_secs())),
        (
            "Pause of a body, or of a client that reads a response".to_owned(),
            format!("{} s", limits.stall.as_secs()),
        ),
        (
            format!("Slowest body or reader, over {window} s of waiting for the client"),
            format!("{} KiB a second", limits.rate_bytes / window / 1024),
        ),
        (
            "Rest of a body that its response did not need".to_owned(),
            format!("{} s, {}", limits.discard.as_secs(), kibibytes(limits.discard_bytes)),
        ),
        ("Connections of a process".to_owned(), thousands(limits.connections)),
    ];
    let rows = rows(".github/OPERATING.md");
    let begin = rows.iter().position(|row| row[0] == expected[0].0).unwrap();
    let found = rows[begin..begin + expected.len()].iter().map(|row| (row[0].clone(), row[1].clone()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}
