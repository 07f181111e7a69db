//! Import of accounts from another system, with their password hashes: a whole file or nothing.
//!
//! Reports and errors never repeat the content of a cell: in a file with swapped columns it may be a password or a
//! hash.

mod file;

use std::{collections::HashMap, io::Read};

use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use serde::Serialize;

use self::file::AccountRow;
use super::{NewUser, identity::normal_email};
use crate::{
    Actor, Context, FieldCode, FieldError, Result,
    access::Action,
    db::TransactionOutcome,
    error::{OrViolated, Unique},
    report::RowProblem,
    security::Event,
};
use entity::users::{ActiveModel, Column, Entity};

/// Rows per statement. Each row has eleven values, and PostgreSQL accepts 65,535 parameters.
const BATCH: usize = 500;

/// Result of an import of accounts.
#[derive(Debug, Default, Serialize)]
pub struct UserImportReport {
    /// True if the import was a trial that changed nothing.
    pub dry_run: bool,
    /// Rows of the file.
    pub rows: u64,
    /// Accounts that were created, or would have been in a trial.
    pub created: u64,
    /// Rows that are not valid.
    pub failed: u64,
    /// All problems, in the order of the rows.
    pub problems: Vec<RowProblem>,
}

/// Creates the accounts of a CSV file with the columns `username`, `email` and `hash`, and optionally `first_name`,
/// `last_name`, `role` and `is_verified`. One invalid row, and nothing is written. Without `is_verified`, addresses
/// are verified if sign-up requires no verification.
///
/// # Errors
/// [`Error::UnreadableFile`](crate::Error::UnreadableFile) if the file is not CSV with these columns. Problems of rows
/// are in the report.
pub async fn run<R>(cx: &Context, actor: &Actor, file: R, dry_run: bool) -> Result<UserImportReport>
where
    R: Read,
{
    actor.require_operator(Action::CreateUser)?;
    let mut rows = file::read(file, !cx.policy().email_verification)?;
    for row in &mut rows {
        row.check(cx.passwords());
    }
    find_repeated(&mut rows);
    let report = cx.db.transaction(move |txn| Box::pin(write(txn, rows, dry_run))).await?;
    let UserImportReport { rows, created, failed, .. } = report;
    Event::UsersImported { actor: actor.into(), rows, created, failed, dry_run }.log();
    Ok(report)
}

/// Rejects rows with the username or address of an earlier row.
fn find_repeated(rows: &mut [AccountRow]) {
    let (mut usernames, mut emails) = (HashMap::new(), HashMap::new());
    for row in rows {
        let Some(new) = &row.new else { continue };
        let (username, email) = (new.username.to_lowercase(), normal_email(&new.email));
        for (pointer, first) in [
            ("/username", *usernames.entry(username).or_insert(row.number)),
            ("/email", *emails.entry(email).or_insert(row.number)),
        ] {
            if first != row.number {
                let detail = format!("is also in row {first}");
                row.add(FieldError::new(pointer, FieldCode::Duplicate, detail));
            }
        }
    }
}

async fn write(
    txn: &DatabaseTransaction,
    mut rows: Vec<AccountRow>,
    dry_run: bool,
) -> Result<TransactionOutcome<UserImportReport>> {
    for batch in rows.chunks_mut(BATCH) {
        find_taken(txn, batch).await?;
    }
    let mut report = UserImportReport { dry_run, rows: rows.len() as u64, ..UserImportReport::default() };
    report.failed = rows.iter().filter(|row| !row.errors.is_empty()).count() as u64;
    if report.failed > 0 {
        report.problems = rows.into_iter().flat_map(AccountRow::into_problems).collect();
        return Ok(TransactionOutcome::Rollback(report));
    }
    let mut accounts = rows.into_iter().filter_map(AccountRow::into_account);
    loop {
        let batch: Vec<ActiveModel> = accounts.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        report.created += batch.len() as u64;
        Entity::insert_many(batch)
            .exec_without_returning(txn)
            .await
            .or_taken(&[Unique::Username, Unique::Email])?;
    }
    Ok(if dry_run { TransactionOutcome::Rollback(report) } else { TransactionOutcome::Commit(report) })
}

/// Rejects rows with the username or address of an existing account.
async fn find_taken(txn: &DatabaseTransaction, batch: &mut [AccountRow]) -> Result<()> {
    let identity = |new: &NewUser| (new.username.to_lowercase(), normal_email(&new.email));
    let (usernames, emails): (Vec<_>, Vec<_>) =
        batch.iter().filter_map(|row| row.new.as_ref().map(identity)).unzip();
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
        let Some((username, email)) = row.new.as_ref().map(identity) else { continue };
        if usernames.contains(&username) {
            row.add(FieldError::new("/username", FieldCode::Taken, "belongs to an existing account"));
        }
        if emails.contains(&email) {
            row.add(FieldError::new("/email", FieldCode::Taken, "belongs to an existing account"));
        }
    }
    Ok(())
}
