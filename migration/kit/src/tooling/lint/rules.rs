//! The rules, one file for each: what it finds, its page, and tests.

use sqlparser::ast::{self, AlterTableOperation as Operation, ObjectType, Statement as Sql};

use super::{
    page::Page,
    scan::{Part, Scan},
};
use crate::{
    Rule,
    snapshot::{Table, fold::last},
};

mod adding_field_with_default;
mod adding_foreign_key_constraint;
mod adding_json_column;
mod adding_not_nullable_field;
mod adding_required_field;
mod adding_serial_primary_key_field;
mod adding_unique_index;
mod ban_alter_domain_with_add_constraint;
mod ban_alter_identity;
mod ban_concurrent_index_creation_in_transaction;
mod ban_create_domain_with_constraint;
mod ban_drop_column;
mod ban_drop_database;
mod ban_drop_default;
mod ban_drop_domain;
mod ban_drop_extension;
mod ban_drop_function;
mod ban_drop_generated_expression;
mod ban_drop_schema;
mod ban_drop_sequence;
mod ban_drop_table;
mod ban_drop_type;
mod ban_drop_view;
mod ban_duplicate_column_assignments;
mod ban_set_schema;
mod ban_truncate;
mod ban_truncate_cascade;
mod ban_uncommitted_transaction;
mod changing_column_type;
mod constraint_missing_not_valid;
mod converting_character_set;
mod delete_without_where;
mod disallowed_unique_constraint;
mod dropping_column_attribute;
mod dropping_foreign_key_index;
mod foreign_key_without_index;
mod identifier_too_long;
mod mixing_schema_and_rows;
mod narrowing_column_type;
mod rebuild_drops_index;
mod rebuilding_table;
mod renaming_column;
mod renaming_object;
mod renaming_table;
mod require_concurrent_index_creation;
mod require_concurrent_index_deletion;
mod require_concurrent_partition_detach;
mod require_concurrent_reindex;
mod several_changes;
mod transaction_nesting;
mod unread_statement;
mod unsupported_algorithm;
mod unsupported_alter_table;
mod unused_allow;
mod update_without_where;

