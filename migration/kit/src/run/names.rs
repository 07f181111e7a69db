//! Names of migrations, and how a part of a name finds its migration.

use sea_orm_migration::MigratorTrait;

use super::Error;

/// Names that an error offers.
const NEAR: usize = 3;

/// Names of the migrations of `M`, oldest first.
#[must_use]
pub fn of<M: MigratorTrait>() -> Vec<String> {
    M::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// The name in `known` that is `name`, or the only one of which `name` is a part.
///
/// # Errors
/// [`Error::UnknownName`] with the nearest names, [`Error::AmbiguousName`] with all matches.
pub fn resolve(known: &[String], name: &str) -> Result<String, Error> {
    if known.iter().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let mut matches: Vec<String> =
        known.iter().filter(|known| !name.is_empty() && known.contains(name)).cloned().collect();
    match matches.len() {
        0 => Err(Error::UnknownName { name: name.to_owned(), near: near(known, name) }),
        1 => Ok(matches.remove(0)),
        _ => Err(Error::AmbiguousName { name: name.to_owned(), matches }),
    }
}

fn near(known: &[String], name: &str) -> Vec<String> {
    let mut ranked: Vec<_> = known.iter().map(|known| (distance(known, name), known)).collect();
    ranked.sort_by_key(|(distance, _)| *distance);
    ranked.into_iter().take(NEAR).map(|(_, known)| known.clone()).collect()
}

/// The fewest letters to change, add or leave out to find `part` somewhere in `whole`.
fn distance(whole: &str, part: &str) -> usize {
    let whole: Vec<char> = whole.chars().collect();
    // The part may begin anywhere, so the first row costs nothing.
    let mut row = vec![0; whole.len() + 1];
    for letter in part.chars() {
        let mut diagonal = row[0];
        row[0] += 1;
        for (index, other) in whole.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[index + 1];
            row[index + 1] = changed.min(row[index] + 1).min(diagonal + 1);
        }
    }
    row.into_iter().min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<String> {
        ["m1_create_shelves", "m2_add_series", "m3_add_series_order"].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_unique_part_is_enough() {
        assert_eq!(resolve(&known(), "shelves").unwrap(), "m1_create_shelves");
        assert_eq!(resolve(&known(), "m2_add_series").unwrap(), "m2_add_series");
    }

    #[test]
    fn a_part_of_two_is_refused_with_both() {
        let error = resolve(&known(), "add_series").unwrap_err();
        assert!(matches!(&error, Error::AmbiguousName { matches, .. } if matches.len() == 2), "{error}");
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_names() {
        let error = resolve(&known(), "shelfs").unwrap_err();
        assert!(
            matches!(&error, Error::UnknownName { near, .. } if near[0] == "m1_create_shelves"),
            "{error}"
        );
    }
}
