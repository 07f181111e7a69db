//! PostgreSQL, by the rules of `squawk` that concern data and its users during a change.

use sea_orm_migration::sea_orm::{DbBackend, Statement};
use sqlparser::ast::{self, Statement as Sql};
use squawk_linter::{Linter, LinterSettings, Rule as Squawk, Violation};
use squawk_syntax::SourceFile;

use self::table::rule_of;
use super::{Broken, Found, page::Finder, rules};
use crate::{
    Rule,
    run::recorder::Recorded,
    snapshot::fold::{in_a_line, last, parse},
};

mod table;

/// Adds the findings of `squawk` to those of our own rules.
pub(super) fn add(migration: &Recorded, found: &mut Found) {
    let (mut file, mut ends) = (String::new(), Vec::new());
    for statement in &migration.statements {
        file += statement.sql.trim_end_matches([';', ' ', '\n']);
        file += "\n;\n";
        ends.push(file.len());
    }
    let parsed = SourceFile::parse(&file);
    let mut linter = Linter::with_default_rules();
    linter.settings = LinterSettings { assume_in_transaction: true, ..LinterSettings::default() };
    let violations = linter.lint(&parsed, &file);
    let place = |violation: &Violation| {
        let start = usize::from(violation.text_range.start());
        ends.iter().position(|end| start < *end).unwrap_or_default()
    };
    // For a key, squawk reports the cost twice, the second time as that of any constraint.
    let keys: Vec<usize> = violations.iter().filter(|violation| is_key(violation.code)).map(place).collect();
    for violation in violations {
        let at = place(&violation);
        if violation.code == Squawk::ConstraintMissingNotValid && keys.contains(&at) {
            continue;
        }
        let Ok(rule) = rule_of(violation.code) else { continue };
        let known = found.broken.iter().any(|broken| broken.at == at && broken.rule == rule);
        let ours = found.read.contains(&at) && is_ours(rule);
        let effect = rules::page(rule).effect(DbBackend::Postgres);
        if let Some(effect) = effect.filter(|_| !known && !ours && !is_passing(rule, at, migration)) {
            let statement = in_a_line(&migration.statements[at].sql);
            found.broken.push(Broken { at, rule, effect, statement });
        }
    }
}

fn is_key(rule: Squawk) -> bool {
    matches!(
        rule,
        Squawk::AddingForeignKeyConstraint
            | Squawk::DisallowedUniqueConstraint
            | Squawk::AddingSerialPrimaryKeyField
    )
}

/// Whether a function of ours finds the rule on PostgreSQL.
fn is_ours(rule: Rule) -> bool {
    match rules::page(rule).finder {
        Finder::Ours(_) => true,
        Finder::Both(_) | Finder::Squawk | Finder::Linter => false,
    }
}

/// Whether the same migration restores the dropped object: a default that is dropped while the type changes, a view that
/// is created again, or an enum that is replaced by one of the same name.
fn is_passing(rule: Rule, at: usize, migration: &Recorded) -> bool {
    let parsed = |statements: &[Statement]| -> Vec<Sql> {
        let parsed = statements.iter().filter_map(|other| parse(DbBackend::Postgres, &other.sql).ok());
        parsed.flatten().collect()
    };
    let (sql, later) = (migration.statements[at].sql.trim(), &migration.statements[at + 1..]);
    if rule == Rule::BanDropDefault {
        let set = sql.to_uppercase().replace("DROP DEFAULT", "SET DEFAULT");
        return later.iter().any(|later| later.sql.trim().to_uppercase().starts_with(&set));
    }
    let Some(this) = parsed(&migration.statements[at..=at]).pop() else { return false };
    if rule == Rule::BanDropView {
        let created: Vec<String> = parsed(later).iter().filter_map(view).collect();
        return matches!(&this, Sql::Drop { names, .. } if names.iter().all(|name| created.contains(&last(name))));
    }
    matches!(rule, Rule::RenamingObject | Rule::BanDropType)
        && makes_way(&parsed(&migration.statements)).iter().any(|(old, new)| match &this {
            Sql::AlterType(alter) => last(&alter.name) == *old,
            Sql::Drop { names, .. } => names.iter().all(|name| last(name) == *new),
            _ => false,
        })
}

/// The view that a statement creates.
fn view(sql: &Sql) -> Option<String> {
    match sql {
        Sql::CreateView(create) => Some(last(&create.name)),
        _ => None,
    }
}

/// Types that are renamed, from and to, while another is created under their name.
fn makes_way(statements: &[Sql]) -> Vec<(String, String)> {
    let created = |name: &str| {
        statements.iter().any(|sql| matches!(sql, Sql::CreateType { name: other, .. } if last(other) == name))
    };
    let renamed = statements.iter().filter_map(|sql| match sql {
        Sql::AlterType(alter) => match &alter.operation {
            ast::AlterTypeOperation::Rename(rename) => {
                Some((last(&alter.name), rename.new_name.value.clone()))
            }
            ast::AlterTypeOperation::AddValue(_) | ast::AlterTypeOperation::RenameValue(_) => None,
        },
        _ => None,
    });
    renamed.filter(|(old, _)| created(old)).collect()
}
