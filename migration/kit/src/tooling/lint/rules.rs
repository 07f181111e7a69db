//! The rules of our own: databases, severity, effect and the safer way.
//!
//! The effects on MariaDB were measured on MariaDB 10.11 with `ALGORITHM=` and `LOCK=`.

use sea_orm_migration::sea_orm::{
    DatabaseBackend::{MySql, Postgres, Sqlite},
    DbBackend,
};
use serde::Serialize;

use crate::Rule;

/// How grave it is to break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Note,
    /// It locks, rewrites, or breaks the version that still runs.
    Warning,
    /// It loses data.
    Loss,
}

/// The effect of breaking a rule on some databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The rule.
    pub rule: Rule,
    /// The databases on which this is the effect.
    pub on: &'static [DbBackend],
    /// Severity.
    pub level: Level,
    /// The effect.
    pub why: &'static str,
    /// The safer way.
    pub instead: &'static str,
}

const ALL: &[DbBackend] = &[Sqlite, Postgres, MySql];
const SERVERS: &[DbBackend] = &[Postgres, MySql];

const fn rule(
    rule: Rule,
    on: &'static [DbBackend],
    level: Level,
    why: &'static str,
    instead: &'static str,
) -> Explanation {
    Explanation { rule, on, level, why, instead }
}

/// Every rule of ours, once for each database.
pub const RULES: &[Explanation] = &[
    rule(
        Rule::BanDropTable,
        ALL,
        Level::Loss,
        "its rows are lost, and the version that still runs asks for them",
        "release a version that does not use the table, keep a copy, then drop it",
    ),
    rule(
        Rule::BanDropColumn,
        ALL,
        Level::Loss,
        "its values are lost, and the version that still runs asks for them",
        "release a version that neither reads nor writes the column, then drop it",
    ),
    rule(
        Rule::BanDropSchema,
        SERVERS,
        Level::Loss,
        "everything in it is lost",
        "drop by name what is no longer used",
    ),
    rule(
        Rule::BanDropDatabase,
        SERVERS,
        Level::Loss,
        "everything in it is lost",
        "drop by name what is no longer used",
    ),
    rule(
        Rule::BanTruncate,
        SERVERS,
        Level::Loss,
        "every row is lost",
        "delete the rows that are not needed, by WHERE",
    ),
    rule(
        Rule::DeleteWithoutWhere,
        ALL,
        Level::Loss,
        "every row is lost",
        "say by WHERE which rows are not needed",
    ),
    rule(
        Rule::NarrowingColumnType,
        SERVERS,
        Level::Loss,
        "values that do not fit the new type are cut or refused",
        "add a column of the new type, copy what fits, look at what does not, and switch in the next release",
    ),
    rule(
        Rule::UpdateWithoutWhere,
        ALL,
        Level::Warning,
        "every row is written in one transaction, which holds up other writers until it ends",
        "a migration of its own that goes through the table in batches by its key",
    ),
    rule(
        Rule::RenamingTable,
        ALL,
        Level::Warning,
        "the version that still runs knows the old name",
        "create the new table, write to both, copy, and drop the old one two releases later",
    ),
    rule(
        Rule::RenamingColumn,
        ALL,
        Level::Warning,
        "the version that still runs knows the old name",
        "add the new column, write to both, copy, and drop the old one two releases later",
    ),
    rule(
        Rule::AddingRequiredField,
        &[Sqlite, Postgres],
        Level::Warning,
        "it fails on a table with rows, and the version that still runs cannot insert",
        "give it a default; or add it nullable, fill it, and make it NOT NULL in the next release",
    ),
    rule(
        Rule::AddingRequiredField,
        &[MySql],
        Level::Warning,
        "rows that are there get an empty value, and the version that still runs cannot insert",
        "give it a default; or add it nullable, fill it, and make it NOT NULL in the next release",
    ),
    rule(
        Rule::RebuildingTable,
        ALL,
        Level::Warning,
        "the whole table is copied while nobody else may write",
        "make all changes of the table in one rebuild, in a quiet hour",
    ),
    rule(
        Rule::ChangingColumnType,
        &[Postgres],
        Level::Warning,
        "the table is rewritten while nobody may read or write it",
        "add a column of the new type, write to both, copy in batches, and switch in the next release",
    ),
    rule(
        Rule::ChangingColumnType,
        &[MySql],
        Level::Warning,
        "the table is copied while nobody may write to it (ALGORITHM=COPY)",
        "add a column of the new type, write to both, copy in batches, and switch in the next release; or gh-ost",
    ),
    rule(
        Rule::AddingNotNullableField,
        &[MySql],
        Level::Warning,
        "the table is rebuilt, and a row without a value makes it fail",
        "fill the column in an earlier release that no longer writes NULL",
    ),
    rule(
        Rule::AddingForeignKeyConstraint,
        &[MySql],
        Level::Warning,
        "the table is copied while nobody may write to it (ALGORITHM=COPY)",
        "check by a query that every row has its parent, then add the key between SET foreign_key_checks = 0 and 1",
    ),
    rule(
        Rule::ConstraintMissingNotValid,
        &[MySql],
        Level::Warning,
        "the table is copied while nobody may write to it (ALGORITHM=COPY)",
        "check by a query that every row meets it, then add it between SET check_constraint_checks = 0 and 1",
    ),
    rule(
        Rule::AddingSerialPrimaryKeyField,
        &[MySql],
        Level::Warning,
        "the table is built anew in the order of the new key, for an auto-increment or with no key left while nobody may \
         write to it",
        "drop the old key and add the new one in one ALTER TABLE, in a quiet hour; or gh-ost",
    ),
    rule(
        Rule::AddingFieldWithDefault,
        &[MySql],
        Level::Warning,
        "the table is copied to compute a stored column while nobody may write to it (ALGORITHM=COPY)",
        "a VIRTUAL column, which is computed when it is read",
    ),
    rule(
        Rule::RequireConcurrentIndexCreation,
        &[MySql],
        Level::Warning,
        "a FULLTEXT or SPATIAL index is built while nobody may write to the table; others are built online",
        "a quiet hour, or gh-ost",
    ),
    rule(
        Rule::RequireConcurrentIndexCreation,
        &[Postgres],
        Level::Warning,
        "nobody may write to the table while the index is built",
        "CREATE INDEX CONCURRENTLY in a migration of its own whose use_transaction() is Some(false)",
    ),
    rule(
        Rule::ConvertingCharacterSet,
        &[MySql],
        Level::Warning,
        "the table is copied while nobody may write to it (ALGORITHM=COPY)",
        "a new table of the new character set that is filled in batches; or gh-ost",
    ),
    rule(
        Rule::SeveralChanges,
        &[MySql],
        Level::Note,
        "each change of the schema is committed by itself: of a run that fails half way, the first ones stay",
        "one change a migration",
    ),
    rule(
        Rule::UnreadStatement,
        ALL,
        Level::Note,
        "it is in words that are not understood here, and may do anything",
        "look at it yourself",
    ),
    rule(
        Rule::UnusedAllow,
        ALL,
        Level::Warning,
        "the migration declares an exception that it needs on no database, or one without a reason",
        "remove the exception, or give the reason",
    ),
];

/// The explanation of a rule on a database.
pub(super) fn find(rule: &Rule, backend: DbBackend) -> Option<&'static Explanation> {
    RULES.iter().find(|explanation| explanation.rule == *rule && explanation.on.contains(&backend))
}
