//! Makes the migration crate of a project, for a new database or for one that exists already.

use std::{
    fs,
    io::{self, Write as _},
    path::{Component, Path, PathBuf},
};

use sea_orm_migration::sea_orm::DbBackend;

use super::{
    autogenerate,
    register::{self, RegisterError, list::List},
};

mod adopt;
pub mod cli;
mod manifest;
mod template;

pub use adopt::{AdoptError, Existing};

use template::Values;

/// The crate that is made.
#[derive(Debug, Clone)]
pub struct Plan<'p> {
    /// The root of the project.
    pub root: &'p Path,
    /// The folder of the new crate, from the root.
    pub folder: &'p Path,
    /// The folder of the entities, from the root. Their crate is made if there is none.
    pub entities: &'p Path,
    /// The folder of this kit.
    pub kit: &'p Path,
    /// The databases that the migrations support.
    pub databases: &'p [DbBackend],
}

/// Failure to make the crate. Nothing is changed.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder is no project.
    #[error("there is no Cargo.toml in {}: run this in the folder of your project, after `cargo new`", .0.display())]
    NoProject(PathBuf),
    /// A file that would be written over.
    #[error("{} exists already: nothing is written over", .0.display())]
    Exists(PathBuf),
    /// The kit is elsewhere than where it was compiled.
    #[error("{} is not the kit: give its folder by --kit", .0.display())]
    NoKit(PathBuf),
    /// A crate without a name.
    #[error("{} names no package", .0.display())]
    NoPackage(PathBuf),
    /// A workspace in a form that cannot be changed.
    #[error("{}: add the members {} by hand, and run this again", .0.display(), .1.join(" and "))]
    ByHand(PathBuf, Vec<String>),
    /// The existing database cannot be adopted.
    #[error(transparent)]
    Adopt(#[from] AdoptError),
    /// The first migration cannot be registered.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// A file that cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
}

/// Makes the crate, without a migration. With `existing`, its first migration creates the schema of that database, which
/// is only read. Returns the written files.
///
/// # Errors
/// [`InitError`].
pub async fn init(plan: &Plan<'_>, existing: Option<&Existing<'_>>) -> Result<Vec<PathBuf>, InitError> {
    let mut files = Files::default();
    describe(plan, &mut files)?;
    if let Some(existing) = existing {
        let pieces = adopt::pieces(existing).await?;
        let database = match plan.databases {
            [DbBackend::Postgres] => "PostgreSQL",
            [DbBackend::MySql] => "MariaDB or MySQL",
            _ => "SQLite",
        };
        let source = autogenerate::formatted(adopt::source(&pieces, database), plan.root);
        let module = register::module("initial_schema", false)?;
        let list = plan.root.join(plan.folder).join("src/lib.rs");
        let listed = List::find(&template::list()).and_then(|list| list.with(&module));
        files.replace(&list, listed.ok_or(RegisterError::List(list.clone()))?);
        files.create(plan.root.join(plan.folder).join(format!("src/{module}.rs")), source)?;
    }
    files.write()
}

/// The files of a project without a migration.
fn describe(plan: &Plan<'_>, files: &mut Files) -> Result<(), InitError> {
    let root = plan.root;
    let workspace = root.join("Cargo.toml");
    if !workspace.exists() {
        return Err(InitError::NoProject(root.to_owned()));
    }
    let kit = plan.kit.join("Cargo.toml");
    let is_kit = fs::read_to_string(&kit).ok().and_then(|text| manifest::package(&text));
    if is_kit.as_deref() != Some(env!("CARGO_PKG_NAME")) {
        return Err(InitError::NoKit(plan.kit.to_owned()));
    }
    let folder = root.join(plan.folder);
    let entities = entities(plan)?;
    let package = plan.folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let package = package.ok_or_else(|| InitError::NoPackage(folder.clone()))?;
    let values = Values {
        package: &package,
        entities: entities.as_deref().unwrap_or("entity"),
        path_to_entities: relative(&folder, &root.join(plan.entities)),
        path_to_kit: relative(&folder, plan.kit),
        databases: plan.databases,
    };
    files.create(folder.join("Cargo.toml"), template::manifest(&values))?;
    files.create(folder.join("src/lib.rs"), template::list())?;
    files.create(folder.join("src/main.rs"), template::main(&values))?;
    files.create(folder.join(".gitattributes"), template::attributes())?;
    if entities.is_none() {
        let folder = root.join(plan.entities);
        files.create(folder.join("Cargo.toml"), template::entities(&values))?;
        files.create(folder.join("src/lib.rs"), template::ENTITIES.to_owned())?;
    }
    let example = root.join(".env.example");
    if !example.exists() {
        let name = fs::canonicalize(root)
            .ok()
            .and_then(|root| Some(root.file_name()?.to_string_lossy().into_owned()));
        files.create(example, template::settings(plan.databases, name.as_deref().unwrap_or("project")))?;
    }
    additions(plan, &package, files)
}

