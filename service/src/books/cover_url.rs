//! URLs of cover pictures, stored in the normal form of the URL Standard.

use url::Url;
use validator::ValidationError;

use crate::{FieldCode, input};

/// Longest URL, in characters, both as it is sent and as it is stored.
pub(crate) const MAX_LENGTH: usize = 2048;

/// Beginning of each URL, in any letter case.
const SCHEME: &str = "https://";

/// Validates a URL.
pub(crate) fn valid(text: &str) -> Result<(), ValidationError> {
    match parse(text) {
        Some(_) => Ok(()),
        None => Err(input::error(
            FieldCode::Url,
            "must be an https URL with a host, without credentials, and with at most 2048 characters",
        )),
    }
}

/// Normal form of a URL; none if it is not accepted.
pub(crate) fn parse(text: &str) -> Option<String> {
    input::line(text).ok()?;
    // The URL Standard would skip further slashes, and take the first folder for the host.
    let has_host =
        text.trim_start().get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
            && !text.trim_start()[SCHEME.len()..].starts_with(['/', '\\']);
    let url = Url::parse(text).ok().filter(|_| has_host)?;
    let normal = String::from(url.clone());
    (url.username().is_empty() && url.password().is_none() && normal.len() <= MAX_LENGTH).then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_stored_as_browsers_read_it() {
        for (text, normal) in [
            ("https://example.com/dune.jpg", "https://example.com/dune.jpg"),
            ("HTTPS://Example.COM", "https://example.com/"),
            (" https://example.com:443/a/../b c ", "https://example.com/b%20c"),
            ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
            ("https://example.com\\x", "https://example.com/x"),
            ("https://0x7f.1/", "https://127.0.0.1/"),
            ("https://example.com/?q=\u{202e}#f", "https://example.com/?q=%E2%80%AE#f"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(normal), "{text}");
            assert_eq!(parse(normal).as_deref(), Some(normal), "the normal form is stable");
        }
    }

    #[test]
    fn a_url_without_a_host_is_rejected() {
        for text in [
            "",
            "https://",
            "https:///dune.jpg",
            "https:////dune.jpg",
            "https://\\dune.jpg",
            "https:/example.com/dune.jpg",
            "https:example.com/dune.jpg",
            "https://?x",
            "https://:443/x",
            "https://@/x",
            "https://a b/x",
            "http://example.com/x",
            "data:image/png,x",
            "https://user@example.com/x",
            "https://:secret@example.com/x",
            "https://exam\tple.com/",
            "éé://example.com",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        let long = format!("https://example.com/{}", "é".repeat(400));
        assert!(parse(&long).is_none(), "its normal form has six bytes for each é");
    }
}
