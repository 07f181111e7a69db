//! For each kind of change: entities are edited, `autogenerate` writes the migration, it goes up with rows in the tables,
//! entities and migrations agree, it goes down and up again, and the entities regenerate as they were edited.

use std::{fs, marker::PhantomData, path::Path};

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, PaginatorTrait,
    QueryFilter, Statement,
    prelude::Uuid,
    sea_query::{ConditionalStatement, Expr, ExprTrait, Index},
};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};
use sea_orm_migration_kit::{
    run,
    tooling::{
        autogenerate::draft,
        catalog::Catalog,
        compare::{CompareOptions, Comparison, Project, compare},
        merge::Unspecified,
        write::{Backfills, Rename},
    },
};

use crate::{
    database::Database,
    entities::{self, depots, labels, parcels},
    enums, kinds,
};

/// The migrations before the change.
struct Base;

impl MigratorTrait for Base {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(entities::base::Migration)]
    }
}

/// Those before a change of an enum.
struct WithEnum;

impl MigratorTrait for WithEnum {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(entities::base::Migration), Box::new(enums::base::Migration)]
    }
}

/// A change, and what is to be said on the command line for it.
struct Kind {
    /// The entities after it.
    entities: &'static [&'static str],
    /// The folder of its fixtures.
    name: &'static str,
    hints: fn(DbBackend) -> Vec<Statement>,
    renames: Vec<Rename>,
    backfills: Backfills,
    excluded: &'static [&'static str],
    /// Whether it must be said that data may be lost.
    guarded: bool,
    /// Whether rows do not come back as they were.
    loses: bool,
    /// What `sea-orm-cli` cannot generate entities from: it reads no enums but PostgreSQL's, and takes a unique index
    /// on some rows of SQLite for one on all.
    unread: &'static [DbBackend],
}

impl Kind {
    fn project<M: MigratorTrait>(&self, migrator: PhantomData<M>) -> Project<M> {
        Project {
            entities: self.entities,
            folder: env!("CARGO_MANIFEST_DIR"),
            ignored_tables: self.excluded,
            hints: self.hints,
            databases: &[DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql],
            migrator,
        }
    }

    async fn compare<M: MigratorTrait>(&self, renames: &[Rename]) -> Comparison {
        let options = CompareOptions {
            renames: renames.to_vec(),
            excluded: Vec::new(),
            unspecified: Unspecified::Keep,
        };
        compare(&self.project(PhantomData::<M>), &options).await.unwrap()
    }
}

async fn round_trip<B: MigratorTrait, M: MigratorTrait>(
    kind: Kind,
    holds: impl AsyncFn(&DatabaseConnection),
) {
    let comparison = kind.compare::<B>(&kind.renames).await;
    assert!(!comparison.agrees());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    if kind.guarded {
        draft(&comparison, &kind.backfills, false, folder).unwrap_err();
    }
    let source = draft(&comparison, &kind.backfills, kind.guarded, folder).unwrap();
    assert_written(&kind, &source);

    let database = Database::empty().await;
    // Anew after each change: a connection remembers what its statements answered with.
    let connected = async || run::connect(ConnectOptions::new(&database.url)).await.unwrap();
    let db = connected().await;
    B::up(&db, None).await.unwrap();
    fill(&db).await;
    let (rows_before, before) = (rows(&db).await, catalog(&db).await);
    M::up(&db, None).await.unwrap();

    let db = connected().await;
    let after = catalog(&db).await;
    holds(&db).await;
    assert_keys_hold(&db).await;
    let comparison = kind.compare::<M>(&[]).await;
    assert!(comparison.agrees(), "{:?}", comparison.changes);
    M::down(&db, Some(1)).await.unwrap();

    let db = connected().await;
    assert_eq!(before.differences(&catalog(&db).await), []);
    assert_keys_hold(&db).await;
    if !kind.loses {
        assert_eq!(rows(&db).await, rows_before);
    }
    M::up(&db, None).await.unwrap();
    let db = connected().await;
    assert_eq!(after.differences(&catalog(&db).await), []);
    if !kind.loses {
        holds(&db).await;
    }
    assert_regenerates(&kind, &database).await;
}

async fn catalog(db: &DatabaseConnection) -> Catalog {
    Catalog::read(db, |_| true).await.unwrap()
}

