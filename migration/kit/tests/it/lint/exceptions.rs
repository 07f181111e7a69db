//! Exceptions that migrations declare.

use super::*;

struct Reasoned;

/// A migration with two exceptions, one of which it does not need.
struct Indexed;

lint_exceptions!(
    Indexed,
    [(Rule::RequireConcurrentIndexCreation, "no rows yet"), (Rule::BanDropTable, "nobody drops")]
);

impl MigrationName for Indexed {
    fn name(&self) -> &'static str {
        "m2_indexed"
    }
}

#[async_trait]
impl MigrationTrait for Indexed {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE INDEX later ON shelves (size)").await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX later").await.map(drop)
    }
}

#[async_trait]
impl MigratorTrait for Reasoned {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let create = Step { name: "m1", up: &[SHELVES], down: &["DROP TABLE shelves"] };
        vec![Box::new(create), Box::new(Indexed)]
    }
}

#[tokio::test]
async fn a_reason_allows_and_one_for_nothing_is_found() {
    let mut recordings = Vec::new();
    for backend in ALL {
        recordings.push((backend, recorder::ups::<Reasoned>(backend).await));
    }
    let findings = lint::run(&recordings);
    let lines: Vec<_> = findings
        .iter()
        .map(|finding| (finding.rule.as_str(), finding.database, finding.allowed.as_deref()))
        .collect();
    assert_eq!(
        lines,
        [
            ("require-concurrent-index-creation", Some("postgres"), Some("no rows yet")),
            ("unused-allow", None, None),
        ]
    );
    assert_eq!(findings.iter().filter(|finding| finding.fails()).count(), 1);
    let without_reason = Exception { rule: Rule::BanDropTable, reason: "" };
    let silent = recorded(DbBackend::Sqlite, "m2", &["DROP TABLE shelves"], &[without_reason]);
    let findings = lint::run(&[(DbBackend::Sqlite, vec![silent])]);
    assert!(
        findings.iter().all(Finding::fails) && findings.len() == 2,
        "a reason must be given: {findings:#?}"
    );
}

#[tokio::test]
async fn taking_back_what_created_a_table_loses_it() {
    for backend in ALL {
        let ups = recorder::ups::<Reasoned>(backend).await;
        let downs = recorder::downs::<Reasoned>(backend).await;
        let findings = lint::destructive(backend, &ups, &downs);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].migration.as_str(), findings[0].rule.as_str()), ("m1", "ban-drop-table"));
        assert!(lint::destructive(backend, &ups, &downs[..1]).is_empty());
    }
}
