//! Rows of a JSON array, or of an object whose values are rows, one after another: a file may be larger than memory
//! should be.

use std::io::{BufRead, Read, Result};

use super::{
    file::{ReadLine, RowRead, Unreadable},
    format::RowPosition,
    text::{self, LONGEST_ROW, Text},
};

/// Rows of the array or object in `text`. `read` reads an element, which has a key in an object.
pub(super) fn rows<R: Read>(text: Text<R>, read: ReadLine) -> impl Iterator<Item = RowRead> {
    let mut array = Array { text, read, line: 1, row: 0, is_open: false, has_ended: false };
    std::iter::from_fn(move || array.next())
}

struct Array<R: Read> {
    text: Text<R>,
    read: ReadLine,
    /// Line of the next byte, from 1.
    line: u64,
    row: u64,
    is_open: bool,
    has_ended: bool,
}

impl<R: Read> Array<R> {
    fn next(&mut self) -> Option<RowRead> {
        if self.has_ended {
            return None;
        }
        let read = self.element();
        let position = |row| RowPosition { row, line: self.line };
        match read {
            Ok(Some((line, element))) => {
                self.row += 1;
                Some(Ok((self.read)(RowPosition { row: self.row, line }, &element)))
            }
            Ok(None) => {
                self.has_ended = true;
                None
            }
            Err(error) => {
                self.has_ended = true;
                Some(Err(Unreadable { position: position(self.row + 1), why: error.to_string() }))
            }
        }
    }

    /// Text of the next element, and its first line; none at the end of the array.
    fn element(&mut self) -> Result<Option<(u64, String)>> {
        if !self.is_open {
            while self.byte()?.is_some_and(|byte| !matches!(byte, b'[' | b'{')) {}
            self.is_open = true;
        }
        let (mut element, mut line) = (Vec::new(), self.line);
        let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
        loop {
            let Some(byte) = self.byte()? else {
                return Err(std::io::Error::other("the array does not end"));
            };
            if element.is_empty() {
                if byte.is_ascii_whitespace() {
                    continue;
                }
                line = self.line;
            }
            match byte {
                _ if in_text => {
                    in_text = escaped || byte != b'"';
                    escaped = byte == b'\\' && !escaped;
                }
                b'"' => in_text = true,
                b'{' | b'[' => depth += 1,
                b',' if depth == 0 => return finished(element, line).map(Some),
                b']' | b'}' if depth == 0 && element.is_empty() && self.row == 0 => {
                    self.has_ended = true;
                    return Ok(None);
                }
                b']' | b'}' if depth == 0 => {
                    self.has_ended = true;
                    return finished(element, line).map(Some);
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            element.push(byte);
            if element.len() > LONGEST_ROW {
                return Err(std::io::Error::other(text::too_long()));
            }
        }
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        let byte = self.text.fill_buf()?.first().copied();
        if let Some(byte) = byte {
            self.text.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }
}

fn finished(element: Vec<u8>, line: u64) -> Result<(u64, String)> {
    let text = String::from_utf8(element).map_err(std::io::Error::other)?;
    Ok((line, text))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use crate::books::import::{file::File, format::RowContent};

    /// Row, line and title of each element; the reason why the rest is unreadable.
    fn read(file: &str) -> Vec<String> {
        let rows = File::open(Cursor::new(file.to_owned()), None, None).unwrap().rows();
        rows.map(|row| match row {
            Ok(row) => match row.content {
                RowContent::Book(book) => {
                    format!("{}:{} {}", row.position.row, row.position.line, book.title)
                }
                RowContent::Invalid(errors) => format!("{}: {}", row.position.row, errors[0].pointer),
                RowContent::Other(error) => error.detail,
            },
            Err(error) => crate::Error::from(error).to_string(),
        })
        .collect()
    }

    #[test]
    fn elements_are_rows() {
        let book = |title: &str| format!("{{\"title\": \"{title}\", \"author\": \"A\"}}");
        let (plain, tricky) = (book("Dune"), book("a ] } , \\\" [ {"));
        assert_eq!(read(&format!("[{plain},\n {tricky}\n]\n")), ["1:1 Dune", "2:2 a ] } , \" [ {"]);
        assert_eq!(read(&format!(" [\n{plain}]")), ["1:2 Dune"]);
        assert!(read("[ ]").is_empty());
        assert_eq!(read("[1, [], {}]").len(), 3);
    }

    #[test]
    fn an_array_without_an_end_is_unreadable_from_there() {
        let rows = read("[{\"title\": \"Dune\", \"author\": \"A\"}, {\"title\": ");
        assert_eq!(rows.len(), 2);
        assert!(rows[1].contains("the array does not end"), "{}", rows[1]);
    }
}
