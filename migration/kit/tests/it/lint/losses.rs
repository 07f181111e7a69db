//! Losses of data, on all databases.

use super::*;

#[test]
fn what_loses_data_is_found_everywhere_under_one_name() {
    for backend in ALL {
        expect(
            backend,
            &[
                (&["DROP TABLE shelves"], &["ban-drop-table"]),
                (&["DROP TABLE IF EXISTS shelves"], &["ban-drop-table"]),
                (&["ALTER TABLE shelves DROP COLUMN label"], &["ban-drop-column"]),
                (&["DELETE FROM shelves"], &["delete-without-where"]),
                (&["DELETE FROM shelves WHERE id = 1"], &[]),
                (&["UPDATE shelves SET size = 1"], &["update-without-where"]),
                (&["UPDATE shelves SET size = 1 WHERE size IS NULL"], &[]),
                (&["ALTER TABLE shelves RENAME TO racks"], &["renaming-table"]),
                (&["ALTER TABLE shelves RENAME COLUMN label TO title"], &["renaming-column"]),
                (&["ALTER TABLE shelves ADD COLUMN depth bigint NOT NULL"], &["adding-required-field"]),
                (&["ALTER TABLE shelves ADD COLUMN depth bigint NOT NULL DEFAULT 0"], &[]),
                (&["ALTER TABLE shelves ADD COLUMN depth bigint"], &[]),
            ],
        );
        let lost = broken(backend, &["DROP TABLE shelves"]);
        assert_eq!(lost[0].level, Level::Loss);
    }
}

#[test]
fn what_is_done_to_a_table_of_the_same_migration_is_safe() {
    for backend in ALL {
        let racks = "CREATE TABLE racks (id bigint)";
        let mariadb = backend == DbBackend::MySql;
        let several: &[&str] = if mariadb { &["several-changes"] } else { &[] };
        let mixing: &[&str] = if mariadb { &["mixing-schema-and-rows"] } else { &[] };
        expect(
            backend,
            &[
                (&[racks, "DROP TABLE racks"], several),
                (&[racks, "UPDATE racks SET id = 2", "DELETE FROM racks"], mixing),
                (&[racks, "ALTER TABLE racks RENAME TO rows_of_shelves"], several),
                (&[racks, "CREATE INDEX later ON racks (id)"], several),
            ],
        );
    }
}

#[test]
fn a_column_that_was_just_added_is_filled_row_by_row() {
    for backend in ALL {
        let statements = [
            "ALTER TABLE shelves ADD COLUMN depth bigint",
            "UPDATE shelves SET depth = 1 WHERE depth IS NULL",
        ];
        let rules: &[&str] = match backend {
            DbBackend::MySql => &["mixing-schema-and-rows", "update-without-where"],
            _ => &["update-without-where"],
        };
        expect(backend, &[(&statements, rules)]);
    }
}

const BUILD: &str = "CREATE TABLE shelves_rebuilt (id bigint, label varchar(20), size bigint, kind text)";
const DROP: &str = "DROP TABLE shelves";
const RENAME: &str = "ALTER TABLE shelves_rebuilt RENAME TO shelves";

#[test]
fn a_rebuild_loses_the_columns_that_it_leaves_out() {
    let copy = |columns: &str, from: &str| {
        format!("INSERT INTO shelves_rebuilt ({columns}) SELECT {from} FROM shelves")
    };
    let all = "id, label, size, kind";
    let cases: [(String, &[&str]); 7] = [
        (copy(all, all), &["rebuilding-table"]),
        ("INSERT INTO shelves_rebuilt SELECT * FROM shelves".to_owned(), &["rebuilding-table"]),
        (copy("rowid, id, label, size, kind", "rowid, id, label, size, kind"), &["rebuilding-table"]),
        (copy(all, "id, trim(label), coalesce(size, 0), kind"), &["rebuilding-table"]),
        (copy("id, label, size", "id, label, size"), &["ban-drop-column", "rebuilding-table"]),
        (copy("id, title, size, kind", all), &["rebuilding-table", "renaming-column"]),
        (format!("{} WHERE size > 1", copy(all, all)), &["ban-drop-table"]),
    ];
    for (copy, expected) in cases {
        expect(DbBackend::Sqlite, &[(&[BUILD, &copy, DROP, RENAME], expected)]);
    }
    let aside = [
        "ALTER TABLE shelves RENAME TO shelves_old",
        SHELVES,
        "INSERT INTO shelves SELECT * FROM shelves_old",
        "DROP TABLE shelves_old",
    ];
    expect(DbBackend::Sqlite, &[(&aside, &["rebuilding-table"])]);
}

#[test]
fn a_guard_sees_only_what_loses_data() {
    let copy = "INSERT INTO shelves_rebuilt (id, label) SELECT id, label FROM shelves";
    let cases: [(&[&str], &[&str]); 5] = [
        (&["DROP TABLE shelves"], &["ban-drop-table"]),
        (&[BUILD, copy, DROP, RENAME], &["ban-drop-column"]),
        (&["ALTER TABLE shelves RENAME TO racks", "UPDATE racks SET size = 1"], &[]),
        (&["CREATE INDEX later ON shelves (size)", "DROP INDEX later"], &[]),
        (&["DELETE FROM shelves"], &["delete-without-where"]),
    ];
    for backend in ALL {
        let before = [recorded(backend, "m1", &[SHELVES], &[])];
        for (statements, expected) in cases {
            let run = [recorded(backend, "m2", statements, &[])];
            let findings = lint::destructive(backend, &before, &run);
            let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
            assert_eq!(rules, expected, "{statements:?}");
        }
    }
}
