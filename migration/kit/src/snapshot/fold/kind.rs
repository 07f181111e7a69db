//! The kind of a column, from its SQL type.

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType, EnumMember, ExactNumberInfo, TimezoneInfo,
};

use crate::snapshot::{Kind, Width};

/// The words of a type that SQLite keeps, where SeaORM spells the kind otherwise.
pub(super) fn spelling(backend: DbBackend, data_type: &DataType) -> Option<String> {
    let text = Some(data_type).filter(|_| backend == DbBackend::Sqlite).map(words)?;
    let (kind, _) = of(backend, data_type);
    (kind.sql(backend) != text).then_some(text)
}

/// The kind of a type, and whether it counts itself up, as `serial` does.
pub(super) fn of(backend: DbBackend, data_type: &DataType) -> (Kind, bool) {
    let (kind, serial) = match backend {
        DbBackend::MySql => (of_mariadb(data_type), false),
        DbBackend::Sqlite => (Some(of_sqlite(data_type)), false),
        _ => of_postgres(data_type),
    };
    (kind.unwrap_or_else(|| Kind::Other(data_type.to_string().to_lowercase())), serial)
}

/// The kinds that are written alike everywhere.
fn shared(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        DataType::Char(length) | DataType::Character(length) => Kind::Char(characters(*length)),
        DataType::Varchar(length) | DataType::CharVarying(length) | DataType::CharacterVarying(length) => {
            Kind::String(characters(*length))
        }
        DataType::Text => Kind::Text,
        DataType::SmallInt(_) | DataType::Int2(_) => Kind::SmallInteger,
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => Kind::Integer,
        DataType::BigInt(_) | DataType::Int8(_) => Kind::BigInteger,
        DataType::Double(ExactNumberInfo::None) | DataType::DoublePrecision => Kind::Double,
        DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => {
            Kind::Decimal(digits(*info))
        }
        DataType::Boolean | DataType::Bool => Kind::Boolean,
        DataType::Date => Kind::Date,
        DataType::Time(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => Kind::Time,
        DataType::JSON => Kind::Json,
        _ => return None,
    })
}

fn of_postgres(data_type: &DataType) -> (Option<Kind>, bool) {
    let kind = match data_type {
        DataType::Real | DataType::Float4 => Kind::Float,
        DataType::Float(ExactNumberInfo::None) | DataType::Float8 => Kind::Double,
        DataType::Timestamp(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => Kind::DateTime,
        DataType::Timestamp(None, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => Kind::Moment,
        DataType::Bytea | DataType::Blob(_) => Kind::Blob,
        DataType::JSONB => Kind::JsonBinary,
        DataType::Uuid => Kind::Uuid,
        DataType::Array(ArrayElemTypeDef::SquareBracket(of, None)) => {
            Kind::Other(format!("{}[]", self::of(DbBackend::Postgres, of).0))
        }
        DataType::Custom(name, modifiers) => {
            let name = name.to_string().replace('"', "");
            let serial = match name.to_lowercase().as_str() {
                "smallserial" | "serial2" => Some(Kind::SmallInteger),
                "serial" | "serial4" => Some(Kind::Integer),
                "bigserial" | "serial8" => Some(Kind::BigInteger),
                _ => None,
            };
            let counts = serial.is_some();
            return (serial.or(Some(Kind::Other(with(&name, modifiers)))), counts);
        }
        other => return (shared(other), false),
    };
    (Some(kind), false)
}

fn of_mariadb(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        DataType::TinyInt(Some(1)) => Kind::Boolean,
        DataType::TinyInt(_) => Kind::TinyInteger,
        DataType::TinyIntUnsigned(_) => Kind::Unsigned(Width::Tiny),
        DataType::SmallIntUnsigned(_) | DataType::Int2Unsigned(_) => Kind::Unsigned(Width::Small),
        DataType::IntUnsigned(_) | DataType::IntegerUnsigned(_) | DataType::Int4Unsigned(_) => {
            Kind::Unsigned(Width::Normal)
        }
        DataType::BigIntUnsigned(_) | DataType::Int8Unsigned(_) => Kind::Unsigned(Width::Big),
        DataType::Decimal(ExactNumberInfo::None)
        | DataType::Numeric(ExactNumberInfo::None)
        | DataType::Dec(ExactNumberInfo::None) => Kind::Decimal(Some((10, 0))),
        DataType::Float(ExactNumberInfo::None) => Kind::Float,
        DataType::Real => Kind::Double,
        DataType::Datetime(None) => Kind::DateTime,
        DataType::Timestamp(None, _) => Kind::Moment,
        DataType::Blob(None) => Kind::Blob,
        DataType::Uuid => Kind::Uuid,
        DataType::Enum(members, _) => Kind::Values(
            members
                .iter()
                .map(|member| match member {
                    EnumMember::Name(name) | EnumMember::NamedValue(name, _) => name.clone(),
                })
                .collect(),
        ),
        DataType::Custom(name, modifiers) => Kind::Other(with(&name.to_string(), modifiers).to_lowercase()),
        other => return shared(other),
    })
}

fn words(data_type: &DataType) -> String {
    match data_type {
        DataType::Custom(name, modifiers) => {
            with(&name.to_string().replace('"', ""), modifiers).to_lowercase()
        }
        DataType::Unspecified => String::new(),
        other => other.to_string().to_lowercase().replace(',', ", "),
    }
}

fn of_sqlite(data_type: &DataType) -> Kind {
    let text = words(data_type);
    match text.as_str() {
        "tinyint" => Kind::TinyInteger,
        "float" | "real" => Kind::Float,
        "blob" => Kind::Blob,
        "real_decimal" => Kind::Decimal(None),
        "date_text" => Kind::Date,
        "time_text" => Kind::Time,
        "datetime_text" => Kind::DateTime,
        "timestamp_with_timezone_text" => Kind::Moment,
        "json_text" => Kind::Json,
        "jsonb_text" => Kind::JsonBinary,
        "uuid_text" => Kind::Uuid,
        words => match decimal(words) {
            Some(digits) => Kind::Decimal(Some(digits)),
            None => shared(data_type).unwrap_or(Kind::Other(text)),
        },
    }
}

/// The digits of `real(10, 4)`.
fn decimal(text: &str) -> Option<(u64, u64)> {
    let (precision, scale) = text.strip_prefix("real(")?.strip_suffix(')')?.split_once(',')?;
    Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?))
}

fn with(name: &str, modifiers: &[String]) -> String {
    if modifiers.is_empty() { name.to_owned() } else { format!("{name}({})", modifiers.join(", ")) }
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
