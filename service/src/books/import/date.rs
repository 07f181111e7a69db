//! Dates in the notation of people, cataloguers and other programs: a year, a month or a day.
//!
//! A text that two people would read as two dates is none.

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

/// Marks before a year: copyright, publication of a recording, and "about".
const BEFORE: [&str; 9] = ["copyright", "circa", "cop.", "ca.", "c.", "ca", "c", "©", "℗"];

/// Reads a date, of which the month or the day may be unknown.
pub(super) fn read(text: &str) -> Option<String> {
    let text = bare(text);
    from_numbers(text).or_else(|| spelled(text)).filter(|date| is_partial_date(date))
}

/// The date without brackets, doubt and marks of copyright, which leave the year as it is, and without the time.
fn bare(text: &str) -> &str {
    let text = text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '?' | '.' | ';' | ',')
    });
    let mark = BEFORE.iter().find_map(|mark| {
        let start = text.get(..mark.len()).filter(|start| start.eq_ignore_ascii_case(mark))?;
        let year = text[start.len()..].trim_start();
        year.starts_with(|c: char| c.is_ascii_digit()).then_some(year)
    });
    let date = mark.unwrap_or(text);
    // Programs that take a year for a number write 2008.0.
    let date =
        date.strip_suffix(".0").filter(|year| year.bytes().all(|b| b.is_ascii_digit())).unwrap_or(date);
    match date.get(10..11) {
        Some("T" | " ") if date.as_bytes()[4] == b'-' && is_partial_date(&date[..10]) => &date[..10],
        _ => date,
    }
}

/// `1999`, `1999-05`, `1999-5-6`, `1999/05/06`, `19990506`, `13/05/1999`. A month or day of zeros is unknown.
fn from_numbers(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(['-', '/', '.']).map(str::trim).collect();
    if !parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    match parts[..] {
        [all] if all.len() == 8 => day(&all[..4], &all[4..6], &all[6..]),
        // Two digits may stand for a year of this century or of another one.
        [year] => (year.len() != 2 && year.len() <= 4).then(|| format!("{year:0>4}")),
        [year, month] if year.len() == 4 => day(year, month, "0"),
        [year, month, date] if year.len() == 4 => day(year, month, date),
        [first, second, year] if year.len() == 4 => day_and_month(first, second, year),
        _ => None,
    }
}

/// Day and month in either order, if only one is a date.
fn day_and_month(first: &str, second: &str, year: &str) -> Option<String> {
    let is_month = |part: &str| part.parse::<u8>().is_ok_and(|number| (1..=12).contains(&number));
    match (is_month(first), is_month(second)) {
        (true, true) if first.trim_start_matches('0') != second.trim_start_matches('0') => None,
        (true, false) => day(year, first, second),
        (_, true) => day(year, second, first),
        (false, false) => None,
    }
}

/// A date of which the day, or the month and the day, may be zero.
fn day(year: &str, month: &str, day: &str) -> Option<String> {
    let (month, day) = (month.parse::<u8>().ok()?, day.parse::<u8>().ok()?);
    Some(match (month, day) {
        (0, 0) => year.to_owned(),
        (month, 0) => format!("{year}-{month:02}"),
        (month, day) => format!("{year}-{month:02}-{day:02}"),
    })
}

/// `March 1997`, `Dec 31, 1993`, `31 December 1993`, `1st January 2001`, `16-May-1999`.
fn spelled(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split([' ', ',', '.', '-', '/']).filter(|word| !word.is_empty()).collect();
    let (day, name, year) = match words[..] {
        [name, year] => (None, name, year),
        [first, second, year] if month(first).is_some() => (Some(second), first, year),
        [first, second, year] => (Some(first), second, year),
        _ => return None,
    };
    let month = month(name)?;
    Some(match day.map(ordinal) {
        Some(day) => format!("{year}-{month:02}-{:02}", day.parse::<u8>().ok()?),
        None => format!("{year}-{month:02}"),
    })
}

/// A day without the ending of an ordinal number.
fn ordinal(day: &str) -> &str {
    let end = day.len().saturating_sub(2);
    match day.get(end..) {
        Some("st" | "nd" | "rd" | "th") => &day[..end],
        _ => day,
    }
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
            ("8", Some("0008")),
            ("2008.0", Some("2008")),
            ("2014/04/05", Some("2014-04-05")),
            ("2014/04", Some("2014-04")),
            ("1999-5-6", Some("1999-05-06")),
            ("19990516", Some("1999-05-16")),
            ("1999-05-00", Some("1999-05")),
            ("1999-00-00", Some("1999")),
            ("1999-05-16T00:00:00+00:00", Some("1999-05-16")),
            ("1999-05-16 23:59:59", Some("1999-05-16")),
            ("13/05/1999", Some("1999-05-13")),
            ("05/13/1999", Some("1999-05-13")),
            ("05.05.1999", Some("1999-05-05")),
            ("December 31, 1993", Some("1993-12-31")),
            ("Jan 5, 1993", Some("1993-01-05")),
            ("5 Sept. 1993", Some("1993-09-05")),
            ("1st January 2001", Some("2001-01-01")),
            ("16-May-1999", Some("1999-05-16")),
            ("March 1997", Some("1997-03")),
            ("c1999", Some("1999")),
            ("©1999", Some("1999")),
            ("ca. 1999", Some("1999")),
            ("[1999]", Some("1999")),
            ("1999?", Some("1999")),
            ("[1999?].", Some("1999")),
            ("86", None),
            ("99", None),
            ("-750", None),
            ("0", None),
            ("0000-00-00", None),
            ("", None),
            ("n.d.", None),
            ("19--", None),
            ("199-", None),
            ("(December)", None),
            ("December", None),
            ("February 30, 1993", None),
            ("1999-02-30", None),
            ("Ma 1993", None),
            ("03/04/1999", None),
            ("04.03.1999", None),
            ("13/13/1999", None),
            ("Summer 1999", None),
            ("2023-02-29", None),
            ("199905", None),
            ("🙂999-05-16T", None),
        ] {
            assert_eq!(read(text).as_deref(), date, "{text}");
        }
    }
}
