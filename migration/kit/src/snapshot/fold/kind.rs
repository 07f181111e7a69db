//! The kind of a column, from its SQL type.

use sqlparser::ast::{CharacterLength, DataType, ExactNumberInfo, TimezoneInfo};

use crate::snapshot::Kind;

/// The kind of a type, and whether it counts itself up, as `serial` does.
pub(super) fn of(data_type: &DataType) -> (Kind, bool) {
    let kind = match data_type {
        DataType::Char(length) | DataType::Character(length) => Kind::Char(characters(*length)),
        DataType::Varchar(length) | DataType::CharVarying(length) | DataType::CharacterVarying(length) => {
            Kind::String(characters(*length))
        }
        DataType::Text => Kind::Text,
        DataType::SmallInt(_) | DataType::Int2(_) => Kind::SmallInteger,
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => Kind::Integer,
        DataType::BigInt(_) | DataType::Int8(_) => Kind::BigInteger,
        DataType::Real | DataType::Float4 => Kind::Float,
        DataType::Double(_) | DataType::DoublePrecision | DataType::Float8 => Kind::Double,
        DataType::Decimal(info) | DataType::Numeric(info) => Kind::Decimal(digits(*info)),
        DataType::Boolean | DataType::Bool => Kind::Boolean,
        DataType::Date => Kind::Date,
        DataType::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => Kind::Time,
        DataType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => Kind::DateTime,
        DataType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => Kind::Moment,
        DataType::Bytea | DataType::Blob(_) => Kind::Blob,
        DataType::JSON => Kind::Json,
        DataType::JSONB => Kind::JsonBinary,
        DataType::Uuid => Kind::Uuid,
        DataType::Custom(name, _) => return custom(&name.to_string().replace('"', "")),
        other => Kind::Other(other.to_string().to_lowercase()),
    };
    (kind, false)
}

fn custom(name: &str) -> (Kind, bool) {
    match name.to_lowercase().as_str() {
        "smallserial" => (Kind::SmallInteger, true),
        "serial" => (Kind::Integer, true),
        "bigserial" => (Kind::BigInteger, true),
        _ => (Kind::Other(name.to_owned()), false),
    }
}

fn characters(length: Option<CharacterLength>) -> Option<u64> {
    match length {
        Some(CharacterLength::IntegerLength { length, .. }) => Some(length),
        Some(CharacterLength::Max) | None => None,
    }
}

fn digits(info: ExactNumberInfo) -> Option<(u64, u64)> {
    match info {
        ExactNumberInfo::None => None,
        ExactNumberInfo::Precision(precision) => Some((precision, 0)),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => Some((precision, scale.unsigned_abs())),
    }
}
