//! Languages as canonical BCP 47 tags (RFC 5646): the shortest code of ISO 639, in the recommended letter case.

use isolang::Language;
use oxilangtag::LanguageTag;
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

/// Codes of ISO 639-2 for groups and for content without a single language.
const COLLECTIVE: [&str; 4] = ["mis", "mul", "und", "zxx"];

/// Reads a language tag with a language of ISO 639.
#[must_use]
pub fn parse(text: &str) -> Option<String> {
    let tag = LanguageTag::parse_and_normalize(text).ok().filter(|tag| tag.as_str().len() <= MAX_LENGTH)?;
    let primary = tag.primary_language();
    let code = BIBLIOGRAPHIC.iter().find(|(old, _)| *old == primary).map_or(primary, |(_, code)| code);
    let shortest = if COLLECTIVE.contains(&code) {
        code
    } else {
        let language = match code.len() {
            2 => Language::from_639_1(code)?,
            3 => Language::from_639_3(code)?,
            _ => return None,
        };
        language.to_639_1().unwrap_or(language.to_639_3())
    };
    Some(format!("{shortest}{}", &tag.as_str()[primary.len()..]))
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
    fn tags_are_canonicalized_and_unknown_languages_rejected() {
        for (text, tag) in [
            ("en", "en"),
            ("eng", "en"),
            ("fre", "fr"),
            ("en-us", "en-US"),
            ("ZH-hans-cn", "zh-Hans-CN"),
            ("mul", "mul"),
            ("grc", "grc"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(tag), "{text}");
        }
        for text in ["", "english", "xx", "qqq", "en_US", "e", "x-private", "en-"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
