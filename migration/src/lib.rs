#![doc = include_str!("../README.md")]

pub use sea_orm_migration::prelude::*;

pub mod startup;

mod m20261121_000001_create_users;
mod m20261121_000002_create_books;
mod m20261121_000003_create_sessions;
mod m20261121_000004_index_books;
mod m20261121_000005_index_users;
mod m20261121_000006_index_sessions;
mod m20261121_000010_create_outbox;
mod m20261121_000011_index_outbox;
mod m20261121_000012_add_pending_email;
mod m20261121_000013_index_idle_sessions;
mod m20261121_000020_index_filters;
mod m20261121_000021_search_books;
mod m20261121_000022_add_work_to_books;
mod m20261121_000023_index_works_of_books;
mod m20261121_000024_add_proof_stamp;
mod m20261125_000001_rename_token_epoch;
mod m20261125_000002_rename_work_key;
mod m20261125_235500_page_sessions;

/// Migrator with all migrations in their order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_create_users::Migration),
            Box::new(m20261121_000002_create_books::Migration),
            Box::new(m20261121_000003_create_sessions::Migration),
            Box::new(m20261121_000004_index_books::Migration),
            Box::new(m20261121_000005_index_users::Migration),
            Box::new(m20261121_000006_index_sessions::Migration),
            Box::new(m20261121_000010_create_outbox::Migration),
            Box::new(m20261121_000011_index_outbox::Migration),
            Box::new(m20261121_000012_add_pending_email::Migration),
            Box::new(m20261121_000013_index_idle_sessions::Migration),
            Box::new(m20261121_000020_index_filters::Migration),
            Box::new(m20261121_000021_search_books::Migration),
            Box::new(m20261121_000022_add_work_to_books::Migration),
            Box::new(m20261121_000023_index_works_of_books::Migration),
            Box::new(m20261121_000024_add_proof_stamp::Migration),
            Box::new(m20261125_000001_rename_token_epoch::Migration),
            Box::new(m20261125_000002_rename_work_key::Migration),
            Box::new(m20261125_235500_page_sessions::Migration),
        ]
    }
}
