//! Additions to files of cargo that a project has: members of its workspace, and an alias.

use std::ops::Range;

use crate::pattern::matches;

/// Packages that a workspace is to have, which cannot be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByHand;

/// A `Cargo.toml` with further members of its workspace, which begins there if there is none. Nothing if it has them, or a
/// pattern such as `crates/*` for them.
pub(super) fn with_members(manifest: &str, members: &[String]) -> Result<Option<String>, ByHand> {
    let section = section(manifest, "workspace");
    let list = section.as_ref().and_then(|section| section.value("members"));
    let known = list.clone().map(|list| texts(&manifest[list])).unwrap_or_default();
    let covered = |member: &str| {
        let depth = |path: &str| path.matches('/').count();
        known.iter().any(|known| matches(known, member) && depth(known) == depth(member))
    };
    let new: Vec<String> =
        members.iter().filter(|member| !covered(member)).map(|member| format!("{member:?}")).collect();
    if new.is_empty() {
        return Ok(None);
    }
    let mut changed = manifest.to_owned();
    match (section, list) {
        (_, Some(list)) => {
            let open = manifest[list.clone()].find('[').ok_or(ByHand)? + list.start + 1;
            let rest = &manifest[open..list.end];
            let lines = rest.starts_with(['\n', '\r']);
            let is_empty = rest.trim_start().starts_with(']');
            let added = match (lines, is_empty) {
                (true, _) => format!("\n    {},", new.join(",\n    ")),
                (false, true) => new.join(", "),
                (false, false) => format!("{}, ", new.join(", ")),
            };
            changed.insert_str(open, &added);
        }
        (Some(section), None) => {
            changed.insert_str(section.start, &format!("members = [{}]\n", new.join(", ")));
        }
        (None, None) if manifest.lines().any(|line| line.trim_start().starts_with("workspace")) => {
            return Err(ByHand);
        }
        (None, None) => append(&mut changed, &format!("[workspace]\nmembers = [{}]\n", new.join(", "))),
    }
    Ok(Some(changed))
}

/// A configuration of cargo with an alias. Nothing if it has one of that name.
pub(super) fn with_alias(config: &str, name: &str, command: &str) -> Option<String> {
    let line = format!("{name} = {command:?}\n");
    let mut changed = config.to_owned();
    match section(config, "alias") {
        Some(section) if section.value(name).is_some() => return None,
        Some(section) => changed.insert_str(section.start, &line),
        None => append(&mut changed, &format!("[alias]\n{line}")),
    }
    Some(changed)
}

/// The name of the package of a `Cargo.toml`.
pub(super) fn package(manifest: &str) -> Option<String> {
    let name = section(manifest, "package")?.value("name")?;
    texts(&manifest[name]).pop()
}

/// Adds a section at the end.
fn append(text: &mut String, section: &str) {
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    text.push_str(section);
}

/// A table of a TOML file.
struct Section<'t> {
    /// The byte behind the line of its header.
    start: usize,
    /// Its keys, and the places of their values.
    values: Vec<(&'t str, Range<usize>)>,
}

impl Section<'_> {
    fn value(&self, key: &str) -> Option<Range<usize>> {
        self.values.iter().find(|(known, _)| *known == key).map(|(_, value)| value.clone())
    }
}

fn section<'t>(text: &'t str, name: &str) -> Option<Section<'t>> {
    let mut found: Option<Section<'t>> = None;
    let mut at = 0;
    while at < text.len() {
        let end = end_of_value(text, at);
        let line = &text[at..end];
        if line.trim_start().starts_with('[') {
            if found.is_some() {
                break;
            }
            let header = line.split_once('#').map_or(line, |(header, _)| header).trim();
            if header.trim_matches(['[', ']']).trim() == name {
                found = Some(Section { start: end, values: Vec::new() });
            }
        } else if let (Some(section), Some((key, _))) = (&mut found, line.split_once('=')) {
            section.values.push((key.trim(), at + key.len() + 1..end));
        }
        at = end;
    }
    found
}

