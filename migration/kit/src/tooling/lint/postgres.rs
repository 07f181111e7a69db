//! PostgreSQL, by the rules of `squawk` that concern data and its users during a change.

use sqlparser::ast::{self, Statement as Sql};
use squawk_linter::{Linter, LinterSettings, Rule as Squawk, Violation};
use squawk_syntax::SourceFile;

use sea_orm_migration::sea_orm::DbBackend;

use super::{Broken, Found, Level, rules};
use crate::{
    Rule,
    run::recorder::Recorded,
    snapshot::fold::{in_a_line, last, parse},
};

const ATOMIC: &str = "a run is one transaction, so it leaves no partial state";
const TASTE: &str = "it concerns the choice of types, not the cost of a change; the entities decide types";
const WIDER: &str = "it accepts more than before: no row is touched, and no running statement fails";
const OPTIONAL: &str = "squawk itself leaves it out by default";

/// The rules of `squawk` that are left out, each with the reason.
pub const LEFT_OUT: &[(Squawk, &str)] = &[
    (Squawk::PreferBigintOverInt, TASTE),
    (Squawk::PreferBigintOverSmallint, TASTE),
    (Squawk::PreferIdentity, "SeaORM's query builder decides it"),
    (
        Squawk::PreferTextField,
        "a length is a limit that holds on all three databases, and an index on MariaDB needs it",
    ),
    (Squawk::PreferTimestampTz, TASTE),
    (Squawk::BanCharField, TASTE),
    (Squawk::PreferRobustStmts, ATOMIC),
    (
        Squawk::BanConcurrentIndexCreationInTransaction,
        "PostgreSQL refuses it by itself, and the SQL does not show the transaction",
    ),
    (Squawk::RequireTimeoutSettings, "the operator sets them, for every run"),
    (Squawk::RequireLockTimeout, "the operator sets it, for every run"),
    (Squawk::RequireStatementTimeout, "the operator sets it, for every run"),
    (Squawk::RequireEnumValueOrdering, "the order of values is that of the entities"),
    (Squawk::RequireTableSchema, "the connection selects the schema"),
    (Squawk::UnusedIgnore, "reasons are declared by `lint_exceptions!`, not in comments"),
    (Squawk::BanDropNotNull, WIDER),
    (Squawk::BanDropConstraint, WIDER),
    (Squawk::BanDropTrigger, OPTIONAL),
    (Squawk::BanAlterGeneratedExpression, OPTIONAL),
    (Squawk::BanDropIndex, OPTIONAL),
    (Squawk::BanSetDefault, OPTIONAL),
    (Squawk::BanDisableTrigger, OPTIONAL),
    (Squawk::BanReplicaIdentity, OPTIONAL),
    (Squawk::BanDropPolicy, OPTIONAL),
    (Squawk::BanRevoke, OPTIONAL),
    (Squawk::BanReplaceViewFunction, OPTIONAL),
    (Squawk::BanAlterPolicyCondition, OPTIONAL),
    (Squawk::BanAlterPolicyRoles, OPTIONAL),
    (Squawk::BanCreatePolicy, OPTIONAL),
    (Squawk::BanAlterFunctionOptions, OPTIONAL),
    (Squawk::BanAlterViewOptions, OPTIONAL),
    (Squawk::BanAlterRoleOptions, OPTIONAL),
    (Squawk::BanAlterDatabaseOptions, OPTIONAL),
    (Squawk::BanAlterRowLevelSecurity, OPTIONAL),
    (Squawk::BanNewWriteRestriction, OPTIONAL),
    (Squawk::BanAddEnumValue, OPTIONAL),
    (Squawk::BanAddCompositeAttribute, OPTIONAL),
    (Squawk::BanAddColumn, OPTIONAL),
    (Squawk::BanDetachInheritance, OPTIONAL),
    (Squawk::BanAlterSequenceValues, OPTIONAL),
    (Squawk::BanAlterSystemOptions, OPTIONAL),
    (Squawk::BanAlterExtension, OPTIONAL),
];

/// Adds the findings of `squawk` to those of our own rules.
pub(super) fn add(migration: &Recorded, found: &mut Found) {
    let (mut file, mut ends) = (String::new(), Vec::new());
    for statement in &migration.statements {
        file += statement.sql.trim_end_matches([';', ' ', '\n']);
        file += "\n;\n";
        ends.push(file.len());
    }
    let parsed = SourceFile::parse(&file);
    let left_out: Vec<Squawk> = LEFT_OUT.iter().map(|(rule, _)| *rule).collect();
    let mut linter = Linter::with_rules(&[], &left_out);
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
        let rule = Rule::named(&violation.code.to_string());
        let known = found.broken.iter().any(|broken| broken.at == at && broken.rule == rule);
        let ours = found.read.contains(&at) && rules::find(&rule, DbBackend::Postgres).is_some();
        if !known && !ours && !is_passing(violation.code, at, migration) {
            found.broken.push(broken(at, rule, &violation, &migration.statements[at].sql));
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

fn broken(at: usize, rule: Rule, violation: &Violation, sql: &str) -> Broken {
    let line = |text: &str| {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut chars = line.trim_end_matches('.').chars();
        chars.next().map(|first| first.to_lowercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    let ours = rules::find(&rule, DbBackend::Postgres);
    let advice = || violation.help.as_deref().map_or_else(|| FALLBACK.to_owned(), line);
    Broken {
        at,
        rule,
        level: ours.map_or(Level::Warning, |rule| rule.level),
        statement: in_a_line(sql),
        why: ours.map_or_else(|| line(&violation.message), |rule| rule.why.to_owned()),
        instead: ours.map_or_else(advice, |rule| rule.instead.to_owned()),
    }
}

/// Most rules without advice concern the version of a program that still runs.
const FALLBACK: &str = "release a version that does not need it, and change it in the next release";

/// Whether the same migration restores the dropped object: a default that is dropped while the type changes, or an enum
/// that is replaced by one of the same name.
fn is_passing(rule: Squawk, at: usize, migration: &Recorded) -> bool {
    let sql = |at: usize| migration.statements[at].sql.trim();
    match rule {
        Squawk::BanDropDefault => {
            let set = sql(at).to_uppercase().replace("DROP DEFAULT", "SET DEFAULT");
            let later = &migration.statements[at + 1..];
            later.iter().any(|later| later.sql.trim().to_uppercase().starts_with(&set))
        }
        Squawk::RenamingObject | Squawk::BanDropType => {
            let statements: Vec<Sql> = migration
                .statements
                .iter()
                .filter_map(|other| parse(DbBackend::Postgres, &other.sql).ok())
                .flatten()
                .collect();
            let Some(this) = parse(DbBackend::Postgres, sql(at)).ok().and_then(|mut parsed| parsed.pop())
            else {
                return false;
            };
            makes_way(&statements).iter().any(|(old, new)| match &this {
                Sql::AlterType(alter) => last(&alter.name) == *old,
                Sql::Drop { names, .. } => names.iter().all(|name| last(name) == *new),
                _ => false,
            })
        }
        _ => false,
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
