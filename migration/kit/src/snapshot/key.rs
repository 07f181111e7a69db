//! Keys, indexes and conditions.

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    /// The constraint's name, if it was given one.
    pub name: Option<String>,
    /// The columns, in their order.
    pub columns: Vec<String>,
    /// Other clauses, in the words of the database: `INCLUDE ("n")`, `DEFERRABLE`.
    pub clauses: String,
}

/// An index, or a unique constraint, which is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Its keys, in order.
    pub parts: Vec<Part>,
    /// Whether no two rows may be alike in it.
    pub unique: bool,
    /// Whether it was made as a constraint of the table.
    pub constraint: bool,
    /// The SQL of the rows that it is limited to, if it is.
    pub predicate: Option<String>,
    /// The access method, where it is not a B-tree.
    pub method: Option<String>,
    /// Other clauses, in the words of the database: `INCLUDE ("n")`, `NULLS NOT DISTINCT`, `WITH (fillfactor = 70)`.
    pub clauses: String,
}

/// One of the keys of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The column, or the SQL of an expression.
    pub key: String,
    /// Whether `key` is an expression.
    pub expression: bool,
    /// Whether it runs from the greatest to the least.
    pub descending: bool,
    /// How many characters of the column count, if not all do.
    pub length: Option<u64>,
    /// The collation and the operator class, in the words of the database.
    pub class: String,
    /// Where nulls are, if not in the usual place: `NULLS FIRST` or `NULLS LAST`.
    pub nulls: String,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The constraint's name, if it was given one.
    pub name: Option<String>,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table referred to, by the name by which a snapshot knows it.
    pub table: String,
    /// The columns referred to.
    pub referred: Vec<String>,
    /// Action on the row when the row it refers to is deleted.
    pub on_delete: Action,
    /// Action on the row when the key it refers to changes.
    pub on_update: Action,
    /// Other clauses, in the words of the database: `MATCH FULL`, `DEFERRABLE INITIALLY DEFERRED`.
    pub clauses: String,
}

/// Action after a change of the row that a foreign key refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The change is refused at the end of the statement.
    NoAction,
    /// The change is refused at once.
    Restrict,
    /// The row follows.
    Cascade,
    /// The columns become null.
    SetNull,
    /// The columns become their defaults.
    SetDefault,
}

/// A condition that every row meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The constraint's name, if it was given one.
    pub name: Option<String>,
    /// The SQL of the condition, with every name in double quotes.
    pub condition: String,
    /// Other clauses, in the words of the database: `NO INHERIT`.
    pub clauses: String,
}

impl Part {
    /// A column as a key.
    #[must_use]
    pub fn column(name: &str) -> Self {
        Self { key: name.to_owned(), ..Self::default() }
    }

    /// Whether it has a clause that an entity cannot express.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.length.is_none() && self.class.is_empty() && self.nulls.is_empty()
    }
}

impl Index {
    /// The columns among its keys.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(|part| !part.expression).map(|part| part.key.as_str())
    }

    /// The name that it has, or is given by convention: `idx-{table}-{columns}`.
    #[must_use]
    pub fn name_on(&self, table: &str) -> String {
        let columns = || self.columns().collect::<Vec<_>>().join("_");
        self.name.clone().unwrap_or_else(|| format!("idx-{table}-{}", columns()))
    }

    /// Whether it has no method and no clause that an entity cannot express.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.method.is_none() && self.clauses.is_empty() && self.parts.iter().all(Part::is_plain)
    }

    /// Whether its keys, its predicate or its clauses name the column.
    #[must_use]
    pub fn names(&self, column: &str) -> bool {
        let quoted = format!("\"{column}\"");
        let expressions = self.parts.iter().filter(|part| part.expression).map(|part| &part.key);
        self.columns().any(|own| own == column)
            || expressions.chain(&self.predicate).chain([&self.clauses]).any(|sql| sql.contains(&quoted))
    }
}

impl ForeignKey {
    /// Whether the index is the one that MariaDB makes for the key.
    pub(crate) fn makes(&self, index: &Index) -> bool {
        index.name.is_some()
            && index.name == self.name
            && !index.unique
            && index.columns().eq(self.columns.iter().map(String::as_str))
    }

    /// The name that it has, or is given by convention: `fk-{table}-{columns}`.
    #[must_use]
    pub fn name_on(&self, table: &str) -> String {
        self.name.clone().unwrap_or_else(|| format!("fk-{table}-{}", self.columns.join("_")))
    }
}