/// The byte behind the line at `at`, or behind the last line of the array that begins there.
fn end_of_value(text: &str, at: usize) -> usize {
    let (mut depth, mut quote) = (0_usize, None);
    let mut characters = text[at..].char_indices();
    while let Some((index, c)) = characters.next() {
        match (quote, c) {
            (Some('"'), '\\') => {
                characters.next();
            }
            (Some(open), _) if open == c => quote = None,
            (_, '\n') if depth == 0 => return at + index + 1,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') => {
                let rest = text[at + index..].find('\n');
                let skipped = rest.map_or(text.len() - at - index, |end| end);
                if depth == 0 {
                    return rest.map_or(text.len(), |end| at + index + end + 1);
                }
                for _ in text[at + index + 1..at + index + skipped].chars() {
                    characters.next();
                }
            }
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    text.len()
}

/// The texts in a value.
fn texts(value: &str) -> Vec<String> {
    let lines = value.lines().map(|line| line.split_once('#').map_or(line, |(before, _)| before));
    let parts = lines.flat_map(|line| line.split(['"', '\'']).skip(1).step_by(2));
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(manifest: &str) -> Result<Option<String>, ByHand> {
        with_members(manifest, &["entity".to_owned(), "migration".to_owned()])
    }

    #[test]
    fn members_are_added_to_every_form_of_a_workspace() {
        for (old, new) in [
            ("", "[workspace]\nmembers = [\"entity\", \"migration\"]\n"),
            (
                "[package]\nname = \"shop\"\n\n[dependencies]\n",
                "[package]\nname = \"shop\"\n\n[dependencies]\n\n[workspace]\nmembers = [\"entity\", \"migration\"]\n",
            ),
            ("[workspace]\n", "[workspace]\nmembers = [\"entity\", \"migration\"]\n"),
            ("[workspace] # x\nmembers = []\n", "[workspace] # x\nmembers = [\"entity\", \"migration\"]\n"),
            (
                "[workspace]\nmembers = [\"api\", 'entity'] # all\n",
                "[workspace]\nmembers = [\"migration\", \"api\", 'entity'] # all\n",
            ),
            (
                "[workspace]\nresolver = \"3\"\nmembers = [\n    \"api\", # [the API]\n]\n\n[a]\nmembers = []\n",
                "[workspace]\nresolver = \"3\"\nmembers = [\n    \"entity\",\n    \"migration\",\n    \"api\", # [the API]\n]\n\n[a]\nmembers = []\n",
            ),
            ("[workspace]\nmembers = [\"e*\"]\n", "[workspace]\nmembers = [\"migration\", \"e*\"]\n"),
        ] {
            assert_eq!(members(old), Ok(Some(new.to_owned())), "{old}");
            assert_eq!(members(new), Ok(None), "{new}");
        }
        assert_eq!(members("workspace.members = [\"api\"]\n"), Err(ByHand));
    }

    #[test]
    fn an_alias_is_added_once() {
        for (old, new) in [
            ("", "[alias]\nmigrate = \"run --\"\n"),
            ("[build]\njobs = 2\n", "[build]\njobs = 2\n\n[alias]\nmigrate = \"run --\"\n"),
            ("[alias]\nb = \"build\"\n", "[alias]\nmigrate = \"run --\"\nb = \"build\"\n"),
        ] {
            assert_eq!(with_alias(old, "migrate", "run --"), Some(new.to_owned()));
            assert_eq!(with_alias(new, "migrate", "other"), None);
        }
    }

    #[test]
    fn the_name_of_a_package_is_read() {
        let manifest = "[lib]\nname = \"a\"\n[package]\nversion = \"1\"\nname = 'shop-api' # \"x\"\n";
        assert_eq!(package(manifest), Some("shop-api".to_owned()));
        assert_eq!(package("[workspace]\n"), None);
    }
}
