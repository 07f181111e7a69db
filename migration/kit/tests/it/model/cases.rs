//! Changes of one schema to another by plain statements, on the database for which they are written: what the
//! comparison says of them, and that they lead there and back.

use sea_orm::DbBackend;
use sea_orm_migration_kit::tooling::diff::Change;

use super::schemas::{catalog, connected, folded, followed, take, written};
use crate::database::Database;

/// Leads a database from one schema to another and back. Returns what the comparison says of it.
async fn lead(from: &[&str], to: &[&str]) -> Vec<String> {
    let database = Database::empty().await;
    let backend = database.backend();
    let all = |sql: &[&str]| sql.iter().map(|&sql| sql.to_owned()).collect::<Vec<_>>();
    let (old, new) = (folded(backend, &all(from)), folded(backend, &all(to)));
    let (changes, up, down) = written(backend, &old, &new);

    let wanted = Database::empty().await;
    for sql in to {
        wanted.execute(sql).await;
    }
    for sql in from {
        database.execute(sql).await;
    }
    let (before, after) = (catalog(&database).await, catalog(&wanted).await);
    let db = connected(&database).await;
    take(&db, &up).await.unwrap();
    assert_eq!(after.differences(&catalog(&database).await), [], "{up:#?}");
    let there = followed(backend, &old, &up);
    assert!(written(backend, &there, &new).0.is_empty(), "{:?}", written(backend, &there, &new).0);
    take(&db, &down).await.unwrap();
    assert_eq!(before.differences(&catalog(&database).await), [], "{down:#?}");
    db.close().await.unwrap();
    changes.iter().map(Change::to_string).collect()
}

async fn is(backend: DbBackend) -> bool {
    Database::empty().await.backend() == backend
}

#[tokio::test]
async fn details_of_an_index_are_compared_and_written() {
    if !is(DbBackend::Postgres).await {
        return;
    }
    let table = "CREATE TABLE t (id bigint PRIMARY KEY, email text NOT NULL, doc jsonb, n integer)";
    let plain = [
        table,
        "CREATE INDEX i_incl ON t (email)",
        "CREATE INDEX i_ops ON t USING gin (doc)",
        "CREATE UNIQUE INDEX i_nulls ON t (n)",
        "CREATE INDEX i_order ON t (n DESC)",
        "CREATE INDEX i_with ON t (n)",
        "CREATE INDEX i_method ON t (n)",
        "CREATE INDEX i_collate ON t (email)",
    ];
    let detailed = [
        table,
        "CREATE INDEX i_incl ON t (email) INCLUDE (n)",
        "CREATE INDEX i_ops ON t USING gin (doc jsonb_path_ops)",
        "CREATE UNIQUE INDEX i_nulls ON t (n) NULLS NOT DISTINCT",
        "CREATE INDEX i_order ON t (n DESC NULLS LAST)",
        "CREATE INDEX i_with ON t (n) WITH (fillfactor = 70)",
        "CREATE INDEX i_method ON t USING brin (n)",
        "CREATE INDEX i_collate ON t (email COLLATE \"C\" text_pattern_ops)",
    ];
    let said = lead(&plain, &detailed).await.join("\n");
    for index in ["i_incl", "i_ops", "i_nulls", "i_order", "i_with", "i_method", "i_collate"] {
        assert!(said.contains(&format!("index {index} on t: new")), "{index}: {said}");
    }
    assert_eq!(lead(&detailed, &detailed).await, [""; 0]);
}

#[tokio::test]
async fn a_column_is_computed_from_something_else() {
    let stored = |sum: &str| {
        format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, a integer, total integer GENERATED ALWAYS AS ({sum}) STORED)"
        )
    };
    let said = lead(&[&stored("1 + 1")], &[&stored("2 + 2")]).await.join("\n");
    assert!(said.contains("generated always as (2 + 2) stored instead of"), "{said}");
    assert!(said.contains("(1 + 1) stored"), "{said}");
}

#[tokio::test]
async fn a_column_that_another_is_computed_from_changes() {
    let table = |kind: &str| {
        format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, a {kind}, twice bigint GENERATED ALWAYS AS (a * 2) STORED, \
             CONSTRAINT ck_twice CHECK (twice < 1000))"
        )
    };
    let index = "CREATE INDEX i_twice ON t (twice)";
    let said = lead(&[&table("smallint"), index], &[&table("bigint"), index]).await.join("\n");
    assert!(said.contains("column t.a: bigint instead of smallint"), "{said}");
}

