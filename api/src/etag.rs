//! Entity tags (RFC 9110, section 8.8.3): those that a request names in `If-Match` and `If-None-Match`. They are
//! compared as opaque strings.

use actix_web::http::header::{HeaderMap, HeaderName};

/// Entity tags that a request header names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named<'h> {
    /// `*`: that of any current representation.
    Any,
    /// A list.
    Tags(Vec<EntityTag<'h>>),
}

/// An entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntityTag<'h> {
    /// True if the representations that it names are equivalent, not identical.
    pub(crate) is_weak: bool,
    /// Text between the quotes.
    pub(crate) opaque: &'h [u8],
}

impl<'h> Named<'h> {
    /// Tags in the header `name`, if the request has it.
    pub(crate) fn of(headers: &'h HeaderMap, name: HeaderName) -> Option<Self> {
        let values: Vec<&[u8]> = headers.get_all(name).map(|value| value.as_bytes().trim_ascii()).collect();
        match values[..] {
            [] => None,
            [b"*"] => Some(Self::Any),
            _ => Some(Self::Tags(values.into_iter().flat_map(list).collect())),
        }
    }

    /// Whether `tag` is named, by the weak comparison (RFC 9110, section 8.8.3.2).
    pub(crate) fn includes(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => EntityTag::first(tag.as_bytes())
                .is_some_and(|(tag, _)| tags.iter().any(|named| named.opaque == tag.opaque)),
        }
    }
}

impl<'h> EntityTag<'h> {
    /// The tag at the beginning of a list, and the rest of the list.
    fn first(list: &'h [u8]) -> Option<(Self, &'h [u8])> {
        let (is_weak, quoted) = list.strip_prefix(b"W/").map_or((false, list), |quoted| (true, quoted));
        let text = quoted.strip_prefix(b"\"")?;
        let end = text.iter().position(|byte| *byte == b'"')?;
        Some((Self { is_weak, opaque: &text[..end] }, &text[end + 1..]))
    }
}

/// Tags of a list up to the first malformed one. A comma may be part of a tag.
fn list(mut rest: &[u8]) -> Vec<EntityTag<'_>> {
    let mut tags = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(b",") {
            rest = after;
            continue;
        }
        let Some((tag, after)) = EntityTag::first(rest) else { return tags };
        rest = after.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return tags;
        }
        tags.push(tag);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{self, HeaderValue};

    use super::*;

    /// Tags of the header lines, as text with `W/` before weak ones.
    fn named(lines: &[&str]) -> Option<Vec<String>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let text = |tag: &EntityTag<'_>| {
            format!("{}{}", if tag.is_weak { "W/" } else { "" }, String::from_utf8_lossy(tag.opaque))
        };
        match Named::of(&headers, header::IF_MATCH)? {
            Named::Any => Some(vec!["*".to_owned()]),
            Named::Tags(tags) => Some(tags.iter().map(text).collect()),
        }
    }

    #[test]
    fn a_list_is_read_to_its_first_malformed_tag() {
        for (lines, tags) in [
            (&[][..], None),
            (&["*"], Some(&["*"][..])),
            (&[" * "], Some(&["*"])),
            (&[""], Some(&[])),
            (&["\"1\""], Some(&["1"])),
            (&["W/\"1\" , \"2\"", ",,\"\","], Some(&["W/1", "2", ""])),
            (&["\"a,b\", \"*\""], Some(&["a,b", "*"])),
            (&["\"\\\""], Some(&["\\"])),
            (&["\"é\""], Some(&["é"])),
            (&["1, \"2\""], Some(&[])),
            (&["\"1\", 2, \"3\""], Some(&["1"])),
            (&["\"1\" \"2\""], Some(&[])),
            (&["w/\"1\""], Some(&[])),
            (&["W/W/\"1\""], Some(&[])),
            (&["\"1"], Some(&[])),
            (&["*, \"1\""], Some(&[])),
            (&["*", "\"1\""], Some(&["1"])),
        ] {
            let tags = tags.map(|tags| tags.iter().map(|tag| (*tag).to_owned()).collect());
            assert_eq!(named(lines), tags, "{lines:?}");
        }
    }

    #[test]
    fn comparison_ignores_weakness_only() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"1\", W/\"x\""));
        let named = Named::of(&headers, header::IF_NONE_MATCH).unwrap();
        for (tag, included) in [
            ("\"1\"", true),
            ("W/\"1\"", true),
            ("\"x\"", true),
            ("\"01\"", false),
            ("\"X\"", false),
            ("1", false),
        ] {
            assert_eq!(named.includes(tag), included, "{tag}");
        }
        assert!(Named::Any.includes("\"anything\""));
    }
}
