//! Permissions in the document: the security of each operation and the roles that may call it, from the permission
//! table.

use serde_json::{Map, Value, json};
use service::{
    Role,
    access::{Reach, Rule},
};

use crate::endpoints::{Endpoint, TokenUse};

/// Adds security, permissions and a sentence about them to an operation.
pub(super) fn complete(operation: &mut Value, endpoint: &Endpoint) {
    let rule = endpoint.rule();
    let sentence = sentence(rule);
    let description = operation["description"].as_str().map(|text| format!("{text}\n\n{sentence}"));
    operation["description"] = description.unwrap_or(sentence).into();
    operation["security"] = match (rule.anonymous, endpoint.token_use) {
        (true, TokenUse::Ignored) => json!([]),
        (true, TokenUse::Optional) => json!([{}, { "bearer": [] }]),
        (false, _) => json!([{ "bearer": [] }]),
    };
    operation["x-permissions"] = table(rule);
}

/// Row of the permission table, for readers.
fn sentence(rule: Rule) -> String {
    if rule.anonymous {
        return "Permission: everyone, without an access token.".to_owned();
    }
    let allowed = Role::ALL.into_iter().filter_map(|role| Some((role, rule.of(role)?)));
    let roles: Vec<String> = allowed.map(|(role, reach)| format!("`{role}` ({})", name(reach))).collect();
    let verified = if rule.unverified { "" } else { ", with a verified e-mail address" };
    format!("Permission: {}{verified}.", roles.join(", "))
}

/// Row of the permission table, for programs.
fn table(rule: Rule) -> Value {
    let roles = Role::ALL.map(|role| (role.to_string(), json!(rule.of(role).map(name))));
    let flags = [("anonymous", rule.anonymous), ("unverified", rule.unverified)];
    let flags = flags.map(|(name, allowed)| (name.to_owned(), json!(allowed)));
    flags.into_iter().chain(roles).collect::<Map<_, _>>().into()
}

const fn name(reach: Reach) -> &'static str {
    match reach {
        Reach::Own => "own",
        Reach::Any => "any",
    }
}
