//! What names the work that a book is an edition of: its title and author, in whatever letter case and
//! spacing they are written. It is stored with the book, so that the database finds a book by it.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// The first eight bytes of the SHA-256 of title and author, both in NFKC, lower case and single blanks.
/// Stored rows have it: it is the same for ever.
pub(crate) fn key(title: &str, author: &str) -> i64 {
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
    fn a_work_is_known_in_any_letter_case_and_spacing() {
        assert_eq!(key("Dune", "Frank Herbert"), key(" DUNE ", "frank \u{a0} herbert"));
        assert_eq!(key("Émile", "X"), key("E\u{301}MILE", "x"));
        assert_ne!(key("Dune", "Frank Herbert"), key("Dune Frank", "Herbert"));
    }

    #[test]
    fn a_key_is_the_same_for_ever() {
        assert_eq!(key("Dune", "Frank Herbert"), 3_615_738_210_809_352_809);
    }
}
