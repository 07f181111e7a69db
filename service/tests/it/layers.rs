//! Layers of the crate: each module imports only modules that this table allows, without cycles.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Imports of a module that may import every module above it in the table.
const ANY: &[&str] = &["*"];

/// Modules, the lowest layer first, with the modules that they may import: only modules above them in this table.
const ALLOWED: &[(&str, &[&str])] = &[
    // Leaves.
    ("role", &[]),
    ("lifetime", &[]),
    ("clock", &[]),
    ("keys", &[]),
    ("versions", &[]),
    ("csv_injection", &[]),
    ("network", &[]),
    ("field", &[]),
    ("quota", &["clock"]),
    ("access", &["role"]),
    ("security", &["role"]),
    ("limit", &["clock"]),
    ("report", &["field"]),
    ("error", &["field", "limit", "report"]),
    ("input", &["field"]),
    ("secret", &["error", "input"]),
    ("db", &["error", "versions"]),
    ("actor", &["access", "error", "role", "security"]),
    ("admission", &["error"]),
    ("throttle", &["clock", "error", "limit", "network", "security"]),
    ("passwords", &["error", "field", "keys", "network", "secret"]),
    // Context of operations, and modules that need it.
    ("context", &["admission", "clock", "db", "error", "keys", "passwords", "quota", "throttle"]),
    ("page", &["context", "db", "error", "field", "keys"]),
    // Sessions, mail and health.
    (
        "sessions",
        &[
            "access", "actor", "context", "db", "error", "keys", "lifetime", "network", "page", "secret",
            "security",
        ],
    ),
    ("retention", &["context", "db", "error", "lifetime", "sessions"]),
    ("mail", &["context", "db", "error", "keys", "lifetime", "passwords", "secret", "security"]),
    ("health", &["context", "error", "mail"]),
    // Accounts.
    (
        "users",
        &[
            "access",
            "actor",
            "context",
            "db",
            "error",
            "field",
            "input",
            "limit",
            "mail",
            "page",
            "passwords",
            "report",
            "role",
            "secret",
            "security",
            "sessions",
            "throttle",
            "versions",
        ],
    ),
    (
        "auth",
        &[
            "access",
            "actor",
            "context",
            "db",
            "error",
            "field",
            "input",
            "keys",
            "limit",
            "mail",
            "passwords",
            "secret",
            "security",
            "sessions",
            "throttle",
            "users",
        ],
    ),
    // The catalogue, with its import and export.
    (
        "books",
        &[
            "access",
            "actor",
            "admission",
            "context",
            "csv_injection",
            "db",
            "error",
            "field",
            "input",
            "limit",
            "page",
            "quota",
            "report",
            "security",
            "sessions",
            "throttle",
            "versions",
        ],
    ),
    // The export of all data of an account: it names each resource once.
    ("own_data", ANY),
];

/// Imports of the module at `file`: the first segment of each path that begins with `crate`, by module. Comments and
/// the tests at the end of a file are ignored.
fn imports(source: &str, reexports: &BTreeMap<String, String>) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String =
        code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for path in code.split("crate::").skip(1) {
        for name in first_segments(path) {
            found.insert(reexports.get(&name).cloned().unwrap_or(name));
        }
    }
    found
}

/// First segments of a path or of a list of paths in braces.
fn first_segments(path: &str) -> Vec<String> {
    let word =
        |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Some(list) = path.strip_prefix('{') else { return vec![word(path)] };
    let (mut depth, mut item, mut items) = (1, String::new(), Vec::new());
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => items.push(std::mem::take(&mut item)),
            _ if depth == 1 => item.push(c),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    items.push(item);
    items.iter().map(|item| word(item)).filter(|name: &String| !name.is_empty()).collect()
}

/// Names that the crate root re-exports, with their modules.
fn reexports(root: &str) -> BTreeMap<String, String> {
    let mut modules = BTreeMap::new();
    for line in root.lines().filter_map(|line| line.strip_prefix("pub use ")) {
        let (module, names) = line.trim_end_matches(';').split_once("::").unwrap();
        for name in names.trim_matches(['{', '}']).split(',') {
            modules.insert(name.trim().to_owned(), module.to_owned());
        }
    }
    modules
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Imports of every module, including its submodules.
fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let reexports = reexports(&fs::read_to_string(src.join("lib.rs")).unwrap());
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources(&src) {
        let top = file.strip_prefix(&src).unwrap().iter().next().unwrap().to_str().unwrap();
        let module = top.trim_end_matches(".rs").to_owned();
        if module != "lib" {
            let found = imports(&fs::read_to_string(&file).unwrap(), &reexports);
            graph.entry(module.clone()).or_default().extend(found.into_iter().filter(|name| *name != module));
        }
    }
    graph
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let graph = graph();
    let modules: BTreeSet<&str> = ALLOWED.iter().map(|(module, _)| *module).collect();
    assert_eq!(modules, graph.keys().map(String::as_str).collect(), "every module has one row in the table");
    let mut above = BTreeSet::new();
    for (module, allowed) in ALLOWED {
        let found: BTreeSet<&str> = graph[*module].iter().map(String::as_str).collect();
        if *allowed == ANY {
            assert!(found.is_subset(&above), "{module} imports {:?}", found.difference(&above));
        } else {
            let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
            assert_eq!(found, allowed, "imports of {module} (left) and its row in the table (right)");
        }
        above.insert(*module);
    }
}

#[test]
fn the_table_has_no_cycle() {
    let mut below = BTreeSet::new();
    for (module, allowed) in ALLOWED {
        for import in allowed.iter().filter(|_| *allowed != ANY) {
            assert!(below.contains(import), "{module} imports {import}, which is not below it");
        }
        below.insert(*module);
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let reexports = reexports("pub use error::{Error, Result};\npub use role::Role;\n");
    let source = "use crate::{\n    Role, Result,\n    books::{import::run, export},\n};\n\
                  // crate::mail\nfn f() -> crate::error::Error { crate::users::find() }\n\
                  #[cfg(test)]\nmod tests { use crate::auth; }\n";
    let found: Vec<String> = imports(source, &reexports).into_iter().collect();
    assert_eq!(found, ["books", "error", "role", "users"]);
}