/// The page of a rule.
#[must_use]
pub fn page(rule: Rule) -> &'static Page {
    match rule {
        Rule::BanDropTable => &ban_drop_table::PAGE,
        Rule::BanDropColumn => &ban_drop_column::PAGE,
        Rule::BanDropSchema => &ban_drop_schema::PAGE,
        Rule::BanDropDatabase => &ban_drop_database::PAGE,
        Rule::BanTruncate => &ban_truncate::PAGE,
        Rule::BanTruncateCascade => &ban_truncate_cascade::PAGE,
        Rule::DeleteWithoutWhere => &delete_without_where::PAGE,
        Rule::NarrowingColumnType => &narrowing_column_type::PAGE,
        Rule::UpdateWithoutWhere => &update_without_where::PAGE,
        Rule::RenamingTable => &renaming_table::PAGE,
        Rule::RenamingColumn => &renaming_column::PAGE,
        Rule::RenamingObject => &renaming_object::PAGE,
        Rule::BanSetSchema => &ban_set_schema::PAGE,
        Rule::AddingRequiredField => &adding_required_field::PAGE,
        Rule::AddingNotNullableField => &adding_not_nullable_field::PAGE,
        Rule::RebuildingTable => &rebuilding_table::PAGE,
        Rule::RebuildDropsIndex => &rebuild_drops_index::PAGE,
        Rule::ChangingColumnType => &changing_column_type::PAGE,
        Rule::DroppingColumnAttribute => &dropping_column_attribute::PAGE,
        Rule::BanDropDefault => &ban_drop_default::PAGE,
        Rule::AddingForeignKeyConstraint => &adding_foreign_key_constraint::PAGE,
        Rule::ForeignKeyWithoutIndex => &foreign_key_without_index::PAGE,
        Rule::DroppingForeignKeyIndex => &dropping_foreign_key_index::PAGE,
        Rule::ConstraintMissingNotValid => &constraint_missing_not_valid::PAGE,
        Rule::DisallowedUniqueConstraint => &disallowed_unique_constraint::PAGE,
        Rule::AddingUniqueIndex => &adding_unique_index::PAGE,
        Rule::AddingSerialPrimaryKeyField => &adding_serial_primary_key_field::PAGE,
        Rule::AddingFieldWithDefault => &adding_field_with_default::PAGE,
        Rule::AddingJsonColumn => &adding_json_column::PAGE,
        Rule::RequireConcurrentIndexCreation => &require_concurrent_index_creation::PAGE,
        Rule::RequireConcurrentIndexDeletion => &require_concurrent_index_deletion::PAGE,
        Rule::RequireConcurrentReindex => &require_concurrent_reindex::PAGE,
        Rule::RequireConcurrentPartitionDetach => &require_concurrent_partition_detach::PAGE,
        Rule::BanConcurrentIndexCreationInTransaction => &ban_concurrent_index_creation_in_transaction::PAGE,
        Rule::TransactionNesting => &transaction_nesting::PAGE,
        Rule::BanUncommittedTransaction => &ban_uncommitted_transaction::PAGE,
        Rule::ConvertingCharacterSet => &converting_character_set::PAGE,
        Rule::UnsupportedAlgorithm => &unsupported_algorithm::PAGE,
        Rule::UnsupportedAlterTable => &unsupported_alter_table::PAGE,
        Rule::SeveralChanges => &several_changes::PAGE,
        Rule::MixingSchemaAndRows => &mixing_schema_and_rows::PAGE,
        Rule::IdentifierTooLong => &identifier_too_long::PAGE,
        Rule::BanDuplicateColumnAssignments => &ban_duplicate_column_assignments::PAGE,
        Rule::BanCreateDomainWithConstraint => &ban_create_domain_with_constraint::PAGE,
        Rule::BanAlterDomainWithAddConstraint => &ban_alter_domain_with_add_constraint::PAGE,
        Rule::BanDropDomain => &ban_drop_domain::PAGE,
        Rule::BanDropExtension => &ban_drop_extension::PAGE,
        Rule::BanDropFunction => &ban_drop_function::PAGE,
        Rule::BanDropGeneratedExpression => &ban_drop_generated_expression::PAGE,
        Rule::BanAlterIdentity => &ban_alter_identity::PAGE,
        Rule::BanDropSequence => &ban_drop_sequence::PAGE,
        Rule::BanDropType => &ban_drop_type::PAGE,
        Rule::BanDropView => &ban_drop_view::PAGE,
        Rule::UnreadStatement => &unread_statement::PAGE,
        Rule::UnusedAllow => &unused_allow::PAGE,
    }
}

/// The table of an UPDATE or DELETE.
fn table_of(scan: &Scan<'_>, from: &ast::TableWithJoins) -> Option<String> {
    match &from.relation {
        ast::TableFactor::Table { name, .. } => Some(scan.key(name)),
        _ => None,
    }
}

/// Whether a condition excludes no row: TRUE, or two equal values.
fn is_always_true(condition: &ast::Expr) -> bool {
    match condition {
        ast::Expr::Nested(inner) => is_always_true(inner),
        ast::Expr::Value(value) => matches!(value.value, ast::Value::Boolean(true)),
        ast::Expr::BinaryOp { left, op: ast::BinaryOperator::Eq, right } => {
            matches!(**left, ast::Expr::Value(_)) && left == right
        }
        _ => false,
    }
}

/// Whether the database counts a column up.
fn is_counted(column: &ast::ColumnDef) -> bool {
    let counts = |option: &ast::ColumnOption| match option {
        ast::ColumnOption::DialectSpecific(tokens) => {
            let text: String = tokens.iter().map(ToString::to_string).collect();
            text.replace('_', "").eq_ignore_ascii_case("autoincrement")
        }
        _ => false,
    };
    column.options.iter().any(|option| counts(&option.option))
        || column.data_type.to_string().to_lowercase().ends_with("serial")
}

