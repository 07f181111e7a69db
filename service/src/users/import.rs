//! Accounts of another system, with their passwords as it hashed them: all of a file or nothing.
//!
//! What is in a cell is never repeated, neither in a report nor in an error: in a file whose columns are mixed
//! up any of them may be a password or its hash.

mod file;

use std::{collections::HashMap, io::Read};

use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use serde::Serialize;

use self::file::Row;
use super::{NewUser, identity::normal_email};
use crate::{
    Actor, Db, Error, FieldError, Result, access::Action, auth::Auth, db::End, error::OrTaken,
    import::Problem, security::Event,
};
use entity::users::{ActiveModel, Column, Entity};

/// How many rows are looked up and written at a time. Each has eleven values, and PostgreSQL takes 65,535.
const BATCH: usize = 500;

/// What an import of accounts did.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// True if the import was a dry run that wrote nothing.
    pub dry_run: bool,
    /// Rows of the file.
    pub rows: u64,
    /// Accounts that were opened, or would have been.
    pub created: u64,
    /// Number of invalid rows.
    pub failed: u64,
    /// What is wrong with them, all of it, in the order of the rows.
    pub problems: Vec<Problem>,
}

/// Opens the accounts of a CSV file with the columns `username`, `email` and `hash`, and perhaps
/// `first_name`, `last_name`, `role` and `is_verified`; or nothing, if there is anything wrong in it.
/// Addresses count as verified where those of people who sign up do, unless the file says otherwise.
///
/// # Errors
/// [`Error::UnreadableFile`] for what is no such file. What is wrong with its rows is in the report.
pub async fn run<R>(db: &Db, auth: &Auth, actor: &Actor, file: R, dry_run: bool) -> Result<Report>
where
    R: Read,
{
    actor.may(Action::CreateUser)?;
    // Hashes come from whoever runs the program: nobody else sets a password that is not their own.
    if actor.id.is_some() {
        return Err(Error::Forbidden);
    }
    let mut rows = file::read(file, auth.trusts_addresses())?;
    for row in &mut rows {
        row.check(auth);
    }
    find_repeated(&mut rows);
    let report = db.transaction(move |txn| Box::pin(write(txn, rows, dry_run))).await?;
    let Report { rows, created, failed, .. } = report;
    Event::UsersImported { actor: actor.into(), rows, created, failed, dry_run }.log();
    Ok(report)
}

/// Refuses rows whose name or address another row has.
fn find_repeated(rows: &mut [Row]) {
    let (mut usernames, mut emails) = (HashMap::new(), HashMap::new());
    for row in rows {
        let Some(new) = &row.new else { continue };
        let (username, email) = (new.username.to_lowercase(), normal_email(&new.email));
        for (pointer, first) in [
            ("/username", *usernames.entry(username).or_insert(row.number)),
            ("/email", *emails.entry(email).or_insert(row.number)),
        ] {
            if first != row.number {
                let detail = format!("is that of row {first}, too");
                row.add(FieldError::new(pointer, "duplicate", detail));
            }
        }
    }
}

async fn write(txn: &DatabaseTransaction, mut rows: Vec<Row>, dry_run: bool) -> Result<End<Report>> {
    for batch in rows.chunks_mut(BATCH) {
        find_taken(txn, batch).await?;
    }
    let mut report = Report { dry_run, rows: rows.len() as u64, ..Report::default() };
    report.failed = rows.iter().filter(|row| !row.errors.is_empty()).count() as u64;
    if report.failed > 0 {
        report.problems = rows.into_iter().flat_map(Row::into_problems).collect();
        return Ok(End::Rollback(report));
    }
    let mut accounts = rows.into_iter().filter_map(Row::into_account);
    loop {
        let batch: Vec<ActiveModel> = accounts.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        report.created += batch.len() as u64;
        Entity::insert_many(batch).exec_without_returning(txn).await.or_taken(&["username", "email"])?;
    }
    Ok(if dry_run { End::Rollback(report) } else { End::Commit(report) })
}

/// Refuses rows whose name or address an account has.
async fn find_taken(txn: &DatabaseTransaction, batch: &mut [Row]) -> Result<()> {
    let known = |new: &NewUser| (new.username.to_lowercase(), normal_email(&new.email));
    let (usernames, emails): (Vec<_>, Vec<_>) =
        batch.iter().filter_map(|row| row.new.as_ref().map(known)).unzip();
    let taken = Condition::any().add(Column::Username.is_in(usernames)).add(Column::Email.is_in(emails));
    let taken: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::Username, Column::Email])
        .filter(taken)
        .into_tuple()
        .all(txn)
        .await?;
    let (usernames, emails): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
    for row in batch {
        let Some((username, email)) = row.new.as_ref().map(known) else { continue };
        if usernames.contains(&username) {
            row.add(FieldError::new("/username", "taken", "is that of an account"));
        }
        if emails.contains(&email) {
            row.add(FieldError::new("/email", "taken", "is that of an account"));
        }
    }
    Ok(())
}
