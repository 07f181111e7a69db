//! The rules of the linter, by name.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($(#[doc = $summary:literal] $rule:ident = $name:literal,)+) => {
        /// A rule of the linter. One that `squawk` has, too, has its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $summary] $rule,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule),+];

            /// Its name, the same on all databases.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)+
                }
            }

            /// The statements that it finds, in one sentence.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$rule => $summary.trim(),)+
                }
            }
        }
    };
}

rules! {
    /// A table with rows is dropped.
    BanDropTable = "ban-drop-table",
    /// A column with values is dropped.
    BanDropColumn = "ban-drop-column",
    /// A schema is dropped.
    BanDropSchema = "ban-drop-schema",
    /// A database is dropped.
    BanDropDatabase = "ban-drop-database",
    /// All rows of a table are removed by TRUNCATE.
    BanTruncate = "ban-truncate",
    /// TRUNCATE also empties the tables that refer to the table.
    BanTruncateCascade = "ban-truncate-cascade",
    /// All rows of a table are deleted.
    DeleteWithoutWhere = "delete-without-where",
    /// A value may not fit the new type of its column.
    NarrowingColumnType = "narrowing-column-type",
    /// All rows of a table are updated.
    UpdateWithoutWhere = "update-without-where",
    /// A table gets another name.
    RenamingTable = "renaming-table",
    /// A column gets another name.
    RenamingColumn = "renaming-column",
    /// Another object, such as a view, a type or a constraint, gets another name.
    RenamingObject = "renaming-object",
    /// An object moves to another schema.
    BanSetSchema = "ban-set-schema",
    /// A column without a default is added as NOT NULL.
    AddingRequiredField = "adding-required-field",
    /// A column becomes NOT NULL.
    AddingNotNullableField = "adding-not-nullable-field",
    /// A table is copied into its successor.
    RebuildingTable = "rebuilding-table",
    /// A rebuilt table lacks an index that it had before.
    RebuildDropsIndex = "rebuild-drops-index",
    /// A column gets a type that the database stores in another way.
    ChangingColumnType = "changing-column-type",
    /// A new definition of a column leaves out its default, NOT NULL or counter.
    DroppingColumnAttribute = "dropping-column-attribute",
    /// A column loses its default.
    BanDropDefault = "ban-drop-default",
    /// A foreign key is added to a table with rows.
    AddingForeignKeyConstraint = "adding-foreign-key-constraint",
    /// A foreign key has no index on its columns.
    ForeignKeyWithoutIndex = "foreign-key-without-index",
    /// An index that a foreign key uses is dropped.
    DroppingForeignKeyIndex = "dropping-foreign-key-index",
    /// A check is added to a table with rows.
    ConstraintMissingNotValid = "constraint-missing-not-valid",
    /// A unique constraint builds its index while nobody may use the table.
    DisallowedUniqueConstraint = "disallowed-unique-constraint",
    /// A table with rows gets a unique index.
    AddingUniqueIndex = "adding-unique-index",
    /// The primary key changes.
    AddingSerialPrimaryKeyField = "adding-serial-primary-key-field",
    /// The value of a new column is computed for all rows.
    AddingFieldWithDefault = "adding-field-with-default",
    /// A column has the type `json`, whose values cannot be compared.
    AddingJsonColumn = "adding-json-column",
    /// An index is built while the table is locked for writers.
    RequireConcurrentIndexCreation = "require-concurrent-index-creation",
    /// An index is dropped while the table is locked for its users.
    RequireConcurrentIndexDeletion = "require-concurrent-index-deletion",
    /// An index is built again while the table is locked for its users.
    RequireConcurrentReindex = "require-concurrent-reindex",
    /// A partition is detached while the table is locked for its users.
    RequireConcurrentPartitionDetach = "require-concurrent-partition-detach",
    /// A statement that cannot run in a transaction is in a migration that runs in one.
    BanConcurrentIndexCreationInTransaction = "ban-concurrent-index-creation-in-transaction",
    /// A migration begins or ends a transaction.
    TransactionNesting = "transaction-nesting",
    /// A migration begins a transaction and does not end it.
    BanUncommittedTransaction = "ban-uncommitted-transaction",
    /// A table is converted to another character set.
    ConvertingCharacterSet = "converting-character-set",
    /// ALTER TABLE asks for an algorithm by which the change cannot be made.
    UnsupportedAlgorithm = "unsupported-algorithm",
    /// ALTER TABLE asks for a change that SQLite cannot make.
    UnsupportedAlterTable = "unsupported-alter-table",
    /// More than one change of the schema where each is committed by itself.
    SeveralChanges = "several-changes",
    /// Changes of the schema and of rows where the first commit the second.
    MixingSchemaAndRows = "mixing-schema-and-rows",
    /// A name is longer than the database keeps.
    IdentifierTooLong = "identifier-too-long",
    /// A statement names a column twice.
    BanDuplicateColumnAssignments = "ban-duplicate-column-assignments",
    /// A domain is created with a constraint.
    BanCreateDomainWithConstraint = "ban-create-domain-with-constraint",
    /// A domain gets a constraint.
    BanAlterDomainWithAddConstraint = "ban-alter-domain-with-add-constraint",
    /// A domain is dropped.
    BanDropDomain = "ban-drop-domain",
    /// An extension is dropped.
    BanDropExtension = "ban-drop-extension",
    /// A function or procedure is dropped.
    BanDropFunction = "ban-drop-function",
    /// A generated column becomes an ordinary one.
    BanDropGeneratedExpression = "ban-drop-generated-expression",
    /// A column starts or stops to be counted by the database.
    BanAlterIdentity = "ban-alter-identity",
    /// A sequence is dropped.
    BanDropSequence = "ban-drop-sequence",
    /// A type is dropped.
    BanDropType = "ban-drop-type",
    /// A view is dropped.
    BanDropView = "ban-drop-view",
    /// A statement that the linter cannot parse.
    UnreadStatement = "unread-statement",
    /// An exception that the migration does not need, or without a reason.
    UnusedAllow = "unused-allow",
}

/// Names that an error offers.
const NEAR: usize = 3;

/// A name that no rule has, with the nearest names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule {name:?}; near it are {}", near.join(", "))]
pub struct UnknownRule {
    name: String,
    near: Vec<&'static str>,
}

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        let found = Self::ALL.iter().copied().find(|rule| rule.as_str() == name);
        found.ok_or_else(|| UnknownRule { name: name.to_owned(), near: near(name) })
    }
}

/// The rules whose names have most of the words of `name`.
fn near(name: &str) -> Vec<&'static str> {
    let words: Vec<&str> = name.split(['-', '_', ' ']).filter(|word| !word.is_empty()).collect();
    let shared = |rule: &Rule| words.iter().filter(|word| rule.as_str().contains(*word)).count();
    let mut rules = Rule::ALL.to_vec();
    rules.sort_by_key(|rule| std::cmp::Reverse(shared(rule)));
    rules.into_iter().take(NEAR).map(Rule::as_str).collect()
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_by_its_name_and_a_wrong_name_is_answered_with_near_ones() {
        for rule in Rule::ALL {
            assert_eq!(rule.as_str().parse(), Ok(*rule));
            assert!(rule.summary().ends_with('.'), "{rule}");
        }
        let error = "drop-table".parse::<Rule>().unwrap_err().to_string();
        assert!(
            error.starts_with("there is no rule \"drop-table\"; near it are ban-drop-table, "),
            "{error}"
        );
    }
}
