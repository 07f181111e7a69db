//! Languages in the notation of people and other programs: a tag, a code, or a name.

use isolang::Language;

use crate::books::language;

/// Discontinued codes of the MARC list of languages, with their successors.
const DISCONTINUED: [(&str, &str); 22] = [
    ("cam", "km"),
    ("esp", "eo"),
    ("eth", "gez"),
    ("far", "fo"),
    ("fri", "fy"),
    ("gae", "gd"),
    ("gua", "gn"),
    ("int", "ia"),
    ("iri", "ga"),
    ("lan", "oc"),
    ("lap", "smi"),
    ("max", "gv"),
    ("mol", "ro"),
    ("sao", "sm"),
    ("scc", "sr"),
    ("scr", "hr"),
    ("sho", "sn"),
    ("snh", "si"),
    ("swz", "ss"),
    ("tag", "tl"),
    ("taj", "tg"),
    ("tar", "tt"),
];

/// Reads a language. One that is known by private agreement only is rejected.
pub(super) fn read(text: &str) -> Option<String> {
    let text = text.trim();
    let tag = language::parse(&text.replace('_', "-")).filter(|tag| !language::is_private(tag));
    tag.or_else(|| discontinued(text)).or_else(|| named(text))
}

fn discontinued(text: &str) -> Option<String> {
    let code = text.to_ascii_lowercase();
    DISCONTINUED.iter().find(|(old, _)| *old == code).and_then(|(_, new)| language::parse(new))
}

/// Language of this name, in English or in itself, also with a remark in brackets behind it.
fn named(text: &str) -> Option<String> {
    let name = text.split(['(', '[', ';']).next().unwrap_or(text).trim().to_lowercase();
    let wanted = name.clone();
    let own = || Language::match_autonyms(move |own| own.to_lowercase() == wanted).next();
    let common = COMMON.iter().find(|(common, _)| *common == name).map(|(_, code)| *code);
    let code = common.or_else(|| Some(Language::from_name_lowercase(&name).or_else(own)?.to_639_3()))?;
    language::parse(code)
}

/// Common names that ISO 639 has in a longer form, or for another language.
const COMMON: [(&str, &str); 6] = [
    ("castilian", "es"),
    ("farsi", "fa"),
    ("flemish", "nl"),
    ("greek", "el"),
    ("mandarin", "cmn"),
    ("norwegian bokmål", "nb"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_read_by_tag_code_or_name() {
        for (text, tag) in [
            ("en", Some("en")),
            ("en_US", Some("en-US")),
            ("eng", Some("en")),
            ("iw", Some("he")),
            ("scr", Some("hr")),
            ("English", Some("en")),
            ("english (US)", Some("en")),
            ("German", Some("de")),
            ("Deutsch", Some("de")),
            ("español", Some("es")),
            ("Greek", Some("el")),
            ("Spanish; Castilian", Some("es")),
            ("mul", Some("mul")),
            ("qqq", None),
            ("x-private", None),
            ("Unknown", None),
            ("", None),
        ] {
            assert_eq!(read(text).as_deref(), tag, "{text}");
        }
    }
}
