//! The effect of another type on the values of a column.

use crate::snapshot::Kind;

/// Whether the database touches no row: the new type stores the old values in the same way.
pub(super) fn widens(from: &Kind, to: &Kind) -> bool {
    match (from, to) {
        (Kind::String(Some(from)), Kind::String(Some(to))) => from <= to,
        (Kind::String(Some(_)), Kind::String(None)) => true,
        (Kind::Decimal(Some((from, scale))), Kind::Decimal(Some((to, other)))) => {
            from <= to && scale == other
        }
        (Kind::Values(_), Kind::Values(_)) => match (from.labels(), to.labels()) {
            (Some(from), Some(to)) => to.starts_with(from),
            _ => from == to,
        },
        _ => from == to,
    }
}

/// The same on PostgreSQL, which keeps text and `varchar` alike.
pub(super) fn widens_on_postgres(from: &Kind, to: &Kind) -> bool {
    widens(from, to) || matches!((from, to), (Kind::String(_), Kind::Text) | (Kind::Text, Kind::String(None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_widens_narrows_or_is_another() {
        let other = |kind: &str| Kind::Other(kind.to_owned());
        let values = |values: &[&str]| Kind::Values(values.iter().map(|&value| value.to_owned()).collect());
        let cases = [
            (Kind::String(Some(10)), Kind::String(Some(20)), true, false),
            (Kind::String(Some(20)), Kind::String(Some(10)), false, true),
            (Kind::Text, Kind::String(Some(10)), false, true),
            (Kind::BigInteger, Kind::Integer, false, true),
            (Kind::Integer, Kind::BigInteger, false, false),
            (Kind::Double, Kind::SmallInteger, false, true),
            (Kind::Decimal(Some((10, 2))), Kind::Decimal(Some((12, 2))), true, false),
            (Kind::Decimal(Some((10, 2))), Kind::Decimal(Some((10, 4))), false, true),
            (Kind::Moment, Kind::Date, false, true),
            (other("datetime(6)"), Kind::Date, false, true),
            (values(&["a", "b"]), values(&["a", "b", "c"]), true, false),
            (values(&["a", "b"]), values(&["a", "c", "b"]), false, false),
            (values(&["a", "b"]), values(&["a"]), false, true),
            (Kind::Uuid, Kind::Text, false, false),
        ];
        for (from, to, wider, narrower) in cases {
            assert_eq!((widens(&from, &to), from.narrows(&to)), (wider, narrower), "{from} to {to}");
        }
    }
}
