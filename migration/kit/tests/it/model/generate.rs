//! Random schemas, out of types whose values fit each other.

use sea_orm::DbBackend;

/// The numbers of a linear congruential generator, by Knuth.
pub struct Dice(pub u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// A table as the parts of its statement, so that a part can be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    pub columns: Vec<(String, String)>,
    pub constraints: Vec<String>,
    /// Statements after it.
    pub others: Vec<String>,
}

/// A schema as its tables.
pub type Schema = Vec<Table>;

pub fn statements(schema: &Schema) -> Vec<String> {
    let mut statements = Vec::new();
    for table in schema {
        let columns = table.columns.iter().map(|(name, definition)| format!("{name} {definition}"));
        let items: Vec<String> = columns.chain(table.constraints.iter().cloned()).collect();
        statements.push(format!("CREATE TABLE {} ({})", table.name, items.join(", ")));
        statements.extend(table.others.iter().cloned());
    }
    statements
}

/// Families of types whose values fit each other, by database. The values of a later type hold those of an earlier one.
fn families(backend: DbBackend) -> &'static [&'static [&'static str]] {
    match backend {
        DbBackend::Postgres => &[
            &["smallint", "integer", "bigint", "numeric(12, 2)"],
            &["varchar(10)", "varchar(20)", "text", "text COLLATE \"C\""],
            &["timestamp", "timestamptz"],
            &["boolean"],
            &["uuid"],
            &["jsonb"],
            &["text[]"],
            &["inet"],
        ],
        DbBackend::MySql => &[
            &["tinyint unsigned", "smallint", "int unsigned", "int", "bigint", "decimal(12, 2)"],
            &["varchar(10)", "varchar(20)", "varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"],
            &["datetime", "datetime(6)"],
            &["tinyint(1)"],
            &["enum('a', 'b')", "enum('a', 'x', 'b')"],
            &["binary(16)"],
            &["double", "float"],
        ],
        _ => &[
            &["integer", "bigint", "real(12, 2)"],
            &["varchar(10)", "text", "text COLLATE NOCASE"],
            &["datetime_text"],
            &["boolean"],
            &["uuid_text"],
            &["blob"],
        ],
    }
}

fn default(kind: &str, dice: &mut Dice) -> Option<&'static str> {
    let word = kind.split(['(', ' ', '[']).next().unwrap();
    Some(match word {
        "smallint" | "integer" | "bigint" | "int" | "tinyint" if kind != "tinyint(1)" => {
            dice.one(&["0", "7", "100"])
        }
        "numeric" | "decimal" | "real" => dice.one(&["0.00", "1.50"]),
        "varchar" | "text" if !kind.contains('[') => dice.one(&["'x'", "'it''s'", "''"]),
        "timestamp" | "timestamptz" if word.starts_with("timestamp") => "now()",
        "boolean" => dice.one(&["true", "false"]),
        "enum" => "'a'",
        _ => return None,
    })
}

/// A column of a family, in one of its types.
fn column(backend: DbBackend, family: usize, dice: &mut Dice) -> String {
    let kind = dice.one(families(backend)[family]);
    let default = if dice.is(2) { default(kind, dice) } else { None };
    let mut clauses = vec![kind.to_owned()];
    clauses.extend(dice.is(3).then(|| "NOT NULL".to_owned()));
    clauses.extend(default.map(|default| format!("DEFAULT {default}")));
    if backend == DbBackend::MySql && dice.is(4) {
        clauses.push(dice.one(&["COMMENT 'one'", "COMMENT 'it''s another'"]).to_owned());
    }
    clauses.join(" ")
}

/// A table with columns `c0` to `c5`, of which each name is of one family, so that values fit when it stays.
fn table(backend: DbBackend, number: usize, others: &[usize], dice: &mut Dice) -> Table {
    let name = format!("t{number}");
    let mut table = Table { name: name.clone(), ..Table::default() };
    table.columns.push(("id".to_owned(), "bigint NOT NULL PRIMARY KEY".to_owned()));
    let count = families(backend).len();
    for at in 0..6 {
        if !dice.is(3) {
            let family = if at < 3 { at % 2 } else { (number + at) % count };
            table.columns.push((format!("c{at}"), column(backend, family, dice)));
        }
    }
    let has = |table: &Table, name: &str| table.columns.iter().any(|(own, _)| own == name);
    // Integers are c0 and c2, texts c1.
    if has(&table, "c0") && dice.is(3) {
        let sum = dice.one(&["c0 + 1", "c0 * 2"]);
        let when = if backend == DbBackend::Postgres { "STORED" } else { dice.one(&["STORED", "VIRTUAL"]) };
        table.columns.push(("total".to_owned(), format!("bigint GENERATED ALWAYS AS ({sum}) {when}")));
    }
    for column in ["c0", "c2", "total"] {
        if has(&table, column) && dice.is(4) {
            let least = dice.one(&["-1", "-9"]);
            table.constraints.push(format!("CONSTRAINT ck_{name}_{column} CHECK ({column} > {least})"));
        }
    }
    if has(&table, "c1") && dice.is(4) {
        table.constraints.push(format!("CONSTRAINT u_{name}_c1 UNIQUE (c1)"));
    }
    for other in others {
        if dice.is(3) {
            let action = dice.one(&["", " ON DELETE CASCADE", " ON DELETE SET NULL ON UPDATE CASCADE"]);
            let deferred =
                if backend == DbBackend::MySql || dice.is(2) { "" } else { " DEFERRABLE INITIALLY DEFERRED" };
            table.columns.push((format!("r{other}"), "bigint".to_owned()));
            table.constraints.push(format!(
                "CONSTRAINT fk_{name}_{other} FOREIGN KEY (r{other}) REFERENCES t{other} (id){action}{deferred}"
            ));
        }
    }
    indexes(backend, &mut table, dice);
    table
}

fn indexes(backend: DbBackend, table: &mut Table, dice: &mut Dice) {
    let name = table.name.clone();
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|(column, _)| column.clone())
        .filter(|column| ["c0", "c1", "c2", "total"].contains(&column.as_str()))
        .collect();
    for number in 0..2 {
        if columns.is_empty() || dice.is(2) {
            continue;
        }
        let first = &columns[dice.below(columns.len())];
        let second = &columns[dice.below(columns.len())];
        let order = dice.one(&["", " DESC"]);
        let nulls =
            if backend == DbBackend::Postgres { dice.one(&["", " NULLS FIRST", " NULLS LAST"]) } else { "" };
        let keys = if first == second {
            format!("{first}{order}{nulls}")
        } else {
            format!("{first}{order}{nulls}, {second}")
        };
        let end = match backend {
            DbBackend::Postgres => {
                dice.one(&["", " INCLUDE (id)", " WHERE id > 3", " WITH (fillfactor = 70)"])
            }
            DbBackend::Sqlite => dice.one(&["", " WHERE id > 3"]),
            _ => "",
        };
        let unique = if dice.is(3) { "UNIQUE " } else { "" };
        table.others.push(format!("CREATE {unique}INDEX i{number}_{name} ON {name} ({keys}){end}"));
    }
    if backend == DbBackend::Postgres && dice.is(3) {
        table.others.push(format!("COMMENT ON TABLE {name} IS '{}'", dice.one(&["one", "two"])));
    }
}

pub fn schema(backend: DbBackend, dice: &mut Dice) -> Schema {
    let mut schema = Schema::new();
    let mut there = Vec::new();
    for number in 0..4 {
        if !dice.is(4) {
            let mut others = there.clone();
            others.push(number);
            schema.push(table(backend, number, &others, dice));
            there.push(number);
        }
    }
    schema
}
