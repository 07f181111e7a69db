//! PostgreSQL, by the rules of `squawk` that are about what happens to data and to those who use it meanwhile.

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

const ATOMIC: &str = "a run is one transaction: there is no half-done state to be robust against";
const TASTE: &str =
    "it is about which type to choose, not about what a change costs; types are the entities' affair";
const WIDER: &str = "it lets more in than before: no row is touched, and nothing that runs is refused";
const OPTIONAL: &str = "squawk itself leaves it out: what it forbids is seldom wrong";

/// The rules of `squawk` that are left out, each with the reason.
pub const LEFT_OUT: &[(Squawk, &str)] = &[
    (Squawk::PreferBigintOverInt, TASTE),
    (Squawk::PreferBigintOverSmallint, TASTE),
    (Squawk::PreferIdentity, "SeaORM's query builder decides how a key is counted"),
    (
        Squawk::PreferTextField,
        "a length is a limit that holds on all three databases, and an index on MariaDB needs it",
    ),
    (Squawk::PreferTimestampTz, TASTE),
    (Squawk::BanCharField, TASTE),
    (Squawk::PreferRobustStmts, ATOMIC),
    (
        Squawk::BanConcurrentIndexCreationInTransaction,
        "PostgreSQL refuses it by itself; whether a migration has a transaction is not in its SQL",
    ),
    (Squawk::RequireTimeoutSettings, "whoever runs migrations sets them, for every run"),
    (Squawk::RequireLockTimeout, "whoever runs migrations sets it, for every run"),
    (Squawk::RequireStatementTimeout, "whoever runs migrations sets it, for every run"),
    (Squawk::RequireEnumValueOrdering, "a value at the end is at the end"),
    (Squawk::RequireTableSchema, "the connection says which schema is meant"),
    (Squawk::UnusedIgnore, "reasons are given by `allow`, not in comments; unused ones are found"),
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

/// Adds what `squawk` finds in a migration to what our own rules have found.
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
    // Of keys squawk says twice what they cost, the second time as of any constraint.
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

/// Most of the rules that give no advice are about what a program that still runs is used to.
const FALLBACK: &str = "release a version that does not need it, and change it in the next release";

/// Whether the same migration puts back what the statement takes away: a default that has to go while the type
/// changes, an enum's old self that makes way for its new one.
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
