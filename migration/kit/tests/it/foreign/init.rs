//! What `init` writes, and when it writes nothing.

use std::{fs, path::Path};

use super::initialise;

/// The files below a folder with their texts.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (code, said) = initialise(root, "");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there is no Cargo.toml"), "{said}");
    fs::write(
        root.join("Cargo.toml"),
        "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    )
    .unwrap();
    fs::create_dir(root.join("models")).unwrap();
    fs::write(root.join("models/Cargo.toml"), "[package]\nname = \"shop-models\"\n").unwrap();
    fs::write(root.join(".env.example"), "MINE=1\n").unwrap();

    let (code, said) = initialise(root, "--kit nowhere");
    assert!(code == 1 && said.contains("give its folder by --kit"), "{said}");
    let (code, said) =
        initialise(root, "--entities models --folder db/migrations --databases postgres,mariadb");
    assert_eq!(code, 0, "{said}");
    let text = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert!(text("Cargo.toml").ends_with("\n[workspace]\nmembers = [\"models\", \"db/migrations\"]\n"));
    assert!(text(".cargo/config.toml").contains("migrate = \"run --quiet --package migrations --\""));
    assert!(text("db/migrations/Cargo.toml").contains("shop-models = { path = \"../../models\" }"));
    assert!(text("db/migrations/Cargo.toml").contains("\"sqlx-postgres\", \"sqlx-mysql\"]"));
    assert!(text("db/migrations/src/main.rs").contains("&[\"shop_models::*\"]"));
    assert!(text("db/migrations/src/main.rs").contains("&[DbBackend::Postgres, DbBackend::MySql]"));
    assert_eq!(text(".env.example"), "MINE=1\n");
    assert!(!root.join("models/src").exists() && !root.join("entity").exists());

    let before = files(root);
    let (code, said) = initialise(root, "--entities models --folder db/migrations");
    assert!(
        code == 1 && said.contains("db/migrations/Cargo.toml exists already: nothing is written over"),
        "{said}"
    );
    assert_eq!(files(root), before);
}
