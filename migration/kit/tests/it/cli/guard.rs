//! The guard against losses, from the very list that is run.

use super::{LATER, OVERTAKEN, Shell};
use crate::database::Database;

#[tokio::test]
async fn an_older_migration_that_is_pending_loses_nothing_unasked() {
    let database = Database::empty().await;
    let shell = Shell { app_env: "production", ..Shell::at(&database.url, "coloured") };
    shell.well("up");
    let shell = Shell { migrator: "overtaken", ..shell };
    let later = LATER.name;
    for command in [
        "up",
        "up -n 1",
        "up -n 9",
        "up --to head",
        "up --to colour",
        &format!("up --to {later}"),
        "up --to drop_",
    ] {
        let refused = shell.ill(command);
        assert!(
            refused.contains("This loses data:") && refused.contains(OVERTAKEN.name),
            "{command}: {refused}"
        );
        assert!(
            refused.contains("DROP COLUMN note") && refused.contains("give --yes"),
            "{command}: {refused}"
        );
    }
    assert!(shell.well("status").contains(&format!("pending  {}", OVERTAKEN.name)));
    database.execute("SELECT note FROM parcels").await;
    shell.well("up --to colour --allow-destructive");
    assert!(shell.well("status").contains(&format!("applied  {}", OVERTAKEN.name)));
}

#[tokio::test]
async fn a_way_down_names_the_migrations_that_it_rolls_back() {
    let database = Database::empty().await;
    let shell = Shell { app_env: "production", ..Shell::at(&database.url, "coloured") };
    assert_eq!(shell.run("down").err, "no migration to run\n");
    shell.well("up");
    let refused = shell.ill("down --to base");
    let listed = format!("that they added:\n  {}: rolled back\n  base: rolled back: give --yes", LATER.name);
    assert!(refused.contains(&listed), "{refused}");
    assert!(!shell.ill("down").contains("base"));
    shell.well("down --yes");
}
