//! The rules of `squawk`: our rule for each, or the reason for leaving it out.

use squawk_linter::Rule as Squawk;

use crate::Rule;

const ATOMIC: &str = "a run is one transaction, so it leaves no partial state";
const TASTE: &str = "it concerns the choice of types, not the cost of a change; the entities decide types";
const WIDER: &str = "it accepts more than before: no row is touched, and no running statement fails";
const OPTIONAL: &str = "squawk itself leaves it out by default";

/// The rule of that name, or the reason for leaving it out. A new version of `squawk` with another rule does not compile
/// before it is decided here.
pub(super) fn rule_of(rule: Squawk) -> Result<Rule, &'static str> {
    match rule {
        Squawk::RequireConcurrentIndexCreation => Ok(Rule::RequireConcurrentIndexCreation),
        Squawk::RequireConcurrentIndexDeletion => Ok(Rule::RequireConcurrentIndexDeletion),
        Squawk::ConstraintMissingNotValid => Ok(Rule::ConstraintMissingNotValid),
        Squawk::AddingFieldWithDefault => Ok(Rule::AddingFieldWithDefault),
        Squawk::AddingForeignKeyConstraint => Ok(Rule::AddingForeignKeyConstraint),
        Squawk::ChangingColumnType => Ok(Rule::ChangingColumnType),
        Squawk::AddingNotNullableField => Ok(Rule::AddingNotNullableField),
        Squawk::AddingSerialPrimaryKeyField => Ok(Rule::AddingSerialPrimaryKeyField),
        Squawk::RenamingColumn => Ok(Rule::RenamingColumn),
        Squawk::RenamingTable => Ok(Rule::RenamingTable),
        Squawk::DisallowedUniqueConstraint => Ok(Rule::DisallowedUniqueConstraint),
        Squawk::BanDropDatabase => Ok(Rule::BanDropDatabase),
        Squawk::BanDropColumn => Ok(Rule::BanDropColumn),
        Squawk::BanDropTable => Ok(Rule::BanDropTable),
        Squawk::TransactionNesting => Ok(Rule::TransactionNesting),
        Squawk::AddingRequiredField => Ok(Rule::AddingRequiredField),
        Squawk::BanCreateDomainWithConstraint => Ok(Rule::BanCreateDomainWithConstraint),
        Squawk::BanAlterDomainWithAddConstraint => Ok(Rule::BanAlterDomainWithAddConstraint),
        Squawk::BanTruncateCascade => Ok(Rule::BanTruncateCascade),
        Squawk::BanUncommittedTransaction => Ok(Rule::BanUncommittedTransaction),
        Squawk::IdentifierTooLong => Ok(Rule::IdentifierTooLong),
        Squawk::RequireConcurrentPartitionDetach => Ok(Rule::RequireConcurrentPartitionDetach),
        Squawk::RequireConcurrentReindex => Ok(Rule::RequireConcurrentReindex),
        Squawk::BanDuplicateColumnAssignments => Ok(Rule::BanDuplicateColumnAssignments),
        Squawk::BanDropView => Ok(Rule::BanDropView),
        Squawk::BanDropFunction => Ok(Rule::BanDropFunction),
        Squawk::BanDropType => Ok(Rule::BanDropType),
        Squawk::BanDropDefault => Ok(Rule::BanDropDefault),
        Squawk::BanDropSchema => Ok(Rule::BanDropSchema),
        Squawk::BanDropSequence => Ok(Rule::BanDropSequence),
        Squawk::BanDropDomain => Ok(Rule::BanDropDomain),
        Squawk::BanDropGeneratedExpression => Ok(Rule::BanDropGeneratedExpression),
        Squawk::RenamingObject => Ok(Rule::RenamingObject),
        Squawk::BanSetSchema => Ok(Rule::BanSetSchema),
        Squawk::BanAlterIdentity => Ok(Rule::BanAlterIdentity),
        Squawk::BanDropExtension => Ok(Rule::BanDropExtension),
        Squawk::PreferBigintOverInt
        | Squawk::PreferBigintOverSmallint
        | Squawk::PreferTimestampTz
        | Squawk::BanCharField => Err(TASTE),
        Squawk::PreferIdentity => Err("SeaORM's query builder decides it"),
        Squawk::PreferRepack => {
            Err("it concerns PostgreSQL 19 and later, and a project does not state its version")
        }
        Squawk::PreferRobustStmts => Err(ATOMIC),
        Squawk::PreferTextField => {
            Err("a length is a limit that holds on all three databases, and an index on MariaDB needs it")
        }
        Squawk::BanDropNotNull | Squawk::BanDropConstraint => Err(WIDER),
        Squawk::BanConcurrentIndexCreationInTransaction => {
            Err("a rule of ours knows whether the migration runs in a transaction")
        }
        Squawk::UnusedIgnore => Err("reasons are declared by `lint_exceptions!`, not in comments"),
        Squawk::RequireTimeoutSettings => Err("the operator sets them, for every run"),
        Squawk::RequireEnumValueOrdering => Err("the order of values is that of the entities"),
        Squawk::RequireTableSchema => Err("the connection selects the schema"),
        Squawk::RequireLockTimeout | Squawk::RequireStatementTimeout => {
            Err("the operator sets it, for every run")
        }
        Squawk::BanDropTrigger
        | Squawk::BanAlterGeneratedExpression
        | Squawk::BanDropIndex
        | Squawk::BanSetDefault
        | Squawk::BanDisableTrigger
        | Squawk::BanReplicaIdentity
        | Squawk::BanDropPolicy
        | Squawk::BanRevoke
        | Squawk::BanReplaceViewFunction
        | Squawk::BanAlterPolicyCondition
        | Squawk::BanAlterPolicyRoles
        | Squawk::BanCreatePolicy
        | Squawk::BanAlterFunctionOptions
        | Squawk::BanAlterViewOptions
        | Squawk::BanAlterRoleOptions
        | Squawk::BanAlterDatabaseOptions
        | Squawk::BanAlterRowLevelSecurity
        | Squawk::BanNewWriteRestriction
        | Squawk::BanAddEnumValue
        | Squawk::BanAddCompositeAttribute
        | Squawk::BanAddColumn
        | Squawk::BanDetachInheritance
        | Squawk::BanAlterSequenceValues
        | Squawk::BanAlterSystemOptions
        | Squawk::BanAlterExtension => Err(OPTIONAL),
    }
}
