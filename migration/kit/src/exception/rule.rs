//! The rules of the linter, by name.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($(#[$doc:meta])+ $rule:ident = $name:literal,)+) => {
        /// A rule of the linter.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])+ $rule,)+
            /// A rule of `squawk` that has no counterpart among ours, by its own name.
            Squawk(Cow<'static, str>),
        }

        impl Rule {
            /// The rule of that name; one of `squawk` if it is none of ours.
            #[must_use]
            pub fn named(name: &str) -> Self {
                match name {
                    $($name => Self::$rule,)+
                    other => Self::Squawk(Cow::Owned(other.to_owned())),
                }
            }

            /// Its name, the same on all databases.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$rule => $name,)+
                    Self::Squawk(name) => name,
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
    /// A column without a default is added as NOT NULL.
    AddingRequiredField = "adding-required-field",
    /// A table is copied into its successor.
    RebuildingTable = "rebuilding-table",
    /// A column gets a type that the database stores in another way.
    ChangingColumnType = "changing-column-type",
    /// A column becomes NOT NULL.
    AddingNotNullableField = "adding-not-nullable-field",
    /// A foreign key is added to a table with rows.
    AddingForeignKeyConstraint = "adding-foreign-key-constraint",
    /// A check is added to a table with rows.
    ConstraintMissingNotValid = "constraint-missing-not-valid",
    /// The primary key changes.
    AddingSerialPrimaryKeyField = "adding-serial-primary-key-field",
    /// A stored column is computed for all rows.
    AddingFieldWithDefault = "adding-field-with-default",
    /// An index is built while the table is locked for writers.
    RequireConcurrentIndexCreation = "require-concurrent-index-creation",
    /// A table is converted to another character set.
    ConvertingCharacterSet = "converting-character-set",
    /// More than one change of the schema where each is committed by itself.
    SeveralChanges = "several-changes",
    /// A statement that the linter cannot parse.
    UnreadStatement = "unread-statement",
    /// An exception that the migration does not need, or without a reason.
    UnusedAllow = "unused-allow",
}

impl Rule {
    /// A rule of `squawk`, in a constant.
    #[must_use]
    pub const fn squawk(name: &'static str) -> Self {
        Self::Squawk(Cow::Borrowed(name))
    }
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
