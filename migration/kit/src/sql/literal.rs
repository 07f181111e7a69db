//! Values as SQL, each as the driver would bind it.
//!
//! `sea-query` prints for people: a UUID as text where the drivers bind 16 bytes, a time as no driver writes it.

use sea_orm_migration::{
    prelude::{ArrayType, OptionEnum, Value},
    sea_orm::{DbBackend, entity::prelude::ChronoDateTime, sea_query::prelude::time},
};
use time::{Date, OffsetDateTime, Time, UtcOffset, format_description::well_known::Rfc3339};

/// Why a value cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unprintable {
    /// Text with a NUL, at which scripts end.
    #[error("a script cannot contain text with a NUL")]
    Nul,
    /// The database has no literal for it.
    #[error("{0} has no literal for {1}")]
    Wordless(&'static str, String),
    /// A placeholder without a value.
    #[error("a placeholder has no value")]
    Missing,
}

/// `value` as an expression.
pub(crate) fn literal(backend: DbBackend, value: &Value) -> Result<String, Unprintable> {
    let printed = match value {
        Value::Bool(v) => v.map(|v| Ok(if v { "TRUE" } else { "FALSE" }.to_owned())),
        Value::TinyInt(v) => v.map(|v| Ok(integer(v))),
        Value::SmallInt(v) => v.map(|v| Ok(integer(v))),
        Value::Int(v) => v.map(|v| Ok(integer(v))),
        Value::BigInt(v) => v.map(|v| Ok(integer(v))),
        Value::TinyUnsigned(v) => v.map(|v| Ok(v.to_string())),
        Value::SmallUnsigned(v) => v.map(|v| Ok(v.to_string())),
        Value::Unsigned(v) => v.map(|v| Ok(v.to_string())),
        Value::BigUnsigned(v) => v.map(|v| big(backend, v)),
        Value::Float(v) => v.map(|v| float(backend, v.into(), &format!("'{v}'::float4"))),
        Value::Double(v) => v.map(|v| float(backend, v, &format!("'{v}'::float8"))),
        Value::String(v) => v.as_ref().map(|v| text(backend, v)),
        Value::Enum(OptionEnum::Some(v)) => Some(text(backend, &v.value)),
        Value::Enum(OptionEnum::None(_)) => None,
        Value::Char(v) => v.map(|v| text(backend, &v.to_string())),
        Value::Bytes(v) => v.as_ref().map(|v| Ok(bytes(backend, v))),
        Value::Json(v) => v.as_ref().map(|v| Ok(cast(backend, text(backend, &v.to_string())?, "jsonb"))),
        Value::Uuid(v) => v.map(|v| {
            Ok(match backend {
                DbBackend::Postgres => format!("'{v}'::uuid"),
                _ => bytes(backend, v.as_bytes()),
            })
        }),
        Value::Decimal(v) => v.map(|v| {
            Ok(match backend {
                DbBackend::Sqlite => format!("'{v}'"),
                _ => format!("({v})"),
            })
        }),
        Value::Array(kind, items) if backend == DbBackend::Postgres => {
            items.as_ref().map(|items| array(kind, items))
        }
        other => return moment(backend, other),
    };
    printed.unwrap_or_else(|| Ok("NULL".to_owned()))
}

/// A date or a time.
fn moment(backend: DbBackend, value: &Value) -> Result<String, Unprintable> {
    let sqlite = backend == DbBackend::Sqlite;
    let (printed, kind) = match value {
        Value::ChronoDate(v) => (v.map(|v| v.format("%F").to_string()), "date"),
        Value::ChronoTime(v) => {
            (v.map(|v| v.format(if sqlite { "%T%.f" } else { "%T%.6f" }).to_string()), "time")
        }
        Value::ChronoDateTime(v) => (v.map(|v| plain(backend, v)), "timestamp"),
        Value::ChronoDateTimeUtc(v) => {
            (v.map(|v| if sqlite { v.to_rfc3339() } else { utc(backend, v.naive_utc()) }), "timestamptz")
        }
        Value::ChronoDateTimeLocal(v) => {
            (v.map(|v| if sqlite { v.to_rfc3339() } else { utc(backend, v.naive_utc()) }), "timestamptz")
        }
        Value::ChronoDateTimeWithTimeZone(v) => (
            v.map(|v| match backend {
                DbBackend::Sqlite => v.to_rfc3339(),
                // Bound as text, with all the digits that it has.
                DbBackend::MySql => v.naive_utc().to_string(),
                _ => utc(backend, v.naive_utc()),
            }),
            "timestamptz",
        ),
        Value::TimeDate(v) => (v.map(day), "date"),
        Value::TimeTime(v) => (v.map(|v| clock(backend, v)), "time"),
        Value::TimeDateTime(v) => {
            (v.map(|v| format!("{} {}", day(v.date()), clock(backend, v.time()))), "timestamp")
        }
        Value::TimeDateTimeWithTimeZone(v) => (v.map(|v| offset(backend, v)).transpose()?, "timestamptz"),
        other => return Err(Unprintable::Wordless(backend.as_str(), format!("{other:?}"))),
    };
    Ok(printed.map_or_else(|| "NULL".to_owned(), |text| cast(backend, format!("'{text}'"), kind)))
}

fn plain(backend: DbBackend, moment: ChronoDateTime) -> String {
    moment.format(if backend == DbBackend::Sqlite { "%F %T%.f" } else { "%F %T%.6f" }).to_string()
}