/// Whether an index of the table, or its primary key, begins with these columns in any order.
fn covers(table: &Table, columns: &[String]) -> bool {
    let begins = |key: Vec<&str>| {
        key.len() >= columns.len()
            && key[..columns.len()].iter().all(|name| columns.iter().any(|it| it == name))
    };
    let primary = table.primary_key.iter().map(|key| key.columns.iter().map(String::as_str).collect());
    let whole = table.indexes.iter().filter(|index| index.predicate.is_none());
    let indexes = whole.map(|index| index.parts.iter().map(|part| part.key.as_str()).collect());
    primary.chain(indexes).any(begins)
}

/// The index that a part drops, and its table as it was before.
fn dropped_index<'s>(scan: &'s Scan<'_>, part: &Part<'_>) -> Option<(&'s Table, String)> {
    let name = match part {
        Part::Parsed(Sql::Drop { object_type: ObjectType::Index, names, .. }) => last(names.first()?),
        Part::Parsed(Sql::AlterTable(alter)) => match alter.operations.first()? {
            Operation::DropIndex { name } => name.value.clone(),
            _ => return None,
        },
        Part::Parsed(_) | Part::Words(_) => return None,
    };
    let mut tables = scan.schema.tables.values();
    let has = |table: &&Table| table.indexes.iter().any(|index| index.name.as_ref() == Some(&name));
    tables.find(has).map(|table| (table, name.clone()))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::tooling::lint::{
        page::{ALL, Explained, Finder},
        trial,
    };

    #[test]
    fn every_rule_has_a_page_for_each_of_its_databases() {
        for rule in Rule::ALL {
            let page = page(*rule);
            assert!(page.details.len() > 70 && page.details.ends_with('.'), "{rule}");
            assert!(!page.effects.is_empty(), "{rule}");
            for backend in ALL {
                let mut on = page.effects.iter().filter(|effect| effect.on.contains(backend));
                assert!(on.by_ref().take(2).count() < 2, "{rule} has two effects on {backend:?}");
            }
            let texts = page.effects.iter().flat_map(|effect| [effect.why, effect.instead]);
            for text in texts {
                assert!(!text.is_empty() && !text.ends_with('.') && !text.contains("  "), "{rule}: {text}");
            }
            assert!(!page.details.contains("  "), "{rule}: {}", page.details);
            let text = Explained(*rule).to_string();
            assert!(text.replace('\n', " ").contains(page.details) && text.contains("Instead: "), "{text}");
        }
    }

    #[test]
    fn every_example_is_found_or_not_as_its_page_says() {
        for rule in Rule::ALL {
            let page = page(*rule);
            if matches!(page.finder, Finder::Linter) {
                continue;
            }
            for example in page.breaks {
                trial::expect_in(*rule, example.on, example.sql, example.bare, true);
            }
            for example in page.keeps {
                trial::expect_in(*rule, example.on, example.sql, example.bare, false);
            }
            for backend in ALL.iter().filter(|backend| page.effect(**backend).is_some()) {
                let shown = page.breaks.iter().any(|example| example.on.contains(backend));
                assert!(shown, "{rule} on {backend:?}");
            }
            assert!(!page.keeps.is_empty(), "{rule} has no safer way");
        }
    }

    #[test]
    fn every_rule_of_ours_has_a_file_with_a_test() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tooling/lint/rules");
        let mut files = fs::read_dir(&folder).unwrap().count();
        for rule in Rule::ALL {
            let file = folder.join(format!("{}.rs", rule.as_str().replace('-', "_")));
            let source =
                fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            files -= 1;
            match page(*rule).finder {
                Finder::Ours(_) | Finder::Both(_) => {
                    assert!(source.contains("#[test]"), "{rule} has no test");
                }
                Finder::Squawk | Finder::Linter => {}
            }
        }
        assert_eq!(files, 0, "a file belongs to no rule");
    }
}
