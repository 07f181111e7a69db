//! A script, loaded by the database's own client, leaves what a run leaves.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, Value,
    entity::prelude::{
        ChronoDate, ChronoDateTime, ChronoDateTimeUtc, ChronoDateTimeWithTimeZone, ChronoTime, Uuid,
    },
    sea_query::{ArrayType, prelude::Decimal, prelude::serde_json::json, prelude::time::OffsetDateTime},
};
use sea_orm_migration::{
    MigrationStatus, MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait, prelude::*,
    schema::*,
};
use sea_orm_migration_kit::{
    run::Direction,
    run::recorder,
    tooling::script::{self, ScriptError, Unprintable},
};

use crate::database::Database;

struct Parcels;

struct Create;
struct Fill;
struct Watch;
struct Find;
struct Look;

#[async_trait]
impl MigratorTrait for Parcels {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Create), Box::new(Fill), Box::new(Watch), Box::new(Find)]
    }

    fn migration_table_name() -> DynIden {
        "parcel migrations".into_iden()
    }
}

impl MigrationName for Create {
    fn name(&self) -> &'static str {
        "m20300101_000001_create_parcels"
    }
}

impl MigrationName for Fill {
    fn name(&self) -> &'static str {
        "m20300101_000002_fill_parcels"
    }
}

impl MigrationName for Watch {
    fn name(&self) -> &'static str {
        "m20300101_000003_watch_parcels"
    }
}

impl MigrationName for Find {
    fn name(&self) -> &'static str {
        "m20300101_000004_find_parcels"
    }
}

impl MigrationName for Look {
    fn name(&self) -> &'static str {
        "m20300101_000005_look_at_parcels"
    }
}

#[async_trait]
impl MigrationTrait for Create {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = sea_orm_migration_kit::dialect::table(manager, "parcels");
        table
            .col(uuid("id").primary_key())
            .col(string_len("label", 200).default("it's"))
            .col(text_null("note"))
            .col(boolean("fragile").default(false))
            .col(small_integer_null("small"))
            .col(big_integer_null("big"))
            .col(float_null("ratio"))
            .col(double_null("weight"))
            .col(decimal_len_null("price", 12, 3))
            .col(date_null("day"))
            .col(time_null("hour"))
            .col(date_time_null("local"))
            .col(sea_orm_migration_kit::dialect::moment_null(manager, "sent"))
            .col(sea_orm_migration_kit::dialect::moment_null(manager, "seen"))
            .col(timestamp_with_time_zone_null("read"))
            .col(json_null("extra"))
            .col(ColumnDef::new("content").blob().null().take());
        if manager.get_database_backend() == DbBackend::Postgres {
            table.col(ColumnDef::new("tags").array(ColumnType::Text).null().take());
        }
        manager.create_table(table).await?;
        manager.create_index(Index::create().name("idx-parcels-big").table("parcels").col("big").take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("parcels").take()).await
    }
}

/// Texts that clients, servers and drivers read differently.
const TEXTS: [&str; 9] = [
    "plain",
    "it's \"quoted\" and `ticked`; -- not a comment",
    "back\\slash \\' \\n ?",
    "two\nlines\n.quit\n",
    "carriage\r\nreturn\ttab",
    "Dürer 📚 $1 ?1 :name",
    "",
    "\\",
    "/* open",
];

fn values(backend: DbBackend, number: u32, note: &str) -> Vec<Value> {
    let naive: ChronoDateTime = "2024-02-29T23:59:58.120".parse().unwrap();
    let zoned: ChronoDateTimeWithTimeZone = "2024-02-29T23:59:58.123456+05:30".parse().unwrap();
    let utc: ChronoDateTimeUtc = "2024-02-29T23:59:58Z".parse().unwrap();
    let time = OffsetDateTime::from_unix_timestamp_nanos(1_709_251_198_123_400_000).unwrap();
    let signed = i64::from(number) - 4;
    let mut values: Vec<Value> = vec![
        Uuid::from_u128(0x0123_4567_89ab_cdef_0000 + u128::from(number)).into(),
        note.replace(['\n', '\r'], " ").into(),
        note.into(),
        number.is_multiple_of(2).into(),
        (-5i16).into(),
        (signed * 1_000_000_000_007).into(),
        0.1f32.into(),
        (1.0e-7 * (f64::from(number) - 4.0)).into(),
        Decimal::new(-12_345, 3).into(),
        "2024-02-29".parse::<ChronoDate>().unwrap().into(),
        "03:04:05.000600".parse::<ChronoTime>().unwrap().into(),
        naive.into(),
        zoned.into(),
        utc.into(),
        time.into(),
        json!({ "it's": ["a\\b", null, 1.5] }).into(),
        vec![0u8, 39, 92, 255].into(),
    ];
    if number == 6 {
        values.iter_mut().skip(4).for_each(|value| *value = value.as_null());
    }
    if backend == DbBackend::Postgres {
        let tags = vec![Value::from("it's"), Value::from("b\\")];
        values.push(Value::Array(ArrayType::String, Some(Box::new(tags))));
    }
    values
}

