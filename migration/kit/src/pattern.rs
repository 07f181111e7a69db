//! Patterns of names, in which `*` matches any characters.

/// Whether a pattern, in which `*` matches any characters, matches the whole name.
#[must_use]
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).filter_map(|at| name.get(at..)).any(|name| matches(rest, name))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("legacy", "legacy", true),
            ("legacy", "legacy_rows", false),
            ("legacy_*", "legacy_rows", true),
            ("legacy_*", "new_legacy_rows", false),
            ("*_rows", "legacy_rows", true),
            ("l*y*s", "legacy_rows", true),
            ("l*y*x", "legacy_rows", false),
            ("*", "", true),
            ("ä*", "äöü", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