#[tokio::test]
async fn a_default_is_the_same_in_other_words() {
    if !is(DbBackend::Postgres).await {
        return;
    }
    let table = |b: &str, n: &str, s: &str, at: &str| {
        format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, b boolean NOT NULL DEFAULT {b}, n numeric(10,2) DEFAULT {n}, \
             s varchar(20) DEFAULT {s}, at timestamptz NOT NULL DEFAULT {at})"
        )
    };
    let (one, other) = (
        table("'f'", "0", "'x'::character varying", "now()"),
        table("false", "0.00", "'x'", "CURRENT_TIMESTAMP"),
    );
    assert_eq!(
        written(
            DbBackend::Postgres,
            &folded(DbBackend::Postgres, &[one]),
            &folded(DbBackend::Postgres, &[other])
        )
        .0,
        []
    );
}

#[tokio::test]
async fn a_collation_stays_where_another_column_changes() {
    let (named, deferred) = match Database::empty().await.backend() {
        DbBackend::Postgres => ("text COLLATE \"C\"", "DEFERRABLE INITIALLY DEFERRED"),
        DbBackend::Sqlite => ("text COLLATE NOCASE", "DEFERRABLE INITIALLY DEFERRED"),
        _ => ("varchar(20) CHARACTER SET latin1 COLLATE latin1_bin", ""),
    };
    let parents = "CREATE TABLE p (id bigint PRIMARY KEY)";
    let table = |deferred: &str, n: &str| {
        format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, p_id bigint, name {named}, n {n}, \
             CONSTRAINT fk_p FOREIGN KEY (p_id) REFERENCES p (id) {deferred})"
        )
    };
    let said =
        lead(&[parents, &table("", "integer")], &[parents, &table(deferred, "bigint")]).await.join("\n");
    assert!(said.contains("column t.n"), "{said}");
    assert_eq!(said.contains("DEFERRABLE INITIALLY DEFERRED"), !deferred.is_empty(), "{said}");
}

#[tokio::test]
async fn clauses_of_columns_change() {
    let (old, new) = match Database::empty().await.backend() {
        DbBackend::Postgres => {
            ("varchar(20) COLLATE \"C\" DEFAULT 'a'", "varchar(40) COLLATE \"POSIX\" DEFAULT 'b'")
        }
        DbBackend::Sqlite => ("text COLLATE NOCASE DEFAULT 'a'", "text COLLATE RTRIM DEFAULT 'b'"),
        _ => (
            "varchar(20) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'a' COMMENT 'old \\\\ words'",
            "varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'b' COMMENT 'it''s new'",
        ),
    };
    let table = |column: &str| format!("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, name {column})");
    let said = lead(&[&table(old)], &[&table(new)]).await.join("\n");
    assert!(said.contains("column t.name") && said.contains("collate"), "{said}");
}

