//! Source files of the workspace: every one belongs to a module, or its tests never run.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below a folder of the workspace.
pub fn sources(folder: &str) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Folders of the workspace with the sources of a crate or of its tests.
fn crate_folders() -> Vec<String> {
    let members = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, members) = members.split_once("\nmembers = [").unwrap();
    let members: Vec<&str> = members.split(']').next().unwrap().split('"').skip(1).step_by(2).collect();
    assert!(members.len() >= 4, "{members:?}");
    let folders =
        members.iter().flat_map(|member| ["src", "tests/it"].map(|folder| format!("{member}/{folder}")));
    folders.filter(|folder| root().join(folder).is_dir()).collect()
}

/// Files that may declare the module of `file`: its folder's module, or the root of the crate.
fn parents(file: &Path) -> Vec<PathBuf> {
    let folder = file.parent().unwrap();
    let inside = ["main.rs", "lib.rs", "mod.rs"].map(|name| folder.join(name));
    inside
        .into_iter()
        .chain([folder.with_extension("rs")])
        .filter(|parent| parent != file && parent.is_file())
        .collect()
}

/// Whether a file declares the module `name`, on a line of its own or in a list of migrations or tests.
fn declares(parent: &Path, name: &str) -> bool {
    let source = fs::read_to_string(parent).unwrap();
    source.lines().any(|line| {
        let line = line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        line.trim_start_matches("pub ") == format!("mod {name};")
    })
}

#[test]
fn every_source_file_is_declared() {
    let mut checked = 0;
    for file in crate_folders().iter().flat_map(|folder| sources(folder)) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let parents = parents(&file);
        // Roots have no parent; folders without a module are data of tests.
        if parents.is_empty() || ["main", "lib", "mod"].contains(&name) {
            continue;
        }
        assert!(parents.iter().any(|parent| declares(parent, name)), "no module declares {}", file.display());
        checked += 1;
    }
    assert!(checked > 150, "{checked}");
}