fn utc(backend: DbBackend, moment: ChronoDateTime) -> String {
    let zone = if backend == DbBackend::Postgres { "+00" } else { "" };
    format!("{}{zone}", plain(backend, moment))
}

fn offset(backend: DbBackend, moment: OffsetDateTime) -> Result<String, Unprintable> {
    if backend == DbBackend::Sqlite {
        let wordless = |_| Unprintable::Wordless(backend.as_str(), moment.to_string());
        return moment.format(&Rfc3339).map_err(wordless);
    }
    let moment = moment.to_offset(UtcOffset::UTC);
    let zone = if backend == DbBackend::Postgres { "+00" } else { "" };
    Ok(format!("{} {}{zone}", day(moment.date()), clock(backend, moment.time())))
}

fn day(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

fn clock(backend: DbBackend, time: Time) -> String {
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let fraction = format!("{:09}", time.nanosecond());
    let fraction = match backend {
        DbBackend::Sqlite if time.nanosecond() == 0 => "0",
        DbBackend::Sqlite => fraction.trim_end_matches('0'),
        _ => &fraction[..6],
    };
    format!("{hour:02}:{minute:02}:{second:02}.{fraction}")
}

/// Only PostgreSQL's drivers say which type a value has.
fn cast(backend: DbBackend, literal: String, kind: &str) -> String {
    if backend == DbBackend::Postgres { format!("{literal}::{kind}") } else { literal }
}

/// In parentheses if negative: `a-$1` must not become a comment, nor `$1::text` the negative of a text.
fn integer(number: impl Into<i64>) -> String {
    let number = number.into();
    if number < 0 { format!("({number})") } else { number.to_string() }
}

fn big(backend: DbBackend, number: u64) -> Result<String, Unprintable> {
    if backend != DbBackend::MySql && i64::try_from(number).is_err() {
        return Err(Unprintable::Wordless(backend.as_str(), number.to_string()));
    }
    Ok(number.to_string())
}

fn float(backend: DbBackend, number: f64, postgres: &str) -> Result<String, Unprintable> {
    match backend {
        DbBackend::Postgres => Ok(postgres.to_owned()),
        // An exponent makes it a double; without one MariaDB reads a decimal.
        _ if number.is_finite() => Ok(format!("({number:e})")),
        DbBackend::Sqlite if number.is_nan() => Ok("NULL".to_owned()),
        DbBackend::Sqlite => Ok(if number > 0.0 { "9e999" } else { "(-9e999)" }.to_owned()),
        _ => Err(Unprintable::Wordless(backend.as_str(), number.to_string())),
    }
}

fn bytes(backend: DbBackend, bytes: &[u8]) -> String {
    let hex = hex(bytes);
    match backend {
        DbBackend::Postgres => format!("'\\x{hex}'::bytea"),
        _ => format!("X'{hex}'"),
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// Text that survives its client: `sqlite3` and `mariadb` read CR LF as LF, MariaDB reads a backslash as an escape unless
/// its mode forbids it, and so does PostgreSQL with an old setting.
fn text(backend: DbBackend, text: &str) -> Result<String, Unprintable> {
    if text.contains('\0') {
        return Err(Unprintable::Nul);
    }
    let plain = |text: &str| text.replace('\'', "''");
    let odd = |c: char| c == '\\' || c.is_control() && c != '\n' && c != '\t';
    Ok(match backend {
        DbBackend::Sqlite if text.contains('\r') => {
            format!("('{}')", plain(text).replace('\r', "' || char(13) || '"))
        }
        DbBackend::MySql if text.contains(odd) => {
            format!("_utf8mb4 X'{}'", hex(text.as_bytes()))
        }
        DbBackend::Postgres if text.contains(odd) => {
            let escaped = plain(text).replace('\\', "\\\\").replace('\r', "\\r");
            format!("E'{escaped}'")
        }
        _ => format!("'{}'", plain(text)),
    })
}

fn array(kind: &ArrayType, items: &[Value]) -> Result<String, Unprintable> {
    let of = match kind {
        ArrayType::Bool => "bool",
        ArrayType::TinyInt | ArrayType::SmallInt | ArrayType::TinyUnsigned => "int2",
        ArrayType::Int | ArrayType::SmallUnsigned => "int4",
        ArrayType::BigInt | ArrayType::Unsigned | ArrayType::BigUnsigned => "int8",
        ArrayType::Float => "float4",
        ArrayType::Double => "float8",
        ArrayType::String | ArrayType::Enum(_) | ArrayType::Char => "text",
        ArrayType::Bytes => "bytea",
        ArrayType::Json => "jsonb",
        ArrayType::ChronoDate | ArrayType::TimeDate => "date",
        ArrayType::ChronoTime | ArrayType::TimeTime => "time",
        ArrayType::ChronoDateTime | ArrayType::TimeDateTime => "timestamp",
        ArrayType::ChronoDateTimeUtc
        | ArrayType::ChronoDateTimeLocal
        | ArrayType::ChronoDateTimeWithTimeZone
        | ArrayType::TimeDateTimeWithTimeZone => "timestamptz",
        ArrayType::Uuid => "uuid",
        ArrayType::Decimal => "numeric",
    };
    let items: Vec<String> =
        items.iter().map(|item| literal(DbBackend::Postgres, item)).collect::<Result<_, _>>()?;
    Ok(format!("ARRAY[{}]::{of}[]", items.join(", ")))
}
