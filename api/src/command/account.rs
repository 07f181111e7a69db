//! `bookly user …`: administration of accounts by the operator.

use std::{
    fs::File,
    io::{self, BufRead, IsTerminal, Write},
    sync::Arc,
};

use service::{
    Actor, Db,
    auth::{self, Auth},
    users::{self, NewUser, User, UserPatch, UserQuery, UserSort, import},
};

use super::{explain, open, print};
use crate::config::{AccountFile, Accounts, Config, NewAccount, UserCommand};

/// Accounts that are read at once.
const PAGE: u64 = 100;

/// Runs a command for accounts.
pub(super) async fn run(config: &Config, command: UserCommand) -> Result<(), String> {
    let db = open(config).await?;
    let done = match command {
        UserCommand::Create(account) => create(config, &db, account).await,
        UserCommand::List(accounts) => list(config, &db, accounts).await,
        UserCommand::Role(new) => {
            let patch = UserPatch { role: Some(new.role), ..UserPatch::default() };
            change(&db, &new.username, patch).await
        }
        UserCommand::Disable(account) => {
            let patch = UserPatch { is_active: Some(false), ..UserPatch::default() };
            change(&db, &account.username, patch).await
        }
        UserCommand::Enable(account) => {
            let patch = UserPatch { is_active: Some(true), ..UserPatch::default() };
            change(&db, &account.username, patch).await
        }
        UserCommand::ResetMail(account) => send_reset_mail(config, &db, &account.username).await,
        UserCommand::Import(file) => import_file(config, &db, file).await,
    };
    db.close().await.map_err(explain)?;
    done
}

fn auth(config: &Config) -> Result<Auth, String> {
    Ok(Auth::new(Arc::new(config.keys()?), config.policy()))
}

async fn create(config: &Config, db: &Db, account: NewAccount) -> Result<(), String> {
    let password = read_password().map_err(|error| format!("cannot read the password: {error}"))?;
    let new = NewUser {
        username: account.username,
        email: account.email,
        first_name: None,
        last_name: None,
        role: Some(account.role),
        is_verified: true,
    };
    let created = users::create_with_password(db, &auth(config)?, &Actor::operator(), new, password).await;
    let user = created.map_err(explain)?;
    println!("{} {} {}", user.id, user.username, user.role);
    Ok(())
}

/// Prompts for a password twice on a terminal; else reads the first line of standard input.
fn read_password() -> io::Result<String> {
    if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Again: ")? != password {
            return Err(io::Error::other("the two passwords differ"));
        }
        return Ok(password);
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

async fn list(config: &Config, db: &Db, accounts: Accounts) -> Result<(), String> {
    let keys = config.keys()?;
    let mut cursor = None;
    loop {
        let query = UserQuery {
            limit: Some(PAGE),
            sort: Some(UserSort::Username),
            role: accounts.role,
            cursor,
            ..UserQuery::default()
        };
        let page = users::list(db, &keys, &Actor::operator(), query).await.map_err(explain)?;
        let lines: String = page.items.iter().map(line).collect();
        match io::stdout().lock().write_all(lines.as_bytes()) {
            // The reader has closed the pipe, like `head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(|error| format!("cannot write the list: {error}"))?,
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

async fn change(db: &Db, username: &str, patch: UserPatch) -> Result<(), String> {
    let nobody = |_| format!("there is no account {username:?}");
    let id = users::act_for(db, username).await.map_err(nobody)?.id;
    let id = id.ok_or_else(|| format!("there is no account {username:?}"))?;
    let user = users::update(db, &Actor::operator(), id, None, patch).await.map_err(explain)?;
    print!("{}", line(&user));
    Ok(())
}

async fn send_reset_mail(config: &Config, db: &Db, username: &str) -> Result<(), String> {
    let owner =
        users::act_for(db, username).await.map_err(|_| format!("there is no account {username:?}"))?;
    let id = owner.id.ok_or_else(|| format!("there is no account {username:?}"))?;
    auth::send_reset(db, &auth(config)?, &Actor::operator(), id).await.map_err(explain)?;
    println!("{id} {}: mail was queued", owner.username);
    Ok(())
}

/// Account as one line.
fn line(user: &User) -> String {
    let active = if user.is_active { "active" } else { "disabled" };
    let verified = if user.is_verified { "verified" } else { "unverified" };
    format!("{} {} {} {} {active} {verified}\n", user.id, user.username, user.email, user.role)
}

async fn import_file(config: &Config, db: &Db, from: AccountFile) -> Result<(), String> {
    let path = from.file.display().to_string();
    let file = File::open(&from.file).map_err(|error| format!("{path}: {error}"))?;
    let imported = import::run(db, &auth(config)?, &Actor::operator(), file, from.dry_run).await;
    let report = imported.map_err(|error| format!("{path}: {}", explain(error)))?;
    print(&report)?;
    match report.failed {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} rows are invalid; nothing was written", report.rows)),
    }
}
