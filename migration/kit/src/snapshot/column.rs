//! Columns and their kinds.

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// The type as SQLite keeps it, where SeaORM spells the kind otherwise.
    pub spelling: Option<String>,
    /// Whether it may be null.
    pub nullable: bool,
    /// The SQL of its default, if it has one.
    pub default: Option<String>,
    /// Whether the database counts it up.
    pub auto_increment: bool,
    /// How it is counted, where that is not the usual way: `serial`, or the options of an identity.
    pub counter: Option<String>,
    /// How it is computed, if it is.
    pub generated: Option<Generated>,
    /// The name of its character set, if it has one of its own.
    pub character_set: Option<String>,
    /// The SQL name of its collation, if it has one of its own.
    pub collation: Option<String>,
    /// The SQL that MariaDB sets it to when the row is changed.
    pub on_update: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// Other clauses, in the words of the database.
    pub clauses: Vec<String>,
}

/// The expression of a generated column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Its SQL, with every name in double quotes.
    pub expression: String,
    /// Whether it is computed at the write instead of the read.
    pub stored: bool,
}

/// Kind of a column. Of the kinds that databases name differently, each has one name here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text padded to a length.
    Char(Option<u64>),
    /// Text up to a length in characters.
    String(Option<u64>),
    /// Text of any length.
    Text,
    /// 8 bits; PostgreSQL has none.
    TinyInteger,
    /// 16 bits.
    SmallInteger,
    /// 32 bits.
    Integer,
    /// 64 bits.
    BigInteger,
    /// An integer without negative values, which MariaDB has.
    Unsigned(Width),
    /// Binary floating point of 32 bits.
    Float,
    /// Binary floating point of 64 bits.
    Double,
    /// An exact number: how many digits, and how many of them behind the point.
    Decimal(Option<(u64, u64)>),
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A date and time of no zone.
    DateTime,
    /// A moment in time.
    Moment,
    /// Bytes.
    Blob,
    /// JSON as text.
    Json,
    /// JSON in binary form.
    JsonBinary,
    /// A UUID.
    Uuid,
    /// One of an enum's values, by the enum's name.
    Enum(String),
    /// One of the values that the column lists, as MariaDB's enums do.
    Values(Vec<String>),
    /// A kind that only one database has, in its own words.
    Other(String),
}

/// Width of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 8 bits.
    Tiny,
    /// 16 bits.
    Small,
    /// 32 bits.
    Normal,
    /// 64 bits.
    Big,
}

impl Column {
    /// A column that may be null, without anything else.
    #[must_use]
    pub fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            spelling: None,
            nullable: true,
            default: None,
            auto_increment: false,
            counter: None,
            generated: None,
            character_set: None,
            collation: None,
            on_update: None,
            comment: None,
            clauses: Vec::new(),
        }
    }

    /// Whether the columns mean the same, though a default may be spelled otherwise.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let spelled = Self { default: self.default.clone(), ..other.clone() };
        *self == spelled && self.same_default(other)
    }

    /// Puts another value into a default that is a literal.
    pub(crate) fn rename_default(&mut self, from: &str, to: &str) {
        let literal = |value: &str| format!("'{}'", value.replace('\'', "''"));
        if let Some(default) = &mut self.default
            && default.split("::").next() == Some(&literal(from))
        {
            *default = literal(to);
        }
    }

    /// Whether the defaults mean the same in a column of this kind.
    #[must_use]
    pub fn same_default(&self, other: &Self) -> bool {
        let meaning = |column: &Self| column.default.as_deref().map(|sql| meaning(&self.kind, sql));
        meaning(self) == meaning(other)
    }
}

impl Kind {
    /// Whether values of one may be values of the other.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let text = |kind: &Self| matches!(kind, Self::Char(_) | Self::String(_) | Self::Text);
        self == other || (text(self) && text(other))
    }

    /// Whether it is an integer of any width.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(
            self,
            Self::TinyInteger | Self::SmallInteger | Self::Integer | Self::BigInteger | Self::Unsigned(_)
        )
    }

    fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Self::Float | Self::Double | Self::Decimal(_))
    }
}

/// A default reduced to its meaning: `'f'` is false in a boolean, 0.00 is 0, and a cast of a literal is left out.
fn meaning(kind: &Kind, sql: &str) -> String {
    let bare = bare(sql);
    let text = bare.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let word = text.unwrap_or(bare).to_lowercase();
    match kind {
        Kind::Boolean => match word.as_str() {
            "f" | "false" | "n" | "no" | "off" | "0" | "b'0'" => "false".to_owned(),
            "t" | "true" | "y" | "yes" | "on" | "1" | "b'1'" => "true".to_owned(),
            _ => bare.to_owned(),
        },
        kind if kind.is_number() => number(&word).unwrap_or_else(|| bare.to_owned()),
        _ => match bare.to_lowercase().as_str() {
            clock @ ("null" | "true" | "false" | "current_timestamp" | "current_date") => clock.to_owned(),
            "now()" | "current_timestamp()" | "transaction_timestamp()" => "current_timestamp".to_owned(),
            _ => bare.to_owned(),
        },
    }
}

/// A literal without its casts, or any other SQL as it is.
fn bare(sql: &str) -> &str {
    let Some((literal, cast)) = sql.rsplit_once("::") else { return sql };
    let is_type = cast.chars().all(|c| c.is_ascii_alphanumeric() || " _\"()[],.".contains(c));
    let is_literal = (literal.starts_with('\'') && literal.matches('\'').count() % 2 == 0)
        || number(literal).is_some()
        || literal.eq_ignore_ascii_case("null");
    let closed = literal.ends_with('\'') || !literal.starts_with('\'');
    if is_type && is_literal && closed { bare(literal) } else { sql }
}

/// A plain number without zeros that change nothing.
fn number(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if digits.is_empty() || digits == "." || !plain(whole) || !plain(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(match (whole, fraction) {
        ("0", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_the_same_however_it_is_spelled() {
        let decimal = Kind::Decimal(Some((10, 2)));
        for (kind, one, other, same) in [
            (&Kind::Boolean, "'f'", "false", true),
            (&Kind::Boolean, "'t'::boolean", "true", true),
            (&Kind::Boolean, "1", "false", false),
            (&decimal, "0.00", "0", true),
            (&decimal, "'1.50'", "1.5", true),
            (&decimal, "-0.0", "0", true),
            (&decimal, "'-2'::numeric(10,2)", "-2.00", true),
            (&decimal, "0.01", "0.1", false),
            (&Kind::Text, "'x'::character varying", "'x'", true),
            (&Kind::Text, "'0.00'", "'0'", false),
            (&Kind::Text, "'a::b'", "'a'", false),
            (&Kind::Text, "'it''s'::text", "'it''s'", true),
            (&Kind::Text, "NULL::character varying", "null", true),
            (&Kind::Moment, "now()", "CURRENT_TIMESTAMP", true),
            (&Kind::JsonBinary, "'{}'::jsonb", "'{}'", true),
            (&Kind::Other("text[]".to_owned()), "'{}'::text[]", "'{}'", true),
            (&Kind::Uuid, "gen_random_uuid()", "uuid_nil()", false),
        ] {
            assert_eq!(meaning(kind, one) == meaning(kind, other), same, "{one} and {other}");
        }
    }
}
