//! `bookly user …`: administration of accounts by the operator.

use std::{
    fs::File,
    io::{self, BufRead, IsTerminal, Write},
};

use service::{
    Account, Actor, Context, Error, Password, auth,
    users::{self, NewUser, User, UserPatch, UserQuery, UserSort, import},
};

use super::{explain, open, print};
use crate::config::{AccountFile, Accounts, Config, CorrectEmail, NewAccount, UserCommand};

/// Accounts that are read at once.
const PAGE: u64 = 100;

/// Runs a command for accounts.
pub(super) async fn run(config: &Config, command: UserCommand) -> Result<(), String> {
    let cx = open(config).await?;
    let done = match command {
        UserCommand::Create(account) => create(&cx, account).await,
        UserCommand::List(accounts) => list(&cx, accounts).await,
        UserCommand::Role(new) => {
            let patch = UserPatch { role: Some(new.role), ..UserPatch::default() };
            change(&cx, &new.username, patch).await
        }
        UserCommand::Disable(account) => {
            let patch = UserPatch { is_active: Some(false), ..UserPatch::default() };
            change(&cx, &account.username, patch).await
        }
        UserCommand::Enable(account) => {
            let patch = UserPatch { is_active: Some(true), ..UserPatch::default() };
            change(&cx, &account.username, patch).await
        }
        UserCommand::Password(account) => set_password(&cx, &account.username).await,
        UserCommand::Verify(account) => {
            let patch = UserPatch { is_verified: Some(true), ..UserPatch::default() };
            change(&cx, &account.username, patch).await
        }
        UserCommand::Email(new) => correct_email(&cx, new).await,
        UserCommand::Delete(account) => delete(&cx, &account.username).await,
        UserCommand::Show(account) => show(&cx, &account.username).await,
        UserCommand::ResetMail(account) => send_reset_mail(&cx, &account.username).await,
        UserCommand::Import(file) => import_file(&cx, file).await,
    };
    cx.db.close().await.map_err(explain)?;
    done
}

async fn create(cx: &Context, account: NewAccount) -> Result<(), String> {
    let password = read_password()?;
    let new = NewUser {
        username: account.username,
        email: account.email,
        first_name: None,
        last_name: None,
        role: Some(account.role),
        is_verified: true,
    };
    let created = users::create_with_password(cx, &Actor::Operator, new, password).await;
    let user = created.map_err(explain)?;
    println!("{} {} {}", user.id, user.username, user.role);
    Ok(())
}

/// Reads a new password, see [`ask_password`].
fn read_password() -> Result<Password, String> {
    ask_password().map_err(|error| format!("cannot read the password: {error}"))
}

/// Prompts for a password twice on a terminal; else reads the first line of standard input.
fn ask_password() -> io::Result<Password> {
    if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Again: ")? != password {
            return Err(io::Error::other("the two passwords differ"));
        }
        return Ok(password.into());
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned().into())
}

async fn list(cx: &Context, accounts: Accounts) -> Result<(), String> {
    let mut cursor = None;
    loop {
        let query = UserQuery {
            limit: Some(PAGE),
            sort: Some(UserSort::Username),
            role: accounts.role,
            cursor,
            ..UserQuery::default()
        };
        let page = users::list(cx, &Actor::Operator, query).await.map_err(explain)?;
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

/// Finds an account by its username.
async fn find(cx: &Context, username: &str) -> Result<Account, String> {
    match users::act_for(cx, username).await {
        Ok(Actor::Account(account)) => Ok(account),
        Ok(Actor::Operator) | Err(Error::NotFound) => Err(format!("there is no account {username:?}")),
        Err(error) => Err(explain(error)),
    }
}

async fn change(cx: &Context, username: &str, patch: UserPatch) -> Result<(), String> {
    let id = find(cx, username).await?.id;
    let user = users::update(cx, &Actor::Operator, id, None, patch).await.map_err(explain)?;
    print!("{}", line(&user));
    Ok(())
}

/// Sets a password. The account is found first, so that no password is asked for in vain.
async fn set_password(cx: &Context, username: &str) -> Result<(), String> {
    let Account { id, username, .. } = find(cx, username).await?;
    auth::assign_password(cx, &Actor::Operator, id, read_password()?).await.map_err(explain)?;
    println!("{id} {username}: the password was set");
    Ok(())
}

async fn correct_email(cx: &Context, new: CorrectEmail) -> Result<(), String> {
    let is_verified = new.verified.then_some(true);
    let patch = UserPatch { email: Some(new.email), is_verified, ..UserPatch::default() };
    change(cx, &new.username, patch).await
}

async fn delete(cx: &Context, username: &str) -> Result<(), String> {
    let Account { id, username, .. } = find(cx, username).await?;
    users::delete(cx, &Actor::Operator, id, None).await.map_err(explain)?;
    println!("{id} {username}: deleted");
    Ok(())
}

async fn show(cx: &Context, username: &str) -> Result<(), String> {
    let id = find(cx, username).await?.id;
    print(&users::details(cx, &Actor::Operator, id).await.map_err(explain)?)
}

async fn send_reset_mail(cx: &Context, username: &str) -> Result<(), String> {
    let Account { id, username, .. } = find(cx, username).await?;
    auth::send_reset(cx, &Actor::Operator, id).await.map_err(explain)?;
    println!("{id} {username}: mail was queued");
    Ok(())
}

/// Account as one line.
fn line(user: &User) -> String {
    let active = if user.is_active { "active" } else { "disabled" };
    let verified = if user.is_verified { "verified" } else { "unverified" };
    format!("{} {} {} {} {active} {verified}\n", user.id, user.username, user.email, user.role)
}

async fn import_file(cx: &Context, from: AccountFile) -> Result<(), String> {
    let path = from.file.display().to_string();
    let file = File::open(&from.file).map_err(|error| format!("{path}: {error}"))?;
    let imported = import::run(cx, &Actor::Operator, file, from.dry_run).await;
    let report = imported.map_err(|error| format!("{path}: {}", explain(error)))?;
    print(&report)?;
    match report.failed {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} rows are invalid; nothing was written", report.rows)),
    }
}
