//! Findings, and the list of rules.

use super::*;

#[test]
fn what_cannot_be_read_is_noted() {
    for backend in ALL {
        let findings = broken(backend, &["FROBNICATE shelves"]);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!((findings[0].rule.as_str(), findings[0].fails()), ("unread-statement", false));
    }
    expect(
        DbBackend::Sqlite,
        &[(
            &[
                "CREATE TRIGGER noted AFTER INSERT ON shelves BEGIN DELETE FROM shelves; END",
                "PRAGMA foreign_keys = OFF",
            ],
            &[],
        )],
    );
}

#[test]
fn a_finding_is_one_line_with_the_safer_way() {
    let findings = broken(DbBackend::MySql, &["ALTER TABLE shelves\n DROP COLUMN label"]);
    assert_eq!(
        findings[0].to_string(),
        "m2 on mariadb: ban-drop-column: its values are lost, and the version that still runs asks for them; instead: \
         release a version that neither reads nor writes the column, then drop it [ALTER TABLE shelves DROP COLUMN label]"
    );
    for backend in ALL {
        for sql in
            ["CREATE INDEX later ON shelves (size)", "DROP TABLE shelves", "DROP VIEW seen", "VACUUM FULL"]
        {
            for finding in broken(backend, &[sql]) {
                assert!(!finding.to_string().contains('\n') && !finding.instead.is_empty(), "{finding}");
            }
        }
    }
}