/// The fixture is what is written now; spaces are not compared, since `rustfmt` may be missing.
fn assert_written(kind: &Kind, source: &str) {
    let path = format!("{}/tests/it/kinds/{}/migration.rs", env!("CARGO_MANIFEST_DIR"), kind.name);
    let squeeze =
        |text: &str| text.split_whitespace().collect::<String>().replace(",)", ")").replace(",]", "]");
    if squeeze(&fs::read_to_string(&path).unwrap()) != squeeze(source) {
        fs::write(format!("{path}.new"), source).unwrap();
        panic!("{path} is not what is written now: compare it with {path}.new");
    }
}

async fn fill(db: &DatabaseConnection) {
    let (north, south) = (Uuid::now_v7(), Uuid::now_v7());
    for (id, name, city) in [(north, "North", None), (south, "South", Some("Rome".to_owned()))] {
        let depot = depots::ActiveModel { id: Set(id), name: Set(name.to_owned()), city: Set(city) };
        depot.insert(db).await.unwrap();
    }
    for (number, depot) in [(1, Some(north)), (2, Some(south)), (3, None)] {
        let id = Uuid::now_v7();
        let parcel = parcels::ActiveModel {
            id: Set(id),
            code: Set(format!("P-{number}")),
            weight: Set(number * 10),
            note: Set((number == 2).then(|| "O'Hara \\ \"“ü”".to_owned())),
            state: Set("moved".to_owned()),
            arrived_at: Set(None),
            depot_id: Set(depot),
        };
        parcel.insert(db).await.unwrap();
        for side in 0..number {
            let colour = Set(format!("colour {side}"));
            labels::ActiveModel { parcel_id: Set(id), colour, side: Set(side) }.insert(db).await.unwrap();
        }
    }
}

type Rows = (Vec<depots::Model>, Vec<parcels::Model>, Vec<labels::Model>);

async fn rows(db: &DatabaseConnection) -> Rows {
    let mut rows: Rows = (
        depots::Entity::find().all(db).await.unwrap(),
        parcels::Entity::find().all(db).await.unwrap(),
        labels::Entity::find().all(db).await.unwrap(),
    );
    rows.0.sort_by_key(|row| row.id);
    rows.1.sort_by_key(|row| row.id);
    rows.2.sort_by_key(|row| (row.parcel_id, row.colour.clone()));
    rows
}

/// No row refers to one that is not there; on the servers the foreign keys see to it.
async fn assert_keys_hold(db: &DatabaseConnection) {
    if db.get_database_backend() == DbBackend::Sqlite {
        let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA foreign_key_check");
        assert_eq!(db.query_all_raw(check).await.unwrap().len(), 0);
    }
}

/// What `sea-orm-cli generate entity` writes now is what was edited, but for the attributes that it has no words for.
/// From MariaDB it generates other types, so nobody does.
async fn assert_regenerates(kind: &Kind, database: &Database) {
    if database.backend() == DbBackend::MySql || kind.unread.contains(&database.backend()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().to_str().unwrap();
    let arguments =
        ["sea-orm-cli", "generate", "entity", "--entity-format", "dense", "--banner-version", "off"];
    let arguments = arguments.into_iter().chain(["-u", &database.url, "-o", into]);
    let cli = <sea_orm_cli::Cli as clap::Parser>::try_parse_from(arguments).unwrap();
    let sea_orm_cli::Commands::Generate { command } = cli.command else {
        panic!("not the command that was given")
    };
    sea_orm_cli::run_generate_command(command, false).await.unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let enums = [folder.path().join("sea_orm_active_enums.rs").exists().then_some("sea_orm_active_enums")];
    let tables = kind.entities.iter().map(|module| module.rsplit("::").next().unwrap());
    for file in tables.chain(enums.into_iter().flatten()).map(|module| format!("{module}.rs")) {
        let places = [format!("kinds/{}", kind.name), "entities".to_owned(), "enums".to_owned()];
        let edited =
            places.map(|place| fixtures.join(place).join(&file)).into_iter().find(|path| path.exists());
        let generated = fs::read_to_string(folder.path().join(&file)).unwrap();
        let edited = fs::read_to_string(edited.unwrap()).unwrap();
        assert_eq!(without_hints(&generated), without_hints(&edited), "{file}");
    }
}

/// The source of an entity without attributes that say what the generator leaves out.
fn without_hints(source: &str) -> String {
    let hints =
        ["default_value", "default_expr", "indexed", "extra", "renamed_from", "column_type = \"String("];
    let is_hint = |line: &&str| {
        line.trim()
            .strip_prefix("#[sea_orm(")
            .is_some_and(|rest| hints.iter().any(|hint| rest.starts_with(hint)))
    };
    source.lines().filter(|line| !is_hint(line)).collect::<Vec<_>>().join("\n")
}

fn no_hints(_: DbBackend) -> Vec<Statement> {
    Vec::new()
}

/// A test for a kind of change: the tables whose entities are others afterwards, those whose are the same, what else it
/// needs, and what holds then.
macro_rules! kind {
    (
        @$base:ident [$($before:expr),*] $kind:ident
        [$($own:ident)*] [$($same:ident)*] { $($field:ident: $value:expr),* } $holds:expr
    ) => {
        #[tokio::test]
        async fn $kind() {
            struct Changed;
            impl MigratorTrait for Changed {
                fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                    vec![$(Box::new($before),)* Box::new(kinds::$kind::migration::Migration)]
                }
            }
            let kind = Kind {
                entities: &[
                    $(concat!("it::kinds::", stringify!($kind), "::", stringify!($own)),)*
                    $(concat!("it::kinds::", stringify!($kind), "::", stringify!($same)),)*
                ],
                name: stringify!($kind),
                hints: no_hints,
                renames: Vec::new(),
                backfills: Backfills::new(),
                excluded: &[],
                guarded: false,
                loses: false,
                unread: &[],
            };
            let kind = Kind { $($field: $value,)* ..kind };
            round_trip::<$base, Changed>(kind, $holds).await;
        }
    };
    ($kind:ident $own:tt $same:tt $fields:tt $holds:expr) => {
        kind!(@Base [entities::base::Migration] $kind $own $same $fields $holds);
    };
}

