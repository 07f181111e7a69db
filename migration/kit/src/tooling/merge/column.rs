//! A column of the target.

use sea_orm_migration::sea_orm::DbBackend;

use super::Manner;
use crate::snapshot::{Column, Kind};

pub(super) fn merge_column(manner: Manner, current: Option<&Column>, wanted: &Column) -> Column {
    let Some(current) = current else {
        let kind = match (&wanted.kind, manner.backend) {
            // A `timestamp` cuts to seconds and ends in 2038.
            (Kind::Moment, DbBackend::MySql) => Kind::Other("datetime(6)".to_owned()),
            (kind, backend) => with_size(backend, kind),
        };
        return Column { kind, default: spoken(wanted.default.clone()), ..wanted.clone() };
    };
    let kept = |current: &Option<String>| current.clone().filter(|_| manner.keeps);
    let default = match &wanted.default {
        Some(_) if current.default.is_some() && wanted.same_default(current) => current.default.clone(),
        Some(default) => Some(default.clone()),
        None => kept(&current.default),
    };
    let generated = match (&wanted.generated, &current.generated) {
        (Some(wanted), _) => Some(wanted.clone()),
        (None, current) => current.clone(),
    };
    let counter = if wanted.auto_increment { current.counter.clone() } else { None };
    let kind = merge_kind(manner, &current.kind, &wanted.kind);
    let spelling = if kind == current.kind { &current.spelling } else { &wanted.spelling };
    Column {
        name: wanted.name.clone(),
        spelling: spelling.clone(),
        kind,
        nullable: wanted.nullable,
        default: spoken(default),
        auto_increment: wanted.auto_increment,
        counter: if current.auto_increment { counter } else { wanted.counter.clone() },
        generated,
        character_set: wanted.character_set.clone().or_else(|| current.character_set.clone()),
        collation: wanted.collation.clone().or_else(|| current.collation.clone()),
        on_update: wanted.on_update.clone().or_else(|| current.on_update.clone()),
        comment: wanted.comment.clone().or_else(|| kept(&current.comment)),
        clauses: if wanted.clauses.is_empty() { current.clauses.clone() } else { wanted.clauses.clone() },
    }
}

/// A default of NULL is none.
fn spoken(default: Option<String>) -> Option<String> {
    default.filter(|default| default != "null")
}

fn merge_kind(manner: Manner, current: &Kind, wanted: &Kind) -> Kind {
    let silent = match (wanted, current) {
        (Kind::String(None), Kind::String(_) | Kind::Char(_)) | (Kind::Decimal(None), Kind::Decimal(_)) => {
            true
        }
        // An entity does not say how exact a time is.
        (Kind::Moment | Kind::DateTime, current) if manner.backend == DbBackend::MySql => is_time(current),
        (wanted, current) if manner.backend == DbBackend::Sqlite => affinity(wanted) == affinity(current),
        _ => false,
    };
    if silent && manner.keeps { current.clone() } else { with_size(manner.backend, wanted) }
}

fn is_time(kind: &Kind) -> bool {
    match kind {
        Kind::Moment | Kind::DateTime => true,
        Kind::Other(kind) => kind.starts_with("datetime(") || kind.starts_with("timestamp("),
        _ => false,
    }
}

/// A kind with the size that the database gives it where none is said.
fn with_size(backend: DbBackend, kind: &Kind) -> Kind {
    match kind {
        Kind::String(None) if backend == DbBackend::MySql => Kind::String(Some(255)),
        Kind::Decimal(None) if backend == DbBackend::MySql => Kind::Decimal(Some((10, 0))),
        kind => kind.clone(),
    }
}

/// How SQLite stores the values of a type, by section 3.1 of <https://www.sqlite.org/datatype3.html>.
fn affinity(kind: &Kind) -> &'static str {
    let name = kind.sql(DbBackend::Sqlite);
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["int"]) {
        "integer"
    } else if has(&["char", "clob", "text"]) {
        "text"
    } else if has(&["blob"]) || name.is_empty() {
        "blob"
    } else if has(&["real", "floa", "doub"]) {
        "real"
    } else {
        "numeric"
    }
}
