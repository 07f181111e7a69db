//! Dates in the notation of people and other programs: a year, a month or a day.

use crate::books::date::is_partial_date;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Reads a partial date in ISO 8601, with slashes, with a year of fewer digits, or with an English month name.
/// Ambiguous dates such as `03/04/1999` are rejected.
pub(super) fn read(text: &str) -> Option<String> {
    let date = text.trim().replace('/', "-");
    let short_year = date.len() < 4 && date.bytes().all(|b| b.is_ascii_digit());
    let date = if short_year { format!("{date:0>4}") } else { date };
    if is_partial_date(&date) { Some(date) } else { spelled(text) }
}

/// `March 1997`, `Dec 31, 1993`, `31 December 1993`.
fn spelled(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split([' ', ',', '.']).filter(|word| !word.is_empty()).collect();
    let (day, name, year) = match words[..] {
        [name, year] => (None, name, year),
        [first, second, year] if month(first).is_some() => (Some(second), first, year),
        [first, second, year] => (Some(first), second, year),
        _ => return None,
    };
    let month = month(name)?;
    let date = match day {
        Some(day) => format!("{year}-{month:02}-{:02}", day.parse::<u8>().ok()?),
        None => format!("{year}-{month:02}"),
    };
    is_partial_date(&date).then_some(date)
}

/// Number of the month with this name, or with at least its first three letters.
fn month(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    let named = name.len() >= 3;
    named.then(|| MONTHS.iter().position(|month| month.starts_with(&name))).flatten().map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_other_text_is_rejected() {
        for (text, date) in [
            ("2008", Some("2008")),
            ("398", Some("0398")),
            ("2014/04/05", Some("2014-04-05")),
            ("2014/04", Some("2014-04")),
            ("December 31, 1993", Some("1993-12-31")),
            ("Jan 5, 1993", Some("1993-01-05")),
            ("5 Sept. 1993", Some("1993-09-05")),
            ("March 1997", Some("1997-03")),
            ("-750", None),
            ("0", None),
            ("", None),
            ("(December)", None),
            ("December", None),
            ("February 30, 1993", None),
            ("Ma 1993", None),
            ("03/04/1999", None),
            ("Summer 1999", None),
            ("2023-02-29", None),
        ] {
            assert_eq!(read(text).as_deref(), date, "{text}");
        }
    }
}