kind!(add_table [depots vans] [labels parcels] {} async |db| {
    use kinds::add_table::vans;
    let depot = depots::Entity::find().one(db).await.unwrap().unwrap();
    let van = vans::ActiveModel { plate: Set("B 1".to_owned()), depot_id: Set(depot.id), ..Default::default() };
    let van = van.insert(db).await.unwrap();
    assert_eq!(van.seats, 2);
    vans::Entity::delete_by_id(van.id).exec(db).await.unwrap();
});

kind!(drop_table [parcels] [depots] { guarded: true, loses: true } async |db| {
    assert_eq!(kinds::drop_table::parcels::Entity::find().count(db).await.unwrap(), 3);
});

kind!(add_column [parcels] [depots labels] {
    backfills: Backfills::from([(("parcels".to_owned(), "shelf".to_owned()), "'A'".to_owned())])
} async |db| {
    for parcel in kinds::add_column::parcels::Entity::find().all(db).await.unwrap() {
        assert_eq!((parcel.sender, parcel.fragile, parcel.shelf), (None, true, "A".to_owned()));
    }
});

kind!(fill_column [parcels] [depots labels] {
    backfills: [
        ("batch", "'0190a000-0000-7000-8000-00000000000f'"),
        ("opens_at", "'07:30:00'"),
        ("since", "'2026-01-31'"),
        ("extras", r#"'{"says": "it''s \\ \"fragile\""}'"#),
        ("moved_at", "'2026-01-31T12:00:00+02:00'"),
    ].map(|(column, sql)| (("parcels".to_owned(), column.to_owned()), sql.to_owned())).into()
} async |db| {
    let parcels = kinds::fill_column::parcels::Entity::find().all(db).await.unwrap();
    assert_eq!(parcels.len(), 3);
    for parcel in parcels {
        assert_eq!(parcel.batch, Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_000f));
        assert_eq!((parcel.opens_at.to_string(), parcel.since.to_string()), ("07:30:00".to_owned(), "2026-01-31".to_owned()));
        assert_eq!(parcel.extras["says"], "it's \\ \"fragile\"");
        assert_eq!(parcel.moved_at.to_utc().to_rfc3339(), "2026-01-31T10:00:00+00:00");
    }
});

kind!(drop_column [parcels] [depots labels] { guarded: true, loses: true } async |db| {
    let parcels = kinds::drop_column::parcels::Entity::find().all(db).await.unwrap();
    assert_eq!(parcels.iter().filter(|parcel| parcel.depot_id.is_some()).count(), 2);
});

kind!(rename_column [parcels] [depots labels] {} async |db| {
    let parcels = kinds::rename_column::parcels::Entity::find().all(db).await.unwrap();
    assert_eq!(parcels.iter().map(|parcel| parcel.grams).sum::<i64>(), 60);
});

