//! Tables of the entity crate against the code that must handle every one of them.

use std::{collections::BTreeSet, fs};

use api::openapi::openapi;

use crate::workspace;

/// Tables of an account that its export leaves out. Mail repeats the account's address, and is deleted once it is sent.
const NOT_EXPORTED: [&str; 1] = ["outbox"];

/// Tables whose model contains one of `texts`.
fn tables_with(texts: &[&str]) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    for file in workspace::sources("entity/src/generated") {
        let model = fs::read_to_string(&file).unwrap();
        if texts.iter().any(|text| model.contains(text)) {
            tables.insert(file.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    tables
}

#[test]
fn rows_with_a_version_count_their_updates() {
    let behavior = fs::read_to_string(workspace::root().join("entity/src/behavior.rs")).unwrap();
    let (_, versioned) = behavior.split_once("\nversioned!(").unwrap();
    let versioned = versioned.split(')').next().unwrap().split(',').map(|table| table.trim().to_owned());
    let expected = tables_with(&["    pub version: i64,", "    pub updated_at: "]);
    assert!(expected.contains("books"), "{expected:?}");
    assert_eq!(versioned.collect::<BTreeSet<_>>(), expected, "`versioned!` in entity/src/behavior.rs (left)");
}

#[test]
fn an_export_has_every_table_that_refers_to_an_account() {
    let document = openapi()["components"]["schemas"]["Export"]["properties"].as_object().unwrap();
    let owned = tables_with(&["BelongsTo<super::users::Entity>", "BelongsTo<Option<super::users::Entity>>"]);
    assert!(owned.contains("sessions"), "{owned:?}");
    for table in &owned {
        let left_out = NOT_EXPORTED.contains(&table.as_str());
        assert_ne!(document.contains_key(table), left_out, "`document!` in service/src/own_data.rs: {table}");
    }
    assert!(NOT_EXPORTED.iter().all(|table| owned.contains(*table)), "{owned:?}");
}