#[async_trait]
impl MigrationTrait for Fill {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let mut columns = vec![
            "id", "label", "note", "fragile", "small", "big", "ratio", "weight", "price", "day", "hour",
            "local", "sent", "seen", "read", "extra", "content",
        ];
        if backend == DbBackend::Postgres {
            columns.push("tags");
        }
        for (number, note) in (0..).zip(TEXTS) {
            let mut insert = Query::insert();
            let row = values(backend, number, note).into_iter().map(Expr::val);
            insert.into_table("parcels").columns(columns.clone()).values_panic(row);
            manager.execute(insert).await?;
        }
        let sql = match backend {
            DbBackend::Postgres => "UPDATE parcels SET big = big-$1 WHERE small = $2 -- once",
            _ => "UPDATE parcels SET big = big-? WHERE small = ? -- once",
        };
        let update = Statement::from_sql_and_values(backend, sql, [Value::from(-3), Value::from(-5i16)]);
        manager.get_connection().execute_raw(update).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.execute(Query::delete().from_table("parcels").take()).await
    }
}

#[async_trait]
impl MigrationTrait for Watch {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DbBackend::Postgres => {
                "CREATE FUNCTION shorten() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN NEW.big := 1; \
                 NEW.note := 'a;b'; RETURN NEW; END $body$; CREATE TRIGGER shorten BEFORE INSERT ON parcels \
                 FOR EACH ROW EXECUTE FUNCTION shorten();"
            }
            DbBackend::MySql => {
                "CREATE TRIGGER shorten BEFORE INSERT ON parcels FOR EACH ROW BEGIN SET NEW.big = 1; \
                 SET NEW.note = 'a;b' || 'c'; END"
            }
            _ => {
                "CREATE TRIGGER shorten AFTER INSERT ON parcels BEGIN UPDATE parcels SET big = 1 WHERE id = NEW.id; \
                 UPDATE parcels SET note = 'a;b' WHERE id = NEW.id; END;"
            }
        };
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DbBackend::Postgres => "DROP FUNCTION shorten() CASCADE",
            _ => "DROP TRIGGER shorten",
        };
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }
}

/// PostgreSQL does it in no transaction.
#[async_trait]
impl MigrationTrait for Find {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let concurrently =
            if manager.get_database_backend() == DbBackend::Postgres { "CONCURRENTLY" } else { "" };
        let sql = format!("CREATE INDEX {concurrently} later ON parcels (day)");
        manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("later").table("parcels").to_owned()).await
    }
}

#[async_trait]
impl MigrationTrait for Look {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let query = Query::select().column("id").from("parcels").take();
        for _ in manager.get_connection().query_all(&query).await? {
            manager.drop_table(Table::drop().table("parcels").take()).await?;
        }
        Ok(())
    }
}

struct Looking;

#[async_trait]
impl MigratorTrait for Looking {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Create), Box::new(Look)]
    }
}

fn table() -> String {
    Parcels::migration_table_name().to_string()
}

/// Gives a script to the client of the database. On SQLite to the driver, which has no commands with a dot.
async fn load(database: &Database, script: &str) -> Result<(), String> {
    let url = url::Url::parse(&database.url).unwrap();
    let mut client = match database.backend() {
        DbBackend::Postgres => {
            let mut psql = Command::new("psql");
            psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", "-", url.as_str()]);
            psql
        }
        DbBackend::MySql => {
            let mut mariadb = Command::new("mariadb");
            mariadb.args(mariadb_arguments(&url));
            mariadb
        }
        _ => {
            let sql: String = script
                .lines()
                .filter(|line| !line.starts_with(".bail"))
                .fold(String::new(), |sql, line| sql + line + "\n");
            let db = database.connect().await;
            let loaded = db.execute_unprepared(&sql).await;
            db.close().await.unwrap();
            return loaded.map(|_| ()).map_err(|error| error.to_string());
        }
    };
    let mut child =
        client.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8(output.stderr).unwrap()) }
}

fn mariadb_arguments(url: &url::Url) -> Vec<String> {
    vec![
        format!("--host={}", url.host_str().unwrap()),
        format!("--port={}", url.port().unwrap_or(3306)),
        format!("--user={}", url.username()),
        format!("--password={}", url.password().unwrap_or_default()),
        url.path().trim_start_matches('/').to_owned(),
    ]
}

/// Everything in a database but comments and moments of application, in an order.
async fn dump(database: &Database) -> Vec<String> {
    let url = url::Url::parse(&database.url).unwrap();
    let (program, arguments) = match database.backend() {
        DbBackend::Postgres => {
            ("pg_dump", vec!["--inserts".to_owned(), "--restrict-key=parcels".to_owned(), url.to_string()])
        }
        DbBackend::MySql => {
            let mut arguments =
                vec!["--compact".to_owned(), "--hex-blob".to_owned(), "--skip-extended-insert".to_owned()];
            arguments.extend(mariadb_arguments(&url));
            ("mariadb-dump", arguments)
        }
        _ => return dump_sqlite(&database.connect().await).await,
    };
    let mut output = Command::new(program).args(&arguments).output().unwrap();
    if program == "pg_dump" && !output.status.success() {
        // Before the release that has it.
        output = Command::new(program).args([&arguments[0], &arguments[2]]).output().unwrap();
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("--"))
        .map(|line| if line.contains("parcel migrations") { without_moment(line) } else { line.to_owned() })
        .collect();
    lines.sort();
    lines
}