kind!(rename_table [parcels tags] [depots] {
    renames: vec![Rename::Table { from: "labels".to_owned(), to: "tags".to_owned() }]
} async |db| {
    assert_eq!(kinds::rename_table::tags::Entity::find().count(db).await.unwrap(), 6);
});

kind!(change_type [labels parcels] [depots] { guarded: true } async |db| {
    let sides = kinds::change_type::labels::Entity::find().all(db).await.unwrap();
    assert_eq!(sides.iter().map(|label| label.side.to_string()).filter(|side| side == "1").count(), 2);
});

kind!(change_length [parcels] [depots labels] {} async |db| {
    use kinds::change_length::parcels;
    let parcel = parcels::ActiveModel {
        id: Set(Uuid::now_v7()),
        code: Set("x".repeat(40)),
        ..Default::default()
    };
    let parcel = parcel.insert(db).await.unwrap();
    parcels::Entity::delete_by_id(parcel.id).exec(db).await.unwrap();
});

kind!(change_nullability [parcels] [depots labels] { loses: true } async |db| {
    let parcels = kinds::change_nullability::parcels::Entity::find().all(db).await.unwrap();
    assert_eq!(parcels.iter().filter(|parcel| parcel.note.is_empty()).count(), 2);
});

kind!(change_default [parcels] [depots labels] {} async |db| {
    use kinds::change_default::parcels;
    let parcel = parcels::ActiveModel { id: Set(Uuid::now_v7()), code: Set("P-4".to_owned()), ..Default::default() };
    parcel.clone().insert(db).await.expect_err("nothing says what it weighs");
    let parcel = parcels::ActiveModel { weight: Set(1), ..parcel }.insert(db).await.unwrap();
    assert_eq!(parcel.state, "waiting");
    parcels::Entity::delete_by_id(parcel.id).exec(db).await.unwrap();
});

kind!(unique [depots parcels] [labels] {} async |db| {
    let second = parcels::ActiveModel { id: Set(Uuid::now_v7()), code: Set("P-1".to_owned()), ..Default::default() };
    second.insert(db).await.unwrap_err();
    let second = depots::ActiveModel { id: Set(Uuid::now_v7()), name: Set("North".to_owned()), city: Set(None) };
    let second = second.insert(db).await.unwrap();
    depots::Entity::delete_by_id(second.id).exec(db).await.unwrap();
});

kind!(composite_unique [parcels] [depots labels] {} async |db| {
    let second = |state: &str| parcels::ActiveModel {
        id: Set(Uuid::now_v7()),
        code: Set("P-1".to_owned()),
        state: Set(state.to_owned()),
        ..Default::default()
    };
    second("moved").insert(db).await.unwrap_err();
    let parcel = second("new").insert(db).await.unwrap();
    parcels::Entity::delete_by_id(parcel.id).exec(db).await.unwrap();
});

kind!(plain_index [parcels] [depots labels] {} async |db| {
    assert!(has_index(db, "parcels", "idx-parcels-arrived_at").await);
});

kind!(hinted_indexes [] [depots labels parcels] {
    unread: &[DbBackend::Sqlite],
    hints: |backend| {
        let composite = Index::create().name("idx-parcels-state_code").table("parcels").col("state").col("code").take();
        let partial = Index::create()
            .unique()
            .name("idx-parcels-code")
            .table("parcels")
            .col("code")
            .and_where(Expr::col("state").eq("new"))
            .take();
        let gone = Index::drop().name("idx-parcels-weight").table("parcels").to_owned();
        vec![backend.build(&composite), backend.build(&partial), backend.build(&gone)]
    }
} async |db| {
    assert!(has_index(db, "parcels", "idx-parcels-state_code").await);
    assert!(!has_index(db, "parcels", "idx-parcels-weight").await);
    let second = |state: &str| parcels::ActiveModel {
        id: Set(Uuid::now_v7()),
        code: Set("P-9".to_owned()),
        state: Set(state.to_owned()),
        ..Default::default()
    };
    for state in ["old", "old", "new"] {
        second(state).insert(db).await.unwrap();
    }
    // MariaDB has no partial indexes: the rule cannot hold there.
    assert_eq!(second("new").insert(db).await.is_ok(), db.get_database_backend() == DbBackend::MySql);
    parcels::Entity::delete_many().filter(parcels::Column::Code.eq("P-9")).exec(db).await.unwrap();
});

