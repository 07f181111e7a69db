//! Warnings of migrations whose SQL is not known without a database.

use std::collections::BTreeMap;

/// Warns of each migration, once, with the reason.
pub(super) fn warn(unknown: &BTreeMap<String, String>) {
    for (name, reason) in unknown {
        log::warn!("warning: the SQL of {name} is unknown: {reason}");
    }
}
