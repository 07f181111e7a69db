//! Verbs that change a database.

use serde_json::Value;

use super::{LATER, LOSING, Shell};
use crate::database::Database;

#[tokio::test]
async fn a_database_goes_up_and_down_and_tells_where_it_stands() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    assert_eq!(shell.well("current"), "no migration is applied\n");
    assert_eq!(shell.json("current --json"), Value::Array(Vec::new()));
    assert_eq!(shell.json("plan --json").as_array().unwrap().len(), 2);
    assert!(shell.well("plan").contains("CREATE TABLE"));

    let applied = shell.run("up -n 1");
    assert_eq!((applied.code, applied.out.as_str()), (0, ""));
    assert!(applied.err.starts_with("applied base in "), "{applied:?}");
    assert_eq!(shell.well("current"), "base\n");
    assert_eq!(shell.json("plan --json")[0]["name"], LATER.name);
    assert!(shell.well("status").ends_with(&format!("pending  {}\n", LATER.name)));
    assert!(shell.run("up --to colour").err.starts_with(&format!("applied {}", LATER.name)));
    assert_eq!(shell.well("heads").trim_end(), LATER.name);
    assert_eq!(shell.well("plan"), "no migration is pending\n");
    let history = shell.json("history --json");
    assert!(history["entries"].as_array().unwrap().iter().all(|entry| entry["state"] == "applied"));
    assert!(shell.well("history -v").contains("\n  applied at   20"));
    assert!(shell.well("show colour").contains("ADD COLUMN colour"));
    assert_eq!(shell.json("show colour --json")["name"], LATER.name);
    assert_eq!(shell.run("up").err, "no migration to run\n");

    assert!(shell.run("down").err.starts_with(&format!("rolled back {}", LATER.name)));
    shell.well("refresh");
    shell.well("fresh");
    shell.well("down --to base");
    assert_eq!(shell.well("current"), "no migration is applied\n");
    shell.well("up");
    shell.well("reset");
    assert!(!shell.well("status").contains("applied "));
}

#[tokio::test]
async fn a_name_that_is_none_is_answered_with_those_near_it() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    for command in ["up --to color", "down --to color", "show color", "stamp color", "sql --to color"] {
        let said = shell.ill(command);
        assert!(said.contains("there is no migration \"color\"; near it are m20300101"), "{command}: {said}");
    }
    assert_eq!(shell.well("current"), "no migration is applied\n");
}

#[tokio::test]
async fn outside_development_nothing_is_lost_unless_somebody_says_yes() {
    let database = Database::empty().await;
    let shell = Shell { app_env: "production", ..Shell::at(&database.url, "losing") };
    let said = shell.ill("up");
    assert!(said.contains("drop_note") && said.contains("give --yes"), "{said}");
    assert_eq!(shell.well("current"), "no migration is applied\n");
    shell.well("up -n 1");
    for command in ["up", "down", "down --to base", "fresh", "refresh", "reset"] {
        assert!(shell.ill(command).contains("give --yes"), "{command}");
    }
    assert_eq!(shell.well("current"), "base\n");
    let refused = shell.run("plan --json");
    let plan: Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!((refused.code, plan[0]["losses"].as_array().unwrap().len()), (1, 1));
    assert_eq!(refused.err, shell.run("up").err);
    for consent in ["--yes", "--allow-destructive", "-n 0", "--to base"] {
        shell.well(&format!("plan {consent}"));
    }
    assert!(shell.ill("plan --to nothing").contains("there is no migration \"nothing\""));
    shell.well("up --allow-destructive");
    shell.well("fresh --yes");
    shell.well("down -y");
    assert_eq!(shell.well("current"), "base\n");
}

#[tokio::test]
async fn a_migration_that_was_edited_after_it_was_applied_is_reported() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    shell.well("up");
    let mut after = Shell { migrator: "recoloured", ..shell };
    let name = LATER.name;
    assert!(after.ill("status").contains(&format!("edited   {name}")));
    assert!(after.ill("check").contains(&format!("{name} was edited after it had been applied")));
    assert!(after.run("up").err.contains(&format!("warning: {name} was edited")));
    // A reverted migration does not count as edited, and neither does its replacement.
    for again in [&["refresh"][..], &["reset", "up"][..]] {
        let before = Shell { migrator: "coloured", ..after };
        before.well("fresh");
        after = Shell { migrator: "recoloured", ..before };
        for verb in again {
            after.well(verb);
        }
        assert!(after.well("status").contains(&format!("applied  {name}")), "{again:?}");
    }
    after = Shell { migrator: "coloured", ..after };
    after.well("fresh");
    after = Shell { migrator: "recoloured", ..after };
    // To stamp is to accept it.
    after.well("stamp head");
    assert!(after.well("status").contains(&format!("applied  {name}")));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "losing");
    shell.well("up");
    let older = Shell { migrator: "agreeing", ..shell };
    let name = LOSING.name;
    assert!(older.ill("status").contains(&format!("missing  {name}")));
    for command in ["up", "down", "stamp head", "drift"] {
        assert!(older.ill(command).contains(name), "{command}");
    }
    older.well("stamp base --purge");
    assert_eq!(older.well("current"), "no migration is applied\n");
    older.well("stamp head");
    assert_eq!(older.well("current"), "base\n");
}

#[tokio::test]
async fn fresh_says_what_it_drops_and_leaves_what_is_excluded() {
    let database = Database::empty().await;
    let shell = Shell { app_env: "production", ..Shell::at(&database.url, "coloured") };
    shell.well("up");
    for sql in [
        "CREATE TABLE django_users (id INT)",
        "INSERT INTO django_users VALUES (7)",
        "CREATE VIEW one AS SELECT 1 AS n",
    ] {
        database.execute(sql).await;
    }
    let said = shell.ill("fresh --exclude django_*");
    assert!(said.contains("This drops all tables, views, types and functions of the"), "{said}");
    assert!(said.contains(" except django_*, also those of other programs"), "{said}");
    let said = shell.ill("reset --exclude django_*");
    assert!(said.contains("drops the views, types and functions that are left except django_*"), "{said}");
    shell.well("fresh --yes --exclude django_*");
    database.execute("CREATE VIEW one AS SELECT id FROM django_users WHERE id = 7").await;
    shell.well("reset --yes");
    database.execute("CREATE VIEW one AS SELECT id FROM django_users").await;
}
