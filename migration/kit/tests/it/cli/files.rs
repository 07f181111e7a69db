//! Verbs that compare entities with migrations, and write files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Shell;

#[tokio::test]
async fn entities_are_compared_with_migrations_and_no_database() {
    let nowhere = "postgres://nobody:secret@127.0.0.1:1/nothing";
    assert_eq!(Shell::at(nowhere, "agreeing").well("check"), "entities and migrations agree\n");
    let said = Shell::at(nowhere, "losing").ill("check");
    assert!(said.contains("column parcels.note is missing from the migrations"), "{said}");
    assert!(said.contains("cargo migrate autogenerate NAME"), "{said}");
    Shell::at(nowhere, "losing").well("check --exclude par*");
    let strict = Shell::at(nowhere, "agreeing").ill("check --strict");
    assert!(strict.contains("index idx-parcels-weight on parcels is missing from the entities"), "{strict}");
    let unreachable = Shell::at(nowhere, "agreeing").ill("status");
    assert!(!unreachable.contains("secret"), "{unreachable}");
}

#[tokio::test]
async fn what_autogenerate_writes_is_registered_and_what_it_cannot_write_changes_nothing() {
    let shell = Shell::at("sqlite://nothing.db", "losing");
    let list = "//! The list.\n\npub use sea_orm_migration::prelude::*;\n\npub mod base;\n\npub struct Migrator;\n\n\
                impl MigratorTrait for Migrator {\n    fn migrations() -> Vec<Box<dyn MigrationTrait>> {\n        \
                vec![\n            Box::new(base::Migration),\n            Box::new(m20300102_000001_drop_note::Migration),\n        \
                ]\n    }\n}\n\nmod m20300102_000001_drop_note;\n";
    let source = shell.folder.path().join("src");
    assert!(shell.ill("autogenerate note").contains("there is no migration crate in"));
    write_crate(&shell, list);
    for wrong in ["autogenerate note/../../x", "generate x::y"] {
        assert!(shell.ill(wrong).contains("no name for a migration"), "{wrong}");
    }
    assert!(shell.ill("autogenerate note --rename parcels.none=note").contains("no column parcels.none"));
    for (taken, what) in [("parcels.code=state", "column parcels.state"), ("parcels=labels", "table labels")]
    {
        let said = shell.ill(&format!("autogenerate note --allow-destructive --rename {taken}"));
        assert!(said.contains(&format!("there is a {what} already")), "{said}");
    }
    let coloured = Shell { migrator: "coloured", ..Shell::at("", "") };
    write_crate(&coloured, list);
    assert!(coloured.ill("autogenerate colour").contains("--allow-destructive"));
    assert_eq!(fs::read_to_string(source.join("lib.rs")).unwrap(), list);
    assert_eq!(files(&source), ["lib.rs"]);

    let said = shell.well("autogenerate bring-back-the-note");
    assert!(said.starts_with("column parcels.note: new, varchar"), "{said}");
    let written = files(&source).into_iter().find(|file| file != "lib.rs").unwrap();
    assert!(written.starts_with('m') && written.ends_with("_bring_back_the_note.rs"), "{written}");
    let module = written.trim_end_matches(".rs");
    let new = fs::read_to_string(source.join("lib.rs")).unwrap();
    let expected = list
        .replace(
            "drop_note::Migration),\n",
            &format!("drop_note::Migration),\n            Box::new({module}::Migration),\n"),
        )
        .replace(
            "mod m20300102_000001_drop_note;\n",
            &format!("mod m20300102_000001_drop_note;\nmod {module};\n"),
        );
    assert_eq!(new, expected);
    shell.well("generate two_words");
    let generated = files(&source).into_iter().find(|file| file.ends_with("_two_words.rs")).unwrap();
    assert!(fs::read_to_string(source.join(generated)).unwrap().starts_with("//! To two words."));
}

/// A migration crate with this list in the folder of a shell.
fn write_crate(shell: &Shell, list: &str) {
    let folder = shell.folder.path();
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), list).unwrap();
    fs::write(folder.join("Cargo.toml"), "[dependencies]\nsea-orm-migration = \"2.0\"\n").unwrap();
}

/// An empty list of migrations in the folder of a shell.
pub(super) fn empty_list(shell: &Shell) -> (PathBuf, &'static str) {
    let list = "pub struct Migrator;\n\nfn migrations() {\n    vec![]\n}\n";
    write_crate(shell, list);
    (shell.folder.path().join("src"), list)
}

#[tokio::test]
async fn a_trigger_on_a_column_that_goes_is_named() {
    let shell = Shell::at("sqlite://nothing.db", "triggered");
    empty_list(&shell);
    let said = shell.run("autogenerate bleach --allow-destructive");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("warning: the trigger note_colours on parcels names colour"), "{said:?}");
}

#[tokio::test]
async fn a_migration_is_never_written_over_another() {
    let shell = Shell::at("sqlite://nothing.db", "agreeing");
    let (source, list) = empty_list(&shell);
    for second in 0..30 {
        let moment = chrono::Utc::now() + chrono::Duration::seconds(second);
        fs::write(source.join(format!("m{}_twice.rs", moment.format("%Y%m%d_%H%M%S"))), "mine").unwrap();
    }
    let said = shell.ill("generate twice");
    assert!(said.contains("_twice.rs: File exists"), "{said}");
    assert_eq!(fs::read_to_string(source.join("lib.rs")).unwrap(), list);
    let kept = |file: &String| fs::read_to_string(source.join(file)).unwrap() == "mine";
    assert_eq!(files(&source).iter().filter(|file| kept(file)).count(), 30);
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
