//! Applied migrations whose files got another name: the same SQL under a name that this program lacks.

use std::{collections::HashMap, fmt};

use serde::Serialize;

use super::checksums::Checksum;

/// A migration that is applied under its former name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// The name that is recorded as applied.
    pub from: String,
    /// The name that this program has.
    pub to: String,
}

impl fmt::Display for Renamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(
            f,
            "{to} is applied under its former name {from}: record the new name by `cargo migrate stamp --rename {from}={to}`"
        )
    }
}

/// The pairs of a name in `applied` that no migration has, and a migration that is not applied, with one checksum that
/// no other of either has. `recorded` are the checksums of applied migrations, `own` those of this program.
pub(crate) fn find(applied: &[String], recorded: &HashMap<String, String>, own: &[Checksum]) -> Vec<Renamed> {
    let missing = applied.iter().filter(|name| !own.iter().any(|sum| sum.name == **name));
    let missing: Vec<(&String, &String)> =
        missing.filter_map(|name| Some((name, recorded.get(name)?))).collect();
    let pending: Vec<(&String, &String)> = own
        .iter()
        .filter(|sum| !applied.contains(&sum.name))
        .filter_map(|sum| Some((&sum.name, sum.checksum.as_ref()?)))
        .collect();
    let only = |names: &[(&String, &String)], sum: &String| {
        let mut same = names.iter().filter(|(_, other)| *other == sum);
        same.next().filter(|_| same.next().is_none()).map(|(name, _)| (*name).clone())
    };
    let pairs = missing.iter().filter_map(|(from, sum)| {
        only(&missing, sum)?;
        Some(Renamed { from: (*from).clone(), to: only(&pending, sum)? })
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(applied: &[(&str, &str)], own: &[(&str, Option<&str>)]) -> Vec<(String, String)> {
        let names: Vec<String> = applied.iter().map(|(name, _)| (*name).to_owned()).collect();
        let recorded = applied.iter().map(|(name, sum)| ((*name).to_owned(), (*sum).to_owned())).collect();
        let sum = |(name, sum): &(&str, Option<&str>)| Checksum {
            name: (*name).to_owned(),
            checksum: sum.map(str::to_owned),
            ..Checksum::default()
        };
        let own: Vec<Checksum> = own.iter().map(sum).collect();
        find(&names, &recorded, &own).into_iter().map(|renamed| (renamed.from, renamed.to)).collect()
    }

    #[test]
    fn only_an_unmistakable_pair_is_a_rename() {
        let pair = [("old".to_owned(), "new".to_owned())];
        assert_eq!(found(&[("a", "1"), ("old", "2")], &[("a", Some("1")), ("new", Some("2"))]), pair);
        assert_eq!(found(&[("old", "2")], &[("new", Some("3"))]), []);
        assert_eq!(found(&[("old", "2")], &[("new", None)]), []);
        assert_eq!(found(&[("old", "2")], &[("new", Some("2")), ("other", Some("2"))]), []);
        assert_eq!(found(&[("old", "2"), ("older", "2")], &[("new", Some("2"))]), []);
        assert_eq!(found(&[("old", "2"), ("new", "2")], &[("new", Some("2"))]), []);
    }
}
