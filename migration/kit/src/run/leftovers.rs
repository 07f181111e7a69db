//! Objects that SeaORM's `fresh` leaves behind on PostgreSQL: it drops tables and types, but no functions and no
//! sequences of their own.

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};

/// The statements that drop them, except objects of an extension or a type.
const DROPS: &str = "
    SELECT 'DROP ROUTINE IF EXISTS ' || it.oid::regprocedure || ' CASCADE' AS sql
    FROM pg_proc AS it JOIN pg_namespace AS space ON space.oid = it.pronamespace
    WHERE space.nspname = current_schema() AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = it.oid AND deptype IN ('e', 'i'))
    UNION ALL
    SELECT 'DROP SEQUENCE IF EXISTS ' || it.oid::regclass || ' CASCADE'
    FROM pg_class AS it JOIN pg_namespace AS space ON space.oid = it.relnamespace
    WHERE space.nspname = current_schema() AND it.relkind = 'S' AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = it.oid AND deptype IN ('e', 'i'))";

/// Drops the functions and sequences of the current schema.
pub(super) async fn drop_all(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    if txn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    for row in txn.query_all_raw(Statement::from_string(DbBackend::Postgres, DROPS)).await? {
        txn.execute_unprepared(&row.try_get::<String>("", "sql")?).await?;
    }
    Ok(())
}