#[tokio::test]
async fn mariadb_keeps_on_update_unsigned_and_comments() {
    if !is(DbBackend::MySql).await {
        return;
    }
    let table = |n: &str, comment: &str| {
        format!(
            "CREATE TABLE t (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, n {n}, state enum('it''s','b'), \
             at datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6) COMMENT 'when', \
             sum bigint GENERATED ALWAYS AS (n * 2) VIRTUAL) ENGINE=InnoDB COMMENT='{comment}'"
        )
    };
    let said = lead(&[&table("smallint unsigned NOT NULL", "one")], &[&table("bigint unsigned", "two")])
        .await
        .join("\n");
    assert!(said.contains("column t.n: bigint unsigned instead of smallint unsigned not null"), "{said}");
    assert!(said.contains(r#"comment on t: "two" instead of "one""#), "{said}");
}

#[tokio::test]
async fn postgres_comments_change() {
    if !is(DbBackend::Postgres).await {
        return;
    }
    let table = "CREATE TABLE t (id bigint PRIMARY KEY, name text)";
    let commented =
        [table, "COMMENT ON TABLE t IS 'it''s a table'", "COMMENT ON COLUMN t.name IS 'what it is called'"];
    let said = lead(&[table], &commented).await.join("\n");
    assert!(said.contains(r#"comment on t: "it's a table" instead of none"#), "{said}");
    assert!(said.contains(r#"text comment "what it is called""#), "{said}");
}

#[tokio::test]
async fn tables_in_two_schemas_with_one_name_are_two() {
    if !is(DbBackend::Postgres).await {
        return;
    }
    let to = folded(
        DbBackend::Postgres,
        &[
            "CREATE TABLE sales.events (id bigint PRIMARY KEY)",
            "CREATE TABLE audit.events (id bigint PRIMARY KEY, sale bigint REFERENCES sales.events (id))",
            "CREATE INDEX i_sale ON audit.events (sale)",
        ]
        .map(str::to_owned),
    );
    let (changes, up, down) = written(DbBackend::Postgres, &folded(DbBackend::Postgres, &[]), &to);
    assert_eq!(
        changes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["table sales.events: new", "table audit.events: new"]
    );
    let database = Database::empty().await;
    let db = connected(&database).await;
    take(&db, &up).await.unwrap();
    database.execute("INSERT INTO sales.events VALUES (1); INSERT INTO audit.events VALUES (2, 1)").await;
    take(&db, &down).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn tables_that_refer_to_each_other_are_created_first_and_their_keys_after_that() {
    let circle = || {
        let key = |name: &str, column: &str, table: &str| {
            format!(", CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {table} (id)")
        };
        [
            format!(
                "CREATE TABLE departments (id bigint PRIMARY KEY, head_id bigint{})",
                key("fk_head", "head_id", "employees")
            ),
            format!(
                "CREATE TABLE employees (id bigint PRIMARY KEY, department_id bigint{})",
                key("fk_department", "department_id", "departments")
            ),
        ]
    };
    let database = Database::empty().await;
    let backend = database.backend();
    let to = folded(backend, &circle());
    let (_, up, down) = written(backend, &folded(backend, &[]), &to);
    let before = catalog(&database).await;
    let db = connected(&database).await;
    take(&db, &up).await.unwrap();
    let keys = catalog(&database).await;
    assert_eq!(keys.iter().filter(|(object, _)| object.to_string().starts_with("foreign key")).count(), 2);
    take(&db, &down).await.unwrap();
    assert_eq!(before.differences(&catalog(&database).await), []);
    db.close().await.unwrap();
}

#[tokio::test]
async fn constraints_of_postgres_are_kept_and_compared() {
    if !is(DbBackend::Postgres).await {
        return;
    }
    let plain = [
        "CREATE TABLE p (a bigint, b bigint, CONSTRAINT pk PRIMARY KEY (a), CONSTRAINT u UNIQUE (a, b))",
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (START WITH 5) PRIMARY KEY, a bigint, b bigint, \
         CONSTRAINT f FOREIGN KEY (a, b) REFERENCES p (a, b), CONSTRAINT c CHECK (a > 0), CONSTRAINT u2 UNIQUE (a))",
    ];
    let detailed = [
        plain[0],
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (START WITH 5) PRIMARY KEY, a bigint, b bigint, \
         CONSTRAINT f FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL ON DELETE CASCADE DEFERRABLE, \
         CONSTRAINT c CHECK (a > 0) NO INHERIT, CONSTRAINT u2 UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE INITIALLY DEFERRED)",
    ];
    let said = lead(&plain, &detailed).await.join("\n");
    for part in ["MATCH FULL DEFERRABLE", "NO INHERIT", "NULLS NOT DISTINCT DEFERRABLE INITIALLY DEFERRED"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn an_enum_changes_under_conditions_on_it() {
    if !is(DbBackend::Postgres).await {
        return;
    }
    let with = |values: &str| {
        [
            format!("CREATE TYPE state AS ENUM ({values})"),
            "CREATE TABLE t (id bigint PRIMARY KEY, s state NOT NULL DEFAULT 'new', past state[], \
             CONSTRAINT ck_s CHECK (s <> 'gone'))"
                .to_owned(),
            "CREATE INDEX i_new ON t (id) WHERE s = 'new'".to_owned(),
        ]
    };
    let (from, to) = (with("'new', 'gone'"), with("'new', 'paid', 'gone'"));
    let said = lead(&from.each_ref().map(String::as_str), &to.each_ref().map(String::as_str)).await;
    assert_eq!(said, ["enum state: new, paid, gone instead of new, gone"]);
}

#[tokio::test]
async fn conditions_on_a_column_that_changes_its_type_read_as_if_made_for_it() {
    if !is(DbBackend::Postgres).await {
        return;
    }
    let table = |kind: &str| {
        format!("CREATE TABLE t (id bigint PRIMARY KEY, n {kind}, CONSTRAINT ck_n CHECK (n > -9))")
    };
    let index = "CREATE INDEX i_n ON t (id) WHERE n > 3";
    let said = lead(&[&table("numeric(12, 2)"), index], &[&table("bigint"), index]).await.join("\n");
    assert_eq!(said, "column t.n: bigint instead of decimal(12, 2)");
}
