//! Work key: a hash of title and author that ignores letter case and spacing. Editions of one work share it. It is
//! stored with the book as an indexed column.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// Work key: the first eight bytes of the SHA-256 of title and author, both in NFKC, lower case and single spaces.
/// Rows store it, so the algorithm must never change.
pub(crate) fn of(title: &str, author: &str) -> i64 {
    let mut hash = Sha256::new();
    for text in [title, author] {
        let folded = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            text.nfkc().collect::<String>().to_lowercase()
        };
        for word in folded.split_whitespace() {
            hash.update(word);
            hash.update(" ");
        }
        hash.update("\n");
    }
    let hash: [u8; 32] = hash.finalize().into();
    hash.first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ignores_letter_case_and_spacing() {
        assert_eq!(of("Dune", "Frank Herbert"), of(" DUNE ", "frank \u{a0} herbert"));
        assert_eq!(of("Émile", "X"), of("E\u{301}MILE", "x"));
        assert_ne!(of("Dune", "Frank Herbert"), of("Dune Frank", "Herbert"));
    }

    #[test]
    fn a_key_never_changes() {
        assert_eq!(of("Dune", "Frank Herbert"), 3_615_738_210_809_352_809);
    }
}
