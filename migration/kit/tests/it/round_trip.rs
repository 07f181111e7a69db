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
    /// Databases from which `sea-orm-cli` generates other entities: it reads enums of PostgreSQL only, and takes a
    /// partial unique index of SQLite for a full one.
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

/// Checks that `sea-orm-cli generate entity` writes the edited entities, except for attributes that it cannot write.
/// From MariaDB it generates other types, so this is not checked there.
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

mod columns;
mod constraints;
mod indexes;
mod native_enums;
mod tables;
