//! Codes of field errors: the one list, which the OpenAPI document shows.

use std::{fmt, str::FromStr};

use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal;)+) => {
        /// Code of a field error, stable for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
        pub enum FieldCode {
            $($(#[$doc])* #[serde(rename = $name)] $code,)+
        }

        impl FieldCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The code as it is sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }
        }
    };
}

codes! {
    /// Text without a visible character.
    Blank = "blank";
    /// Not an encoding of the WHATWG Encoding Standard.
    Charset = "charset";
    /// A row with missing or surplus columns.
    Columns = "columns";
    /// Two fields or parameters that exclude each other.
    Conflict = "conflict";
    /// Text with a control character.
    ControlCharacter = "control_character";
    /// Not a currency code of ISO 4217.
    Currency = "currency";
    /// Not a date: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    Date = "date";
    /// A field, or a value that must be unique, that occurs twice.
    Duplicate = "duplicate";
    /// Not an e-mail address.
    Email = "email";
    /// Text that is not UTF-8.
    Encoding = "encoding";
    /// A book that the account may not change.
    Forbidden = "forbidden";
    /// Text with an invisible character that changes how other characters are shown.
    FormatCharacter = "format_character";
    /// Not a password hash of a supported scheme and cost.
    Hash = "hash";
    /// A value that is not accepted for another reason.
    Invalid = "invalid";
    /// Not an ISBN-10 or ISBN-13 with a correct check digit.
    Isbn = "isbn";
    /// Several ISBNs that belong to different books.
    IsbnMismatch = "isbn_mismatch";
    /// A line that is not a JSON object.
    Json = "json";
    /// A record of a kind that is not imported.
    Kind = "kind";
    /// Not a BCP 47 language tag.
    Language = "language";
    /// Several languages, of which the first was used.
    Languages = "languages";
    /// Text that is too short or too long.
    Length = "length";
    /// A required field that is missing.
    Missing = "missing";
    /// Not a price.
    Price = "price";
    /// A row with more or fewer cells than the header.
    Ragged = "ragged";
    /// A number outside its range.
    Range = "range";
    /// A row that describes the same book as an earlier row.
    Repeated = "repeated";
    /// A unique value that belongs to another resource.
    Taken = "taken";
    /// A book beyond the maximum number of books of the account.
    TooManyBooks = "too_many_books";
    /// A value of the wrong type.
    Type = "type";
    /// A value that the file does not contain.
    Unknown = "unknown";
    /// A field that does not exist.
    UnknownField = "unknown_field";
    /// A file that cannot be read beyond this row.
    Unreadable = "unreadable";
    /// Not an acceptable URL.
    Url = "url";
    /// A username with characters that are not allowed.
    Username = "username";
    /// A value outside a fixed set.
    Value = "value";
    /// A password that is too easy to guess.
    WeakPassword = "weak_password";
    /// Not the password of the account.
    WrongPassword = "wrong_password";
}

impl fmt::Display for FieldCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FieldCode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let code = Self::ALL.iter().copied().find(|code| code.as_str() == name);
        code.ok_or_else(|| format!("unknown field code {name:?}"))
    }
}
