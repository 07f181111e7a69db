//! CSV file of accounts: its columns, and its rows as new accounts.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};
use validator::Validate;

use crate::{Error, FieldCode, FieldError, Result, passwords::Passwords, report::RowProblem, users::NewUser};
use entity::users::ActiveModel;

/// Columns of the file. The first [`REQUIRED`] are required.
const COLUMNS: [&str; 7] = ["username", "email", "hash", "first_name", "last_name", "role", "is_verified"];

/// Number of required columns.
const REQUIRED: usize = 3;

/// Row of the file with its errors. It contains a hash, so it has no `Debug`.
pub(super) struct AccountRow {
    /// From 1, without the header.
    pub(super) number: u64,
    line: u64,
    /// The account, if the row has all its cells.
    pub(super) new: Option<NewUser>,
    hash: String,
    pub(super) errors: Vec<FieldError>,
}

/// Reads a file. `is_verified` applies to rows without a value of their own.
pub(super) fn read(file: impl Read, is_verified: bool) -> Result<Vec<AccountRow>> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
    let columns = columns(reader.byte_headers().map_err(unreadable)?)?;
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(AccountRow::read(rows.len() as u64 + 1, line, &columns, &record, is_verified));
    }
    Ok(rows)
}

/// Names of the columns, in the order of the header.
fn columns(header: &ByteRecord) -> Result<Vec<&'static str>> {
    let list = || COLUMNS.join(", ");
    let mut columns: Vec<&'static str> = Vec::new();
    for (index, name) in header.iter().enumerate() {
        let name = if index == 0 { name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name) } else { name };
        // Without a header, the first line has a password hash: do not repeat names.
        let Some(column) = COLUMNS.into_iter().find(|column| column.as_bytes() == name) else {
            let reason = format!("column {} has none of the names {}", index + 1, list());
            return Err(Error::UnreadableFile(reason));
        };
        if columns.contains(&column) {
            return Err(Error::UnreadableFile(format!("column {column} occurs twice")));
        }
        columns.push(column);
    }
    match COLUMNS[..REQUIRED].iter().find(|required| !columns.contains(*required)) {
        Some(missing) => Err(Error::UnreadableFile(format!("column {missing} is missing"))),
        None => Ok(columns),
    }
}

impl AccountRow {
    fn read(number: u64, line: u64, columns: &[&str], record: &ByteRecord, is_verified: bool) -> Self {
        let mut row = Self { number, line, new: None, hash: String::new(), errors: Vec::new() };
        if record.len() != columns.len() {
            let detail = format!("has {} cells instead of {}", record.len(), columns.len());
            row.errors.push(FieldError::new("", FieldCode::Columns, detail));
            return row;
        }
        let mut text = |name: &str| {
            let index = columns.iter().position(|column| *column == name)?;
            match std::str::from_utf8(&record[index]) {
                Ok("") => None,
                Ok(text) => Some(text.to_owned()),
                Err(_) => {
                    row.errors.push(FieldError::new(
                        format!("/{name}"),
                        FieldCode::Encoding,
                        "must be UTF-8",
                    ));
                    None
                }
            }
        };
        let (username, email) = (text("username"), text("email"));
        let (first_name, last_name) = (text("first_name"), text("last_name"));
        let (role, verified, hash) = (text("role"), text("is_verified"), text("hash"));
        row.hash = hash.unwrap_or_default();
        let (username, email) = (username.unwrap_or_default(), email.unwrap_or_default());
        let role = row.parsed("/role", role, "must be user, cashier or admin");
        let verified = row.parsed("/is_verified", verified, "must be true or false");
        let is_verified = verified.unwrap_or(is_verified);
        row.new = Some(NewUser { username, email, first_name, last_name, role, is_verified });
        row
    }

    /// Parsed value of a cell; `None` if it is empty or invalid.
    fn parsed<T: std::str::FromStr>(&mut self, pointer: &str, text: Option<String>, rule: &str) -> Option<T> {
        let parsed = text?.parse().ok();
        if parsed.is_none() {
            self.errors.push(FieldError::new(pointer, FieldCode::Value, rule));
        }
        parsed
    }

    /// Validates the row on its own, without the database.
    pub(super) fn check(&mut self, passwords: &Passwords) {
        let Some(new) = &self.new else { return };
        if let Err(errors) = new.validate()
            && let Error::Invalid(errors) = errors.into()
        {
            for error in errors {
                self.add(error);
            }
        }
        if let Err(why) = passwords.check_foreign(&self.hash) {
            self.add(FieldError::new("/hash", FieldCode::Hash, why));
        }
    }

    /// Adds an error, unless the cell already has one.
    pub(super) fn add(&mut self, error: FieldError) {
        if self.errors.iter().all(|listed| listed.pointer != error.pointer) {
            self.errors.push(error);
        }
    }

    /// Problems of the row, in the order of the columns.
    pub(super) fn into_problems(mut self) -> impl Iterator<Item = RowProblem> {
        let column = |error: &FieldError| COLUMNS.iter().position(|name| error.pointer.ends_with(name));
        self.errors.sort_by_key(column);
        let (row, line) = (self.number, self.line);
        self.errors.into_iter().map(move |error| RowProblem { row, line, error })
    }

    /// The account as a database row.
    pub(super) fn into_account(self) -> Option<ActiveModel> {
        self.new.map(|new| new.into_row(self.hash))
    }
}

/// Error of an unreadable file, without any of its content.
fn unreadable(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Error::UnreadableFile(error.to_string()),
        _ => Error::UnreadableFile("the file is not CSV".to_owned()),
    }
}