/// The members of the workspace, and the alias `cargo migrate`.
fn additions(plan: &Plan<'_>, package: &str, files: &mut Files) -> Result<(), InitError> {
    let workspace = plan.root.join("Cargo.toml");
    let members = [plan.entities, plan.folder].map(|folder| folder.to_string_lossy().into_owned());
    let changed = manifest::with_members(&read(&workspace)?, &members);
    let changed =
        changed.map_err(|manifest::ByHand| InitError::ByHand(workspace.clone(), members.to_vec()))?;
    files.changed.extend(changed.map(|text| (workspace, text)));
    let config = plan.root.join(".cargo/config.toml");
    let old = if config.exists() { read(&config)? } else { String::new() };
    let command = format!("run --quiet --package {package} --");
    files.changed.extend(manifest::with_alias(&old, "migrate", &command).map(|text| (config, text)));
    Ok(())
}

/// The package of the entities, if there is one.
fn entities(plan: &Plan<'_>) -> Result<Option<String>, InitError> {
    let manifest = plan.root.join(plan.entities).join("Cargo.toml");
    if !manifest.exists() {
        return Ok(None);
    }
    let package = manifest::package(&read(&manifest)?);
    package.map(Some).ok_or(InitError::NoPackage(manifest))
}

fn read(path: &Path) -> Result<String, InitError> {
    fs::read_to_string(path).map_err(|source| InitError::File { path: path.to_owned(), source })
}

/// The path from one folder to another, which both may be missing.
fn relative(from: &Path, to: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (from, to) = (normal(&absolute(from)), normal(&absolute(to)));
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let path: Vec<String> = up.chain(to[shared..].iter().cloned()).collect();
    path.join("/")
}

/// The names of an absolute path, without `.` and `..`.
fn normal(path: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                names.pop();
            }
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    names
}

/// Files to be written.
#[derive(Default)]
struct Files {
    new: Vec<(PathBuf, String)>,
    changed: Vec<(PathBuf, String)>,
}

impl Files {
    /// Adds a file, which must not exist.
    fn create(&mut self, path: PathBuf, text: String) -> Result<(), InitError> {
        if path.exists() {
            return Err(InitError::Exists(path));
        }
        self.new.push((path, text));
        Ok(())
    }

    /// Gives one of the new files another text.
    fn replace(&mut self, path: &Path, text: String) {
        self.new.retain(|(known, _)| known != path);
        self.new.push((path.to_owned(), text));
    }

    fn write(self) -> Result<Vec<PathBuf>, InitError> {
        let mut written = Vec::new();
        for (path, text) in self.new {
            put(&path, &text, true)?;
            written.push(path);
        }
        for (path, text) in self.changed {
            put(&path, &text, false)?;
            written.push(path);
        }
        Ok(written)
    }
}

fn put(path: &Path, text: &str, is_new: bool) -> Result<(), InitError> {
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let mut file = if is_new { fs::File::create_new(path) } else { fs::File::create(path) }?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|source| InitError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_from_one_folder_to_another() {
        for (from, to, path) in [
            ("/home/shop/migration", "/home/shop/entity", "../entity"),
            ("/home/shop/crates/migration", "/home/kits/kit", "../../../kits/kit"),
            ("/home/shop/./migration", "/home/shop/../kit", "../../kit"),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), path);
        }
    }
}
