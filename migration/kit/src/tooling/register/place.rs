//! The migration crate that commands write to.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::list::{List, is_migration};

/// Reason why no crate is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no migration crate.
    None {
        /// The folder from which it was looked for upwards.
        here: PathBuf,
        /// Files that keep a folder from being one.
        not_quite: Vec<PathBuf>,
    },
    /// The crate has none of the program's migrations.
    Other {
        /// The crate.
        folder: PathBuf,
    },
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None { here, not_quite } => {
                write!(
                    f,
                    "there is no migration crate in {} or above it: run this in a checkout of the project. A migration crate \
                     depends on sea-orm-migration, and has `fn migrations` with one `vec![…]` in src/lib.rs",
                    here.display()
                )?;
                not_quite.iter().try_for_each(|list| write!(f, "; {} has none", list.display()))
            }
            Self::Other { folder } => write!(
                f,
                "{} has none of the migrations of this program: run this in a checkout of its own project",
                folder.display()
            ),
        }
    }
}

/// Finds the migration crate upwards from `here`: a folder that is one, or a folder with a `Cargo.toml` below which the
/// crate lies where it lay when the program was compiled in the folder `compiled`, for example at `crates/migration`.
///
/// `names` are the program's migrations. `run_by_cargo` is the folder of the package that cargo runs, which is believed
/// if it is `compiled`.
///
/// # Errors
/// [`Refusal`], without a crate, or with one of another project.
pub fn find(
    compiled: &Path,
    run_by_cargo: Option<&Path>,
    here: &Path,
    names: &[String],
) -> Result<PathBuf, Refusal> {
    let mut not_quite = Vec::new();
    if run_by_cargo == Some(compiled) && is_migration_crate(compiled, &mut not_quite) {
        return Ok(compiled.to_owned());
    }
    let ends = ends(compiled);
    let candidates = here.ancestors().flat_map(|above| {
        let is_root = above.join("Cargo.toml").exists();
        ends.iter()
            .filter(move |end| is_root || end.as_os_str().is_empty())
            .map(|end| above.iter().chain(end.iter()).collect())
    });
    let mut candidates = candidates.filter(|folder: &PathBuf| is_migration_crate(folder, &mut not_quite));
    let Some(folder) = candidates.next() else {
        drop(candidates);
        return Err(Refusal::None { here: here.to_owned(), not_quite });
    };
    if folder == compiled || has_one_of(&folder, names) {
        return Ok(folder);
    }
    Err(Refusal::Other { folder })
}

/// The ends of a path, the shortest first: none, `migration`, `crates/migration` and so on.
fn ends(path: &Path) -> Vec<PathBuf> {
    let mut ends = vec![PathBuf::new()];
    for name in path.iter().rev().filter(|name| *name != "/") {
        let end: PathBuf = Path::new(name).iter().chain(ends[ends.len() - 1].iter()).collect();
        ends.push(end);
    }
    ends
}

fn is_migration_crate(folder: &Path, not_quite: &mut Vec<PathBuf>) -> bool {
    let depends = fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|manifest| {
        manifest.lines().any(|line| !line.trim_start().starts_with('#') && line.contains("sea-orm-migration"))
    });
    if !depends {
        return false;
    }
    let list = folder.join("src/lib.rs");
    let is_one = fs::read_to_string(&list).is_ok_and(|source| List::find(&source).is_some());
    if !is_one && !not_quite.contains(&list) {
        not_quite.push(list);
    }
    is_one
}

/// Whether the list of a crate has one of these migrations, or one side has no migration that is named by its module.
fn has_one_of(folder: &Path, names: &[String]) -> bool {
    let source = fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
    let listed: Vec<&str> = List::find(&source).map(|list| list.modules()).unwrap_or_default();
    let by_module = |name: &&str| is_migration(name);
    let known: Vec<&str> = names.iter().map(String::as_str).filter(by_module).collect();
    known.is_empty()
        || !listed.iter().any(|module| is_migration(module))
        || known.iter().any(|name| listed.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "mod m1_a;\nfn migrations() { vec![Box::new(m1_a::Migration)] }\n";

    fn write(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn project(root: &Path, at: &str) -> PathBuf {
        write(root, &format!("{at}/Cargo.toml"), "[dependencies]\nsea-orm-migration = \"2.0\"\n");
        write(root, &format!("{at}/src/lib.rs"), LIST);
        root.join(at)
    }

    #[test]
    fn the_crate_is_that_of_the_checkout_around_the_working_folder() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let (old, new) = (project(root, "old/crates/migration"), project(root, "new/crates/migration"));
        write(root, "new/Cargo.toml", "[workspace]\n");
        fs::create_dir_all(root.join("new/api/src")).unwrap();
        let names = ["m1_a".to_owned()];
        for here in ["new", "new/api/src", "new/crates", "new/crates/migration", "new/crates/migration/src"] {
            assert_eq!(find(&old, None, &root.join(here), &names), Ok(new.clone()), "{here}");
        }
        // Cargo runs the package that was compiled, wherever it is started.
        assert_eq!(find(&old, Some(&old), root, &names), Ok(old.clone()));
        assert_eq!(find(&old, Some(&new), &root.join("new"), &names), Ok(new));
    }

    #[test]
    fn outside_a_checkout_nothing_is_written() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let compiled = project(root, "old/migration");
        write(root, "elsewhere/deep/Cargo.toml", "[package]\n");
        let here = root.join("elsewhere/deep");
        let refusal = find(&compiled, None, &here, &[]).unwrap_err();
        assert_eq!(refusal, Refusal::None { here: here.clone(), not_quite: vec![] });
        assert!(refusal.to_string().contains("run this in a checkout of the project"), "{refusal}");

        write(root, "elsewhere/Cargo.toml", "[workspace]\n");
        write(root, "elsewhere/migration/Cargo.toml", "[dependencies]\nsea-orm-migration = \"2.0\"\n");
        let list = root.join("elsewhere/migration/src/lib.rs");
        write(root, "elsewhere/migration/src/lib.rs", "fn migrations() { all() }");
        assert_eq!(
            find(&compiled, None, &here, &[]),
            Err(Refusal::None { here: here.clone(), not_quite: vec![list] })
        );

        let folder = project(root, "elsewhere/migration");
        let names = ["m1_b".to_owned()];
        assert_eq!(find(&compiled, None, &here, &names), Err(Refusal::Other { folder: folder.clone() }));
        assert_eq!(find(&compiled, None, &here, &["named_by_hand".to_owned()]), Ok(folder));
    }
}