kind!(primary_key [labels] [depots parcels] {} async |db| {
    use kinds::primary_key::labels;
    let label = labels::Entity::find().one(db).await.unwrap().unwrap();
    let other = labels::ActiveModel {
        parcel_id: Set(label.parcel_id),
        colour: Set(label.colour.clone()),
        side: Set(9),
    };
    other.clone().insert(db).await.unwrap();
    other.clone().insert(db).await.unwrap_err();
    labels::Entity::delete_by_id((label.parcel_id, label.colour, 9)).exec(db).await.unwrap();
});

kind!(foreign_key [depots parcels] [labels] {} async |db| {
    use kinds::foreign_key::depots;
    let depot = depots::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(depot.parcel_id, None);
    let depot = depots::ActiveModel { parcel_id: Set(Some(Uuid::nil())), ..depot.into() };
    enforced(db, async || depot.clone().update(db).await.unwrap_err()).await;
});

kind!(foreign_key_action [labels parcels] [depots] {} async |db| {
    enforced(db, async || {
        parcels::Entity::delete_many().exec(db).await.expect_err("labels refer to them");
        let depot = Uuid::now_v7();
        let row = depots::ActiveModel { id: Set(depot), name: Set("West".to_owned()), city: Set(None) };
        row.insert(db).await.unwrap();
        let parcel = parcels::ActiveModel {
            id: Set(Uuid::now_v7()),
            code: Set("P-5".to_owned()),
            depot_id: Set(Some(depot)),
            ..Default::default()
        };
        parcel.insert(db).await.unwrap();
        depots::Entity::delete_by_id(depot).exec(db).await.unwrap();
    })
    .await;
});

kind!(check [labels] [depots parcels] {
    hints: |backend| {
        let gone = "ALTER TABLE \"parcels\" DROP CONSTRAINT \"ck-parcels-weight\"";
        let new = "ALTER TABLE \"parcels\" ADD CONSTRAINT \"ck-parcels-code\" CHECK (\"code\" <> 'it''s' AND \"weight\" < 1000)";
        vec![Statement::from_string(backend, gone), Statement::from_string(backend, new)]
    }
} async |db| {
    for (sql, holds) in [
        ("UPDATE labels SET side = -1 WHERE side = 0", false),
        ("UPDATE parcels SET weight = 1000", false),
        ("UPDATE parcels SET code = 'it''s'", false),
        ("UPDATE parcels SET weight = -weight", true),
        ("UPDATE parcels SET weight = -weight", true),
    ] {
        assert_eq!(db.execute_unprepared(sql).await.is_ok(), holds, "{sql}");
    }
});

kind!(@WithEnum [entities::base::Migration, enums::base::Migration] enum_value [vans] [] {
    unread: &[DbBackend::Sqlite],
    excluded: &["depots", "labels", "parcels"]
} async |db| {
    use kinds::enum_value::{sea_orm_active_enums::VanSize, vans};
    let van = vans::ActiveModel {
        plate: Set("B 1".to_owned()),
        size: Set(VanSize::Medium),
        spare: Set(Some(VanSize::Large)),
    };
    let van = van.insert(db).await.unwrap();
    let medium = vans::Entity::find().filter(vans::Column::Size.eq(VanSize::Medium)).all(db).await.unwrap();
    assert_eq!(medium, [van]);
    vans::Entity::delete_by_id("B 1").exec(db).await.unwrap();
});

kind!(@WithEnum [entities::base::Migration, enums::base::Migration] enum_value_gone [vans] [] {
    guarded: true,
    unread: &[DbBackend::Sqlite],
    excluded: &["depots", "labels", "parcels"]
} async |db| {
    let small = "INSERT INTO vans (plate, size) VALUES ('B 2', 'small')";
    // Only SQLite knows no enums.
    assert_eq!(db.execute_unprepared(small).await.is_ok(), db.get_database_backend() == DbBackend::Sqlite);
    db.execute_unprepared("DELETE FROM vans").await.unwrap();
});

async fn has_index(db: &DatabaseConnection, table: &str, index: &str) -> bool {
    SchemaManager::new(db).has_index(table, index).await.unwrap()
}

/// Does something with foreign keys enforced, as they are everywhere but on the connection that migrates SQLite.
async fn enforced<T>(db: &DatabaseConnection, work: impl AsyncFn() -> T) {
    let pragma = async |value: &str| {
        if db.get_database_backend() == DbBackend::Sqlite {
            db.execute_unprepared(&format!("PRAGMA foreign_keys = {value}")).await.unwrap();
        }
    };
    pragma("ON").await;
    work().await;
    pragma("OFF").await;
}
