//! Text of a file for its parsers: in UTF-8, with LF line ends, and with limited row length.

use std::{
    collections::VecDeque,
    io::{BufReader, Chain, Cursor, Error, Read, Result},
};

use encoding_rs::Encoding;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// Bytes from which the format is detected.
const HEAD: u64 = 64 * 1024;

/// Maximum length of a row, in bytes of UTF-8.
pub(super) const LONGEST_ROW: usize = 1024 * 1024;

/// Error text of a longer row.
pub(super) fn too_long() -> String {
    format!("a row has more than {LONGEST_ROW} bytes")
}

/// Text of a file, with its head buffered.
pub(super) type Text<R> = BufReader<LineEnds<Chain<Cursor<Vec<u8>>, DecodeReaderBytes<R, Vec<u8>>>>>;

/// Decodes a file; returns the beginning of its text, too.
pub(super) fn decode<R: Read>(file: R, charset: &'static Encoding) -> Result<(String, Text<R>)> {
    let mut decoded = DecodeReaderBytesBuilder::new().encoding(Some(charset)).bom_override(true).build(file);
    let mut start = Vec::new();
    (&mut decoded).take(HEAD).read_to_end(&mut start)?;
    let only_returns = start.contains(&b'\r') && !start.contains(&b'\n');
    let head =
        String::from_utf8_lossy(&start).trim_start_matches('\u{feff}').trim_start().replace('\r', "\n");
    let text = LineEnds { text: Cursor::new(start).chain(decoded), only_returns };
    Ok((head, BufReader::with_capacity(CHUNK, text)))
}

/// Reader that converts line ends of a lone CR to LF.
pub(super) struct LineEnds<R> {
    text: R,
    only_returns: bool,
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let length = self.text.read(buffer)?;
        if self.only_returns {
            buffer[..length].iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        Ok(length)
    }
}

/// Reader with a byte limit per row, which also counts lines.
pub(super) struct Rationed<R> {
    text: R,
    left: usize,
    /// Bytes that were read.
    read: u64,
    /// Lines that ended before the runs of line ends below.
    lines: u64,
    /// Runs of consecutive line ends: first byte, byte after the last, and number of lines that they end.
    ends: VecDeque<(u64, u64, u64)>,
}

impl<R> Rationed<R> {
    /// Reader of a text, of which some lines were read before.
    pub(super) fn new(text: R, lines: u64) -> Self {
        Self { text, left: LONGEST_ROW, read: 0, lines, ends: VecDeque::new() }
    }

    /// Resets the limit for the next row.
    pub(super) fn refill(&mut self) {
        self.left = LONGEST_ROW;
    }

    /// Line of the row that starts at this byte, from 1. Empty lines before it are skipped.
    pub(super) fn line(&mut self, byte: u64) -> u64 {
        while let Some((_, _, lines)) = self.ends.pop_front_if(|(begin, _, _)| *begin <= byte) {
            self.lines += lines;
        }
        self.lines + 1
    }

    fn note(&mut self, bytes: &[u8]) {
        for (offset, byte) in (self.read..).zip(bytes) {
            if !matches!(byte, b'\r' | b'\n') {
                continue;
            }
            let ended = u64::from(*byte == b'\n');
            match self.ends.back_mut() {
                Some((_, end, lines)) if *end == offset => {
                    *end += 1;
                    *lines += ended;
                }
                _ => self.ends.push_back((offset, offset + 1, ended)),
            }
        }
        self.read += bytes.len() as u64;
    }
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.left == 0 {
            return Err(Error::other(too_long()));
        }
        let most = buffer.len().min(self.left);
        let length = self.text.read(&mut buffer[..most])?;
        self.left -= length;
        self.note(&buffer[..length]);
        Ok(length)
    }
}
