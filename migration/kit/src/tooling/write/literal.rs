//! Defaults and other values as Rust.

use super::code::{Manner, text};
use crate::snapshot::Kind;

/// The value of a default, or of a back-fill that is no text.
pub(super) fn value(manner: Manner, kind: &Kind, sql: &str) -> String {
    match (kind, literal(sql)) {
        (_, Some(literal)) => text(&literal),
        (Kind::Moment, _) if is_now(sql) => "dialect::now(manager)".to_owned(),
        _ if is_now(sql) => "Expr::current_timestamp()".to_owned(),
        _ if sql == "current_date" => "Expr::current_date()".to_owned(),
        _ if is_literal(sql) => number(sql),
        _ => manner.sql(sql),
    }
}

/// Whether a default is the clock, by one of its names.
fn is_now(sql: &str) -> bool {
    sql == "current_timestamp" || sql.eq_ignore_ascii_case("now()")
}

/// The text in a literal such as `'it''s'` or `'new'::text`, if it is one.
pub(super) fn literal(sql: &str) -> Option<String> {
    let literal = sql.split_once("'::").map_or_else(|| sql.to_owned(), |(text, _)| format!("{text}'"));
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "\0");
    (!inner.contains('\'')).then(|| inner.replace('\0', "'"))
}

/// A number or a boolean. An integer beyond `i32` gets its type.
fn number(sql: &str) -> String {
    match sql.parse::<i64>() {
        Ok(number) if i32::try_from(number).is_err() => format!("{}i64", spaced(sql)),
        Err(_) if !is_float(sql) => format!("dialect::sql(manager, {})", text(sql)),
        _ => spaced(sql),
    }
}

/// Whether a number with a fraction, or a boolean, is the same as a literal of Rust: an `f64` keeps 15 digits, and Clippy
/// rejects numbers such as 3.14, which it takes for an imprecise π.
fn is_float(sql: &str) -> bool {
    use std::f64::consts::{
        E, FRAC_1_PI, FRAC_1_SQRT_2, FRAC_2_PI, FRAC_2_SQRT_PI, FRAC_PI_2, FRAC_PI_3, FRAC_PI_4, FRAC_PI_6,
        FRAC_PI_8, LN_2, LN_10, LOG2_10, LOG2_E, LOG10_2, LOG10_E, PI, SQRT_2, TAU,
    };
    let constants = [
        E,
        FRAC_1_PI,
        FRAC_1_SQRT_2,
        FRAC_2_PI,
        FRAC_2_SQRT_PI,
        FRAC_PI_2,
        FRAC_PI_3,
        FRAC_PI_4,
        FRAC_PI_6,
        FRAC_PI_8,
        LN_2,
        LN_10,
        LOG2_10,
        LOG2_E,
        LOG10_2,
        LOG10_E,
        PI,
        SQRT_2,
        TAU,
    ];
    let digits = sql.trim_start_matches(['-', '+']);
    let looks_like = |constant: &f64| {
        let places = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let (rounded, cut) = (format!("{constant:.places$}"), constant.to_string());
        digits.len() > 2 && (rounded == digits || cut.starts_with(digits))
    };
    digits.bytes().filter(u8::is_ascii_digit).count() <= 15 && !constants.iter().any(looks_like)
}

/// A number with an underscore after each three digits, where it is long.
fn spaced(number: &str) -> String {
    let (sign, digits) = number.split_at(usize::from(number.starts_with(['-', '+'])));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let parts = [whole, fraction];
    let is_plain = parts.iter().all(|part| part.bytes().all(|digit| digit.is_ascii_digit()));
    if !is_plain || parts.iter().all(|part| part.len() < 6) {
        return number.to_owned();
    }
    let point = if digits.contains('.') { "." } else { "" };
    let mut spaced = format!("{sign}{}{point}", in_threes(whole, whole.len() % 3));
    spaced += &in_threes(fraction, 0);
    spaced
}

/// Digits in groups of three, the first of which has `first` digits unless that is none.
fn in_threes(digits: &str, first: usize) -> String {
    let (head, rest) = digits.split_at(first);
    let mut groups = vec![head];
    let mut rest = rest;
    while !rest.is_empty() {
        let (group, others) = rest.split_at(rest.len().min(3));
        groups.push(group);
        rest = others;
    }
    groups.retain(|group| !group.is_empty());
    groups.join("_")
}

/// Whether a default is a plain value, which SQLite takes in a column that is added.
pub(super) fn is_literal(sql: &str) -> bool {
    let text = sql.starts_with('\'') && sql.ends_with('\'');
    text || sql.contains("'::") || sql == "true" || sql == "false" || sql.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_written_as_clippy_wants_them() {
        for (sql, code) in [
            ("12345", "12345"),
            ("123456", "123_456"),
            ("-1234567", "-1_234_567"),
            ("3000000000", "3_000_000_000i64"),
            ("1234.5678901", "1_234.567_890_1"),
            ("0.10", "0.10"),
            ("1e10", "1e10"),
            ("true", "true"),
            ("3.14", r#"dialect::sql(manager, "3.14")"#),
            ("-2.718", r#"dialect::sql(manager, "-2.718")"#),
            ("12.1234567890123456", r#"dialect::sql(manager, "12.1234567890123456")"#),
        ] {
            assert_eq!(number(sql), code);
        }
    }
}
