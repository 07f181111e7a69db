//! Time of `check` on a project of 50 tables of ten columns, with two indexes each and as many migrations.

#![expect(clippy::unwrap_used, reason = "a benchmark stops there")]

use std::{marker::PhantomData, time::Instant};

use sea_orm::DbBackend;
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait, prelude::*,
    schema::*,
};
use sea_orm_migration_kit::tooling::{
    Project,
    compare::{CompareOptions, compare},
    merge::Unspecified,
};

macro_rules! project {
    ($($module:ident $table:tt),+ $(,)?) => {
        mod entities {
            $(pub mod $module {
                use sea_orm::entity::prelude::*;

                #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
                #[sea_orm(table_name = $table)]
                pub struct Model {
                    #[sea_orm(primary_key)]
                    pub id: i64,
                    #[sea_orm(unique)]
                    pub code: String,
                    pub label: Option<String>,
                    pub weight: i64,
                    pub height: Option<i64>,
                    pub share: f64,
                    pub active: bool,
                    pub rank: i16,
                    pub note: Option<String>,
                    pub payload: Vec<u8>,
                }

                #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
                pub enum Relation {}

                impl ActiveModelBehavior for ActiveModel {}
            })+
        }

        const TABLES: &[&str] = &[$($table),+];
    };
}

project!(
    t01 "t01", t02 "t02", t03 "t03", t04 "t04", t05 "t05", t06 "t06", t07 "t07", t08 "t08",
    t09 "t09", t10 "t10", t11 "t11", t12 "t12", t13 "t13", t14 "t14", t15 "t15", t16 "t16",
    t17 "t17", t18 "t18", t19 "t19", t20 "t20", t21 "t21", t22 "t22", t23 "t23", t24 "t24",
    t25 "t25", t26 "t26", t27 "t27", t28 "t28", t29 "t29", t30 "t30", t31 "t31", t32 "t32",
    t33 "t33", t34 "t34", t35 "t35", t36 "t36", t37 "t37", t38 "t38", t39 "t39", t40 "t40",
    t41 "t41", t42 "t42", t43 "t43", t44 "t44", t45 "t45", t46 "t46", t47 "t47", t48 "t48",
    t49 "t49", t50 "t50"
);

/// Creates one table.
struct Create(String, &'static str);

impl MigrationName for Create {
    fn name(&self) -> &str {
        &self.0
    }
}

#[async_trait]
impl MigrationTrait for Create {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table
            .table(self.1)
            .col(big_integer("id").auto_increment().primary_key())
            .col(string_uniq("code"))
            .col(string_null("label"))
            .col(big_integer("weight"))
            .col(big_integer_null("height"))
            .col(double("share"))
            .col(boolean("active"))
            .col(small_integer("rank"))
            .col(string_null("note"))
            .col(blob("payload"));
        manager.create_table(table).await?;
        for column in ["weight", "height"] {
            let name = format!("idx-{}-{column}", self.1);
            manager.create_index(Index::create().name(name).table(self.1).col(column).take()).await?;
        }
        Ok(())
    }
}

struct Tables;

#[async_trait]
impl MigratorTrait for Tables {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let create = |table: &&'static str| -> Box<dyn MigrationTrait> {
            Box::new(Create(format!("m20300101_000001_create_{table}"), table))
        };
        TABLES.iter().map(create).collect()
    }
}

fn main() {
    let project = Project::<Tables> {
        entities: &["check::entities::*"],
        folder: "",
        ignored_tables: &[],
        hints: |_| Vec::new(),
        databases: &[DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql],
        migrator: PhantomData,
    };
    let options =
        CompareOptions { renames: Vec::new(), excluded: Vec::new(), unspecified: Unspecified::Keep };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut times: Vec<_> = (0..21)
        .map(|_| {
            let began = Instant::now();
            let comparison = runtime.block_on(compare(&project, &options)).unwrap();
            assert_eq!(comparison.differences(), [""; 0]);
            began.elapsed()
        })
        .collect();
    let first = times[0];
    times.sort();
    println!("check of {} tables: first {first:?}, median {:?}", TABLES.len(), times[times.len() / 2]);
}
