//! Migration at the start of a program.

use migration::{
    Migrator, MigratorTrait,
    startup::{self, State},
};
use sea_orm_migration_kit::tooling::history::{self, History, MigrationState};

use crate::database::Database;

async fn history(database: &Database) -> History {
    history::read::<Migrator>(&database.connect().await).await.unwrap()
}

fn states(history: &History) -> Vec<MigrationState> {
    history.entries.iter().map(|entry| entry.state).collect()
}

#[tokio::test]
async fn what_a_program_applies_at_its_start_is_known_at_once() {
    let database = Database::empty().await;
    let all = Migrator::migrations().len();
    startup::up(&database.url).await.unwrap();
    assert_eq!(startup::state(&database.connect().await).await.unwrap(), State::Current);
    let applied = history(&database).await;
    assert_eq!((states(&applied), applied.unchecked), (vec![MigrationState::Applied; all], None));

    database.execute("UPDATE _seaql_migrations_checksums SET checksum = 'of another edition'").await;
    assert_eq!(states(&history(&database).await), vec![MigrationState::Edited; all]);
    startup::up(&database.url).await.unwrap();
    assert_eq!(
        states(&history(&database).await),
        vec![MigrationState::Edited; all],
        "a start accepts no edit"
    );
}

#[tokio::test]
async fn a_start_records_the_checksums_that_another_program_left_out() {
    let database = Database::empty().await;
    let db = startup::connect(database.url.clone().into()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    db.close().await.unwrap();
    startup::up(&database.url).await.unwrap();
    database.execute("UPDATE _seaql_migrations_checksums SET checksum = 'of another edition'").await;
    assert!(states(&history(&database).await).iter().all(|state| *state == MigrationState::Edited));
}
