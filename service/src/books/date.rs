//! Dates of reduced precision: `YYYY`, `YYYY-MM` or `YYYY-MM-DD` (ISO 8601). Dates of one precision sort as text.

use chrono::NaiveDate;
use validator::ValidationError;

use crate::{FieldCode, input};

/// Whether `text` is an existing day, month or year from 0001 to 9999.
#[must_use]
pub fn is_partial_date(text: &str) -> bool {
    if !text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() }) {
        return false;
    }
    let whole = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        10 => text.to_owned(),
        _ => return false,
    };
    !text.starts_with("0000") && NaiveDate::parse_from_str(&whole, "%Y-%m-%d").is_ok()
}

/// Last date within `date`, to compare dates of different precision. For a month or a year, it is a day beyond every
/// calendar.
pub(crate) fn latest_within(date: &str) -> String {
    match date.len() {
        4 => format!("{date}-12-31"),
        7 => format!("{date}-31"),
        _ => date.to_owned(),
    }
}

pub(crate) fn valid(text: &str) -> Result<(), ValidationError> {
    if is_partial_date(text) {
        Ok(())
    } else {
        Err(input::error(FieldCode::Date, "must be a date: YYYY, YYYY-MM or YYYY-MM-DD"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_existing_dates_are_accepted() {
        for date in ["1965", "1965-08", "1965-08-01", "0001", "9999-12-31", "2024-02-29"] {
            assert!(is_partial_date(date), "{date}");
        }
        for date in
            ["", "65", "0000", "1965-13", "1965-8", "2023-02-29", "1965-08-01T00:00", "-750", "1965/08"]
        {
            assert!(!is_partial_date(date), "{date}");
        }
    }
}
