//! The number of crates that the kit adds to those of `sea-orm-migration`.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// Crates that the kit may add with its default features.
const MOST: usize = 45;

/// A package that has `sea-orm-migration` with the features that the kit gives it, and nothing else.
const ALONE: &str = r#"[package]
name = "alone"
version = "0.1.0"
edition = "2024"

[dependencies]
sea-orm-migration = { version = "2.0", default-features = false, features = ["runtime-tokio-rustls", "sqlx-mysql", "sqlx-postgres", "sqlx-sqlite"] }
"#;

/// The crates that are compiled for a package, each with its version.
fn crates(folder: &Path, package: &str) -> BTreeSet<String> {
    let output = Command::new("cargo")
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--package",
            package,
        ])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let crates = lines.lines().filter(|line| !line.starts_with(package));
    crates.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_kit_adds_few_crates() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "").unwrap();
    fs::write(folder.path().join("Cargo.toml"), ALONE).unwrap();
    fs::copy(workspace.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let (all, alone) = (crates(workspace, "sea-orm-migration-kit"), crates(folder.path(), "alone"));
    assert!(alone.len() > 100, "{alone:#?}");
    let added: Vec<&String> = all.difference(&alone).collect();
    assert!(added.len() <= MOST, "{} crates: {added:#?}", added.len());
}
