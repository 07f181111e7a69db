//! Migrations that are tried up, down and up again.

use sea_orm::DbBackend;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sea_orm_migration_kit::tooling::verify::{self, Outcome, Phase, Verified};

use crate::{
    database::Database,
    depot::{Depot, INDEXES, NOTES, PARCELS, SHELVES, Sql},
};

/// A migrator of the migrations that are given.
macro_rules! migrator {
    ($name:ident: $($migration:expr),+ $(,)?) => {
        struct $name;
        impl MigratorTrait for $name {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                vec![$(Box::new($migration)),+]
            }
        }
    };
}

fn told(verified: &[Verified]) -> Vec<String> {
    verified.iter().map(ToString::to_string).collect()
}

fn ways(verified: &Verified) -> Vec<Phase> {
    verified.steps.iter().map(|step| step.way).collect()
}

#[tokio::test]
async fn good_migrations_are_found_good() {
    let database = Database::empty().await;
    let verified = verify::run::<Depot>(&database.url).await.unwrap();
    assert_eq!(
        told(&verified),
        [
            "m1_create_shelves: good",
            "m2_create_parcels: good",
            "m3_index_parcels: good",
            "m4_add_notes: good"
        ]
    );
    assert!(verified.iter().all(|verified| ways(verified) == [Phase::Up, Phase::Down, Phase::Again]));
}

#[tokio::test]
async fn the_database_beside_is_left_alone() {
    let database = Database::empty().await;
    database
        .execute("CREATE TABLE parcels (id bigint NOT NULL PRIMARY KEY); INSERT INTO parcels VALUES (1)")
        .await;
    let verified = verify::run::<Depot>(&database.url).await.unwrap();
    assert!(verified.iter().all(Verified::is_good));
    database.execute("INSERT INTO parcels (id) VALUES (2)").await;
}

#[tokio::test]
async fn a_down_that_forgets_is_caught() {
    migrator!(Forgetful: SHELVES, PARCELS, Sql { down: Some(&["DROP INDEX idx_parcels_code {on}"]), ..INDEXES }, NOTES);
    let database = Database::empty().await;
    let verified = verify::run::<Forgetful>(&database.url).await.unwrap();
    let faulty = told(&verified)[2].clone();
    let lines: Vec<&str> = faulty.lines().collect();
    assert_eq!(lines[..2], ["m3_index_parcels: faulty", "  down does not restore the schema:"]);
    assert!(lines[2].starts_with("    index idx_parcels_shelf_id_weight on parcels: added"), "{faulty}");
    assert!(lines[3].starts_with("  up after down: "), "{faulty}");
    assert_eq!(told(&verified)[3], "m4_add_notes: good");
}

#[tokio::test]
async fn a_down_that_takes_too_much_is_caught() {
    let database = Database::empty().await;
    // No condition and no index may be on the column that goes.
    migrator!(Plain: SHELVES,
        Sql { name: "m2_pots", up: &["CREATE TABLE pots (id bigint NOT NULL PRIMARY KEY, size bigint DEFAULT 4)"],
              down: Some(&["DROP TABLE pots"]), transaction: None },
        Sql { name: "m3_greedy", up: &["ALTER TABLE pots ADD COLUMN note varchar(40)"],
              down: Some(&["ALTER TABLE pots DROP COLUMN note", "ALTER TABLE pots DROP COLUMN size"]), transaction: None },
        Sql { name: "m4_after", up: &["UPDATE pots SET size = 1"], down: Some(&[]), transaction: None });
    let verified = verify::run::<Plain>(&database.url).await.unwrap();
    assert_eq!(
        told(&verified)[2],
        "m3_greedy: faulty\n  down does not restore the schema:\n    column pots.size: dropped\n  \
         up after down does not repeat the schema:\n    column pots.size: dropped"
    );
    assert_eq!(told(&verified)[3], "m4_after: good");
}

