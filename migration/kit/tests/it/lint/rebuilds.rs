//! Random tables of SQLite, rebuilt at random: a loss is reported if and only if a value is lost.

use std::{collections::BTreeSet, fmt::Write as _};

use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_migration_kit::run;

use super::*;

/// Types that SeaORM writes, and some that people write.
const TYPES: [&str; 30] = [
    "char(9)",
    "varchar",
    "varchar(50)",
    "text",
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "float",
    "double",
    "real(10, 4)",
    "real_decimal",
    "decimal(12, 2)",
    "datetime_text",
    "timestamp_with_timezone_text",
    "date_text",
    "blob",
    "blob(16)",
    "varbinary_blob(16)",
    "boolean",
    "real_money(19, 4)",
    "json_text",
    "uuid_text",
    "enum_text",
    "UNSIGNED BIG INT",
    "NATIVE CHARACTER(70)",
    "NVARCHAR (100)",
    "DOUBLE PRECISION",
    "NUMERIC(+10, -5)",
    "",
];

struct Random(u64);

impl Random {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

/// A table with rows in which every value is there once.
fn table(random: &mut Random, columns: usize) -> Vec<String> {
    let mut definitions = "id integer PRIMARY KEY".to_owned();
    for column in 0..columns {
        let _ = write!(definitions, ", \"c {column}\" {}", random.of(&TYPES));
    }
    let options = random.of(&["", " WITHOUT ROWID"]);
    let mut statements = vec![format!("CREATE TABLE shelves ({definitions}){options}")];
    for row in 1..=3 {
        let values: Vec<String> = (0..columns).map(|column| format!("{}", 1000 * row + column)).collect();
        statements.push(format!("INSERT INTO shelves VALUES ({}, {})", 10 * row, values.join(", ")));
    }
    statements
}

fn rebuild(random: &mut Random, columns: usize) -> Vec<String> {
    let (mut definitions, mut into, mut from) = (
        "id integer PRIMARY KEY".to_owned(),
        vec!["id".to_owned()],
        vec![random.of(&["id", "ID"]).to_owned()],
    );
    for column in 0..columns {
        let name = format!("\"c {column}\"");
        let new = if random.one_in(6) { format!("renamed_{column}") } else { name.clone() };
        if random.one_in(8) {
            continue;
        }
        let _ = write!(definitions, ", {new} {}", random.of(&TYPES));
        if random.one_in(8) {
            continue;
        }
        into.push(new);
        from.push(match random.below(8) {
            0 => format!("coalesce({name}, 0)"),
            1 => format!("CAST({name} AS text)"),
            2 => format!("shelves.{name}"),
            3 if random.one_in(3) => "NULL".to_owned(),
            4 if random.one_in(3) => format!("length({name})"),
            _ => name,
        });
    }
    if random.one_in(3) {
        definitions += ", added int NOT NULL DEFAULT 7";
    }
    let end = match random.below(12) {
        0 => " WHERE id > 10",
        1 => " LIMIT 2",
        2 => " GROUP BY id > 10",
        _ => "",
    };
    let (into, from) = (into.join(", "), from.join(", "));
    let mut statements = vec![format!("CREATE TABLE shelves_new ({definitions})")];
    if !random.one_in(12) {
        statements.push(format!("INSERT INTO shelves_new ({into}) SELECT {from} FROM shelves{end}"));
    }
    if random.one_in(12) {
        statements.push("DELETE FROM shelves_new WHERE id > 10".to_owned());
    }
    statements.push("DROP TABLE shelves".to_owned());
    statements.push("ALTER TABLE shelves_new RENAME TO shelves".to_owned());
    statements
}

/// The values in all rows, as numbers.
async fn values(db: &DatabaseConnection) -> BTreeSet<i64> {
    let columns =
        "SELECT group_concat('SELECT CAST(\"' || name || '\" AS integer) AS v FROM shelves', ' UNION ALL ')
        FROM pragma_table_info('shelves')";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, columns)).await.unwrap().unwrap();
    let all = format!("SELECT v FROM ({}) WHERE v IS NOT NULL", row.try_get_by_index::<String>(0).unwrap());
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, all)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn a_loss_is_reported_if_and_only_if_a_value_is_lost() {
    let db = run::connect("sqlite::memory:".to_owned().into()).await.unwrap();
    let (mut losing, mut keeping) = (0, 0);
    for seed in 0..300 {
        let mut random = Random(seed);
        let columns = 1 + random.below(5);
        let (before, after) = (table(&mut random, columns), rebuild(&mut random, columns));
        db.execute_unprepared("DROP TABLE IF EXISTS shelves").await.unwrap();
        let mut kept = BTreeSet::new();
        for (at, sql) in before.iter().chain(&after).enumerate() {
            if at == before.len() {
                kept = values(&db).await;
            }
            db.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        let lost = !kept.is_subset(&values(&db).await);
        let texts = |statements: &[String]| {
            let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
            recorded(DbBackend::Sqlite, "m", &statements, &[])
        };
        let found = lint::destructive(DbBackend::Sqlite, &[texts(&before)], &[texts(&after)]);
        assert_eq!(!found.is_empty(), lost, "seed {seed}: {before:#?} {after:#?} {found:#?}");
        if lost { losing += 1 } else { keeping += 1 }
    }
    assert!(losing > 50 && keeping > 50, "{losing} {keeping}");
}

#[test]
fn a_rebuild_with_a_decimal_loses_nothing() {
    let before = r#"CREATE TABLE "prices" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "amount" real(10, 4) NOT NULL)"#;
    let after = [
        &before.replace("prices", "prices_rebuilt").replace("10, 4", "12, 4"),
        r#"INSERT INTO "prices_rebuilt" ("id", "amount") SELECT "id", "amount" FROM "prices""#,
        r#"DROP TABLE "prices""#,
        r#"ALTER TABLE "prices_rebuilt" RENAME TO "prices""#,
    ];
    let found = lint::destructive(
        DbBackend::Sqlite,
        &[recorded(DbBackend::Sqlite, "m1", &[before], &[])],
        &[recorded(DbBackend::Sqlite, "m2", &after, &[])],
    );
    assert_eq!(found, []);
}
