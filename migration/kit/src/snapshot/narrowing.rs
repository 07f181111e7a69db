//! Whether the values of one type fit another.

use super::Kind;

impl Kind {
    /// Whether a value of this type may not fit `to`, or may change on the way. A pair of types that is not known here
    /// counts as one that loses values.
    #[must_use]
    pub fn narrows(&self, to: &Self) -> bool {
        if let (Some(from), Some(to)) = (self.labels(), to.labels()) {
            return from.iter().any(|label| !to.contains(label));
        }
        if let (Some(from), Some(to)) = (self.bits(), to.bits()) {
            return to < from;
        }
        match (self, to) {
            (from, to) if from == to => false,
            (_, Self::Text | Self::String(None)) => false,
            (Self::String(from) | Self::Char(from), Self::String(to) | Self::Char(to)) => shrinks(*from, *to),
            (Self::Decimal(from), Self::Decimal(to)) => loses_digits(*from, *to),
            // A double holds integers of 53 bits, a float those of 24.
            (Self::SmallInteger, Self::Float | Self::Double)
            | (Self::Integer | Self::Float, Self::Double)
            | (Self::SmallInteger | Self::Integer | Self::BigInteger, Self::Decimal(_))
            | (Self::Boolean, Self::SmallInteger | Self::Integer | Self::BigInteger)
            | (Self::Date, Self::DateTime | Self::Moment)
            | (Self::Json, Self::JsonBinary) => false,
            _ => true,
        }
    }

    /// The width of an integer.
    fn bits(&self) -> Option<u8> {
        match self {
            Self::SmallInteger => Some(16),
            Self::Integer => Some(32),
            Self::BigInteger => Some(64),
            _ => None,
        }
    }

    /// The values of an enum of MariaDB.
    pub(crate) fn labels(&self) -> Option<Vec<&str>> {
        let Self::Other(kind) = self else { return None };
        let labels = kind.strip_prefix("enum(")?.strip_suffix(')')?;
        Some(labels.split(',').map(str::trim).collect())
    }
}

fn shrinks(from: Option<u64>, to: Option<u64>) -> bool {
    match (from, to) {
        (Some(from), Some(to)) => to < from,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

fn loses_digits(from: Option<(u64, u64)>, to: Option<(u64, u64)>) -> bool {
    match (from, to) {
        (Some((from, from_scale)), Some((to, to_scale))) => {
            to_scale < from_scale || to.saturating_sub(to_scale) < from.saturating_sub(from_scale)
        }
        (None, Some(_)) => true,
        (_, None) => false,
    }
}