#[tokio::test]
async fn an_irreversible_migration_is_named_and_the_next_is_tried() {
    migrator!(Irreversible: SHELVES, Sql { down: None, ..PARCELS }, INDEXES);
    let database = Database::empty().await;
    let verified = verify::run::<Irreversible>(&database.url).await.unwrap();
    assert_eq!(
        told(&verified),
        [
            "m1_create_shelves: good",
            "m2_create_parcels: good\n  down: irreversible: what is gone is gone",
            "m3_index_parcels: good"
        ]
    );
    assert_eq!(ways(&verified[1]), [Phase::Up, Phase::Down]);
}

#[tokio::test]
async fn a_down_that_fails_half_way_does_not_spoil_the_next() {
    migrator!(Halting: SHELVES, PARCELS,
        Sql { down: Some(&["DROP INDEX idx_parcels_code {on}", "DROP TABLE ghosts"]), ..INDEXES }, NOTES);
    let database = Database::empty().await;
    let verified = verify::run::<Halting>(&database.url).await.unwrap();
    assert!(matches!(&verified[2].steps[1].outcome, Outcome::Failed(words) if words.contains("ghosts")));
    assert!(!verified[2].is_good());
    assert_eq!(told(&verified)[3], "m4_add_notes: good");
}

#[tokio::test]
async fn a_panic_is_a_finding() {
    migrator!(Panicking: SHELVES, Sql { down: Some(&["panic"]), ..PARCELS }, INDEXES);
    let database = Database::empty().await;
    let verified = verify::run::<Panicking>(&database.url).await.unwrap();
    assert!(
        matches!(&verified[1].steps[1].outcome, Outcome::Failed(words) if words.starts_with("panicked: "))
    );
    assert_eq!(told(&verified)[2], "m3_index_parcels: good");
}

#[tokio::test]
async fn an_up_that_fails_is_the_last() {
    migrator!(Stuck: SHELVES, Sql { up: &["CREATE TABLE shelves (id bigint)"], ..PARCELS }, INDEXES);
    let database = Database::empty().await;
    let verified = verify::run::<Stuck>(&database.url).await.unwrap();
    assert_eq!(verified.len(), 2);
    assert!(matches!(&verified[1].steps[..], [step] if matches!(step.outcome, Outcome::Failed(_))));
}

#[tokio::test]
async fn a_report_is_json_too() {
    migrator!(Irreversible: Sql { down: None, ..SHELVES });
    let database = Database::empty().await;
    let verified = verify::run::<Irreversible>(&database.url).await.unwrap();
    let json = serde_json::to_value(&verified).unwrap();
    assert_eq!(json[0]["name"], "m1_create_shelves");
    assert_eq!(json[0]["steps"][0]["outcome"], "good");
    assert_eq!(json[0]["steps"][1]["outcome"]["irreversible"], "what is gone is gone");
    assert!(json[0]["steps"][1]["took"].is_f64());
}

#[tokio::test]
async fn what_cannot_run_in_a_transaction_gets_a_database() {
    migrator!(Concurrent: SHELVES, PARCELS,
        Sql { name: "m3_concurrently", up: &["CREATE INDEX CONCURRENTLY idx_parcels_code ON parcels (code)"],
              down: Some(&["DROP INDEX CONCURRENTLY idx_parcels_code"]), transaction: Some(false) });
    migrator!(Unsafe:
        Sql { name: "m1", up: &["CREATE TYPE tea AS ENUM ('black')",
                                "CREATE TABLE cups (id bigint NOT NULL PRIMARY KEY, tea tea NOT NULL)"],
              down: Some(&["DROP TABLE cups", "DROP TYPE tea"]), transaction: None },
        Sql { name: "m2", up: &["ALTER TYPE tea ADD VALUE 'green' BEFORE 'black'"], down: None, transaction: None },
        Sql { name: "m3", up: &["ALTER TABLE cups ALTER COLUMN tea SET DEFAULT 'green'"],
              down: Some(&["ALTER TABLE cups ALTER COLUMN tea DROP DEFAULT"]), transaction: None });
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let verified = verify::run::<Concurrent>(&database.url).await.unwrap();
    assert!(verified.iter().all(Verified::is_good), "{:?}", told(&verified));
    let verified = verify::run::<Unsafe>(&database.url).await.unwrap();
    assert_eq!(
        told(&verified),
        ["m1: good", "m2: good\n  down: irreversible: what is gone is gone", "m3: good"]
    );
}
