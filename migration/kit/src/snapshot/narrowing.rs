//! Whether the values of one type fit another.

use super::{Kind, Width};

impl Kind {
    /// Whether a value of this type may not fit `to`, or may change on the way. A pair of types that is not known here
    /// counts as one that loses values.
    #[must_use]
    pub fn narrows(&self, to: &Self) -> bool {
        if let (Some(from), Some(to)) = (self.labels(), to.labels()) {
            return from.iter().any(|label| !to.contains(label));
        }
        if let (Some(from), Some(to)) = (self.range(), to.range()) {
            return from.0 < to.0 || from.1 > to.1;
        }
        match (self, to) {
            (from, to) if from == to => false,
            (_, Self::Text | Self::String(None)) => false,
            (Self::String(from) | Self::Char(from), Self::String(to) | Self::Char(to)) => shrinks(*from, *to),
            (Self::Decimal(from), Self::Decimal(to)) => loses_digits(*from, *to),
            // A double holds integers of 53 bits, a float those of 24.
            (
                Self::TinyInteger | Self::SmallInteger | Self::Unsigned(Width::Tiny | Width::Small),
                Self::Float | Self::Double,
            )
            | (Self::Integer | Self::Float | Self::Unsigned(Width::Normal), Self::Double)
            | (Self::Boolean, Self::TinyInteger | Self::SmallInteger | Self::Integer | Self::BigInteger)
            | (Self::Date, Self::DateTime | Self::Moment)
            | (Self::Json, Self::JsonBinary) => false,
            (from, Self::Decimal(_)) => !from.is_integer(),
            _ => true,
        }
    }

    /// The powers of two between which an integer is: below, and above zero.
    fn range(&self) -> Option<(i8, i8)> {
        let signed = |bits: i8| Some((1 - bits, bits - 1));
        match self {
            Self::TinyInteger => signed(8),
            Self::SmallInteger => signed(16),
            Self::Integer => signed(32),
            Self::BigInteger => signed(64),
            Self::Unsigned(width) => Some((0, width.bits())),
            Self::Other(kind) if kind == "int" => signed(32),
            _ => None,
        }
    }

    /// The values of an enum of MariaDB.
    pub(crate) fn labels(&self) -> Option<&[String]> {
        match self {
            Self::Values(values) => Some(values),
            _ => None,
        }
    }
}

impl Width {
    fn bits(self) -> i8 {
        match self {
            Self::Tiny => 8,
            Self::Small => 16,
            Self::Normal => 32,
            Self::Big => 64,
        }
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
