//! A migration that stopped half way on MariaDB, in the verbs that look at a database.

use super::Shell;
use crate::{cut_off::cut_off_in_its_first_statement, database::Database};

#[tokio::test]
async fn a_migration_that_was_cut_off_is_shown_with_the_way_on() {
    let Some(database) = cut_off_in_its_first_statement().await else { return };
    let shell = Shell::at(&database.url, "slow");
    let line = "m2_create_lids    after statement 0 of 3; `up` continues";
    let status = shell.ill("status");
    assert!(status.contains(&format!("stopped  {line}")), "{status}");
    let current = shell.well("current");
    assert_eq!(current, "m1_create_crates\nm2_create_lids: stopped after statement 0 of 3; `up` continues\n");
    assert!(shell.well("history -v").contains("\n  stopped      after statement 0 of 3; `up` continues\n"));
    let plan = shell.well("plan");
    assert!(
        plan.starts_with("-- m2_create_lids: stopped after statement 0 of 3; `up` continues\n"),
        "{plan}"
    );
    let history = shell.json("history --json");
    for entry in [&history["entries"][1], &shell.json("current --json")[1], &shell.json("plan --json")[0]] {
        let stopped = &entry["stopped"];
        assert_eq!(
            (&stopped["direction"], &stopped["after"], &stopped["of"]),
            (&"up".into(), &0.into(), &3.into())
        );
    }
    shell.well("up");
    assert!(!shell.well("status").contains("stopped"));
}

#[tokio::test]
async fn of_a_migration_that_failed_half_way_the_plan_has_the_rest() {
    let database = Database::empty().await;
    if database.backend() != sea_orm::DbBackend::MySql {
        return;
    }
    let shell = Shell::at(&database.url, "vans");
    shell.ill("up");
    assert!(shell.ill("status").contains("after statement 2 of 4; `up` continues"));
    let plan = &shell.json("plan --json")[0];
    assert_eq!(plan["sql"].as_array().unwrap().len(), 2, "{plan}");
    assert!(plan["stopped"]["failed"].as_str().unwrap().contains("vans"), "{plan}");

    database.execute("CREATE TABLE vans (id INT)").await;
    shell.well("up");
    database.execute("ALTER TABLE loads RENAME COLUMN weight TO mass").await;
    shell.ill("down");
    assert!(shell.ill("status").contains("after statement 1 of 2; `down` continues"));
    assert!(shell.ill("plan").contains("m2_fill_loads (down) stopped after statement 1 of 2"));
    assert!(shell.ill("up").contains("Run `down` first"));
}