fn without_moment(line: &str) -> String {
    let digits = |c: char| c.is_ascii_digit();
    match line.rsplit_once(digits) {
        Some((head, tail)) if line.contains("VALUES") => format!("{}{tail}", head.trim_end_matches(digits)),
        _ => line.to_owned(),
    }
}

async fn dump_sqlite(db: &DatabaseConnection) -> Vec<String> {
    let rows = |sql: String| async move {
        let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        rows.into_iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect::<Vec<_>>()
    };
    let mut dump = rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL".to_owned()).await;
    for table in rows("SELECT name FROM sqlite_master WHERE type = 'table'".to_owned()).await {
        let of = rows(format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')")).await;
        let of: Vec<_> = of.into_iter().filter(|column| !column.contains("applied_at")).collect();
        dump.extend(rows(format!("SELECT {} FROM \"{table}\"", of.join(" || ','  || "))).await);
    }
    dump.sort();
    dump
}

#[tokio::test]
async fn a_loaded_script_leaves_what_a_run_leaves() {
    let (live, loaded) = (Database::empty().await, Database::empty().await);
    let backend = live.backend();
    let db = live.connect().await;
    Parcels::up(&db, None).await.unwrap();
    db.close().await.unwrap();
    let ups = recorder::ups::<Parcels>(backend).await;
    let script = script::render(backend, &ups, Direction::Up, &table(), true).unwrap();
    load(&loaded, &script).await.unwrap();
    let expected = dump(&live).await;
    assert!(expected.iter().any(|line| line.contains("Dürer")), "{expected:#?}");
    assert_eq!(dump(&loaded).await, expected);

    let db = loaded.connect().await;
    let status = Parcels::get_migration_with_status(&db).await.unwrap();
    assert_eq!(status.len(), 4);
    assert!(status.iter().all(|migration| migration.status() == MigrationStatus::Applied));

    let downs = recorder::downs::<Parcels>(backend).await;
    let script = script::render(backend, &downs, Direction::Down, &table(), true).unwrap();
    load(&loaded, &script).await.unwrap();
    assert_eq!(Parcels::get_applied_migrations(&db).await.unwrap().len(), 0);
    assert!(!SchemaManager::new(&db).has_table("parcels").await.unwrap());
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_script_that_fails_leaves_nothing_where_changes_can_be_taken_back() {
    let failing = [
        vec!["INSERT INTO nowhere VALUES (1)"],
        vec![
            "CREATE TABLE shelves (id integer PRIMARY KEY, parent integer, FOREIGN KEY (parent) REFERENCES shelves (id))",
            "INSERT INTO shelves VALUES (1, 2)",
        ],
    ];
    for statements in failing {
        let database = Database::empty().await;
        let backend = database.backend();
        let mut ups = recorder::ups::<Parcels>(backend).await;
        ups[1].statements.extend(statements.into_iter().map(|sql| Statement::from_string(backend, sql)));
        let script = script::render(backend, &ups, Direction::Up, &table(), true).unwrap();
        load(&database, &script).await.unwrap_err();
        let db = database.connect().await;
        let left = SchemaManager::new(&db).has_table("parcels").await.unwrap();
        assert_eq!(left, backend == DbBackend::MySql);
        if left {
            let applied = Parcels::get_applied_migrations(&db).await.unwrap();
            assert_eq!(applied.len(), 1, "the migration that failed is not noted as applied");
        }
        db.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_migration_that_reads_rows_is_pointed_out() {
    let backend = DbBackend::Sqlite;
    let ups = recorder::ups::<Looking>(backend).await;
    let lax = script::render(backend, &ups, Direction::Up, "seaql_migrations", false).unwrap();
    assert!(
        lax.contains(
            "-- Depends on rows, and was recorded on empty tables. Review the statements after this query: SELECT \"id\""
        ),
        "{lax}"
    );
    let strict = script::render(backend, &ups, Direction::Up, "seaql_migrations", true);
    assert!(
        matches!(strict, Err(ScriptError::Reads { migration, .. }) if migration.ends_with("look_at_parcels"))
    );
}

#[tokio::test]
async fn a_text_with_a_nul_is_refused() {
    for backend in [DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql] {
        let mark = if backend == DbBackend::Postgres { "$1" } else { "?" };
        let nul = Statement::from_sql_and_values(backend, format!("SELECT {mark}"), ["a\0b".into()]);
        assert_eq!(script::statement(&nul), Err(Unprintable::Nul));
        let lost = Statement::from_sql_and_values(backend, format!("SELECT {mark}"), []);
        assert_eq!(script::statement(&lost), Err(Unprintable::Missing));
    }
}
