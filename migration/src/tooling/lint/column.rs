//! What becomes of values when a column gets another type.

use crate::tooling::snapshot::Kind;

/// Whether the database need not touch a row: the new type takes in the old one as it is stored.
pub(super) fn widens(from: &Kind, to: &Kind) -> bool {
    match (from, to) {
        (Kind::String(Some(from)), Kind::String(Some(to))) => from <= to,
        (Kind::String(Some(_)), Kind::String(None)) => true,
        (Kind::Decimal(Some((from, scale))), Kind::Decimal(Some((to, other)))) => {
            from <= to && scale == other
        }
        (Kind::Other(from), Kind::Other(to)) => match (labels(from), labels(to)) {
            (Some(from), Some(to)) => to.starts_with(&from),
            _ => from == to,
        },
        _ => from == to,
    }
}

/// The same on PostgreSQL, which keeps text and `varchar` alike.
pub(super) fn widens_on_postgres(from: &Kind, to: &Kind) -> bool {
    widens(from, to) || matches!((from, to), (Kind::String(_), Kind::Text) | (Kind::Text, Kind::String(None)))
}

/// Whether a value may not fit any more.
pub(super) fn narrows(from: &Kind, to: &Kind) -> bool {
    if let (Some(from), Some(to)) = (labels_of(from), labels_of(to)) {
        return from.iter().any(|label| !to.contains(label));
    }
    if let (Some(from), Some(to)) = (whole(from), whole(to)) {
        return to < from;
    }
    match (from, to) {
        (Kind::Char(from) | Kind::String(from), Kind::Char(to) | Kind::String(to)) => match (from, to) {
            (Some(from), Some(to)) => to < from,
            (None, Some(_)) => true,
            (_, None) => false,
        },
        (Kind::Text, Kind::Char(Some(_)) | Kind::String(Some(_))) => true,
        (Kind::Double, Kind::Float) => true,
        (Kind::Float | Kind::Double | Kind::Decimal(_), to) if whole(to).is_some() => true,
        (Kind::Decimal(from), Kind::Decimal(to)) => match (from, to) {
            (Some((from, from_scale)), Some((to, to_scale))) => {
                to_scale < from_scale || to - to_scale.min(to) < from - from_scale.min(from)
            }
            (None, Some(_)) => true,
            (_, None) => false,
        },
        (Kind::Moment | Kind::DateTime, Kind::Date | Kind::Time) => true,
        (Kind::Other(from), Kind::Date | Kind::Time) => from.starts_with("datetime"),
        _ => false,
    }
}

/// The bits of a whole number.
fn whole(kind: &Kind) -> Option<u8> {
    match kind {
        Kind::SmallInteger => Some(16),
        Kind::Integer => Some(32),
        Kind::BigInteger => Some(64),
        _ => None,
    }
}

fn labels_of(kind: &Kind) -> Option<Vec<&str>> {
    match kind {
        Kind::Other(kind) => labels(kind),
        _ => None,
    }
}

/// The values of an enum of MariaDB.
fn labels(kind: &str) -> Option<Vec<&str>> {
    let labels = kind.strip_prefix("enum(")?.strip_suffix(')')?;
    Some(labels.split(',').map(str::trim).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_widens_narrows_or_is_another() {
        let other = |kind: &str| Kind::Other(kind.to_owned());
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
            (other("enum('a', 'b')"), other("enum('a', 'b', 'c')"), true, false),
            (other("enum('a', 'b')"), other("enum('a', 'c', 'b')"), false, false),
            (other("enum('a', 'b')"), other("enum('a')"), false, true),
            (Kind::Uuid, Kind::Text, false, false),
        ];
        for (from, to, wider, narrower) in cases {
            assert_eq!((widens(&from, &to), narrows(&from, &to)), (wider, narrower), "{from} to {to}");
        }
    }
}
