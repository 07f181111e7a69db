//! Projects of their own, which `sea-orm-migrate init` makes, and which depend on the kit by its path. Their commands run
//! as users would type them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

mod adopted;
mod branches;
mod init;
mod workflow;

const ENTITY: &str = r#"use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parcels")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub label: String,
}

impl ActiveModelBehavior for ActiveModel {}
"#;

/// Projects share the target folder of this workspace, in which their programs have one name.
static TURN: Mutex<()> = Mutex::const_new(());

struct Project {
    folder: TempDir,
    url: String,
    _turn: MutexGuard<'static, ()>,
}

impl Project {
    /// A workspace with the lock file and the profiles of this one, so that its dependencies are compiled once, in which
    /// `init` has run with these options.
    async fn init(options: &str, url: &str) -> Self {
        let turn = TURN.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let manifest = fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
        let profiles = manifest.find("[profile").map_or("", |start| &manifest[start..]);
        fs::write(folder.path().join("Cargo.toml"), format!("[workspace]\nresolver = \"3\"\n\n{profiles}"))
            .unwrap();
        fs::copy(workspace.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
        let project = Self { folder, url: url.to_owned(), _turn: turn };
        let (code, output) = initialise(project.folder.path(), options);
        assert_eq!(code, 0, "{output}");
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Runs a program in a folder of the project, and returns the exit code and all output.
    fn run(&self, folder: &str, program: &Path, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.path(folder))
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_NET_OFFLINE", "true")
            .env("DATABASE_URL", &self.url)
            .env("APP_ENV", "development")
            .env_remove("CARGO_MANIFEST_DIR")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout) + &text(output.stderr))
    }

    /// Runs a program that must succeed.
    fn done(&self, program: &str, arguments: &[&str]) -> String {
        let (code, output) = self.run("", Path::new(program), arguments);
        assert_eq!(code, 0, "{program} {arguments:?}: {output}");
        output
    }

    /// Runs `cargo migrate` with these arguments, and returns the exit code and all output.
    fn migrate(&self, command: &str) -> (i32, String) {
        let arguments: Vec<&str> = std::iter::once("migrate").chain(command.split_whitespace()).collect();
        self.run("", Path::new("cargo"), &arguments)
    }

    fn well(&self, command: &str) -> String {
        let (code, output) = self.migrate(command);
        assert_eq!(code, 0, "{command}: {output}");
        output
    }

    /// The written code compiles without a warning of the compiler or of Clippy.
    fn has_no_warnings(&self) {
        self.done("cargo", &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]);
        self.is_formatted();
    }

    fn is_formatted(&self) {
        self.done("cargo", &["fmt", "--package", "migration", "--package", "entity", "--check"]);
    }

    /// The source file that ends with `_name.rs`, from the root.
    fn migration(&self, name: &str) -> String {
        let files = fs::read_dir(self.path("migration/src")).unwrap();
        let mut names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        format!("migration/src/{}", names.find(|file| file.ends_with(&format!("_{name}.rs"))).unwrap())
    }
}

/// The target folder of this workspace.
fn target() -> PathBuf {
    // target/debug/deps/it-0123456789abcdef
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

/// Runs `sea-orm-migrate init` in a folder, and returns the exit code and all output.
fn initialise(folder: &Path, options: &str) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sea-orm-migrate"))
        .arg("init")
        .args(options.split_whitespace())
        .current_dir(folder)
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout) + &text(output.stderr))
}
