//! Languages as canonical BCP 47 tags (RFC 5646): the shortest code of ISO 639, in the recommended letter case.

use isolang::Language;
use language_tags::LanguageTag;
use validator::ValidationError;

use crate::{FieldCode, input};

/// Maximum length of a tag (RFC 5646, section 4.4.1).
const MAX_LENGTH: usize = 35;

/// Bibliographic codes of ISO 639-2 that differ from ISO 639-3, with the code of the latter.
const BIBLIOGRAPHIC: [(&str, &str); 20] = [
    ("alb", "sqi"),
    ("arm", "hye"),
    ("baq", "eus"),
    ("bur", "mya"),
    ("chi", "zho"),
    ("cze", "ces"),
    ("dut", "nld"),
    ("fre", "fra"),
    ("geo", "kat"),
    ("ger", "deu"),
    ("gre", "ell"),
    ("ice", "isl"),
    ("mac", "mkd"),
    ("mao", "mri"),
    ("may", "msa"),
    ("per", "fas"),
    ("rum", "ron"),
    ("slo", "slk"),
    ("tib", "bod"),
    ("wel", "cym"),
];

/// Reads a language tag in its canonical form (RFC 5646, section 4.5): deprecated tags and subtags are replaced by those
/// that the registry prefers, and a code of ISO 639-2 or ISO 639-3 by that of ISO 639-1 if there is one.
#[must_use]
pub fn parse(text: &str) -> Option<String> {
    let tag = LanguageTag::parse(text).ok()?;
    let primary = tag.primary_language();
    let shortest = shortest(primary);
    let tag = if shortest == primary { tag } else { replace_primary(&tag, shortest)? };
    let tag = tag.canonicalize().ok()?;
    let is_known = tag.is_valid() || Language::from_639_3(tag.primary_language()).is_some();
    (is_known && tag.as_str().len() <= MAX_LENGTH).then(|| tag.into_string())
}

/// Whether a canonical tag means something by private agreement only.
#[must_use]
pub(crate) fn is_private(tag: &str) -> bool {
    let primary = tag.split('-').next().unwrap_or(tag);
    primary == "x" || (primary.len() == 3 && ("qaa"..="qtz").contains(&primary))
}

/// Shortest code of the language with this code of ISO 639.
fn shortest(code: &str) -> &str {
    let code = BIBLIOGRAPHIC.iter().find(|(old, _)| *old == code).map_or(code, |(_, code)| code);
    Language::from_639_3(code).and_then(|language| language.to_639_1()).unwrap_or(code)
}

fn replace_primary(tag: &LanguageTag, primary: &str) -> Option<LanguageTag> {
    let rest = &tag.as_str()[tag.primary_language().len()..];
    LanguageTag::parse(&format!("{primary}{rest}")).ok()
}

pub(crate) fn valid(text: &str) -> Result<(), ValidationError> {
    match parse(text) {
        Some(_) => Ok(()),
        None => Err(input::error(FieldCode::Language, "must be a BCP 47 language tag such as en or pt-BR")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_made_canonical_and_unknown_languages_rejected() {
        for (text, tag) in [
            ("en", "en"),
            ("eng", "en"),
            ("fre", "fr"),
            ("en-us", "en-US"),
            ("en-Latn-us", "en-US"),
            ("ZH-hans-cn", "zh-Hans-CN"),
            ("mul", "mul"),
            ("grc", "grc"),
            ("sah", "sah"),
            ("iw", "he"),
            ("in-ID", "id-ID"),
            ("ji", "yi"),
            ("mo", "ro"),
            ("i-klingon", "tlh"),
            ("art-lojban", "jbo"),
            ("no-bok", "nb"),
            ("zh-min-nan", "nan"),
            ("zh-cmn", "cmn"),
            ("zh-cmn-Hans", "cmn-Hans"),
            ("i-default", "i-default"),
            ("sl-rozaj-biske", "sl-rozaj-biske"),
            ("de-1996", "de-1996"),
            ("en-a-bbb-x-a-ccc", "en-a-bbb-x-a-ccc"),
            ("qaa", "qaa"),
            ("x-whatever", "x-whatever"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(tag), "{text}");
            assert_eq!(parse(tag).as_deref(), Some(tag), "{text}");
        }
        for text in ["", "english", "xx", "en_US", "e", "en-", "-en", "en--us", "abcdefghi"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn some_tags_are_private() {
        for (tag, private) in
            [("qaa", true), ("qtz-Latn", true), ("x-a", true), ("qu", false), ("que", false)]
        {
            assert_eq!(is_private(tag), private, "{tag}");
        }
    }
}
