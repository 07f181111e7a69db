//! Normal form of usernames and addresses, used for storage and comparison.

use unicode_normalization::UnicodeNormalization;
use validator::{ValidateEmail, ValidationError};

use super::NewUser;
use crate::{FieldCode, input};
use entity::users::Model;

/// Words that the password of a new account must not consist of.
pub(super) fn hints(new: &NewUser) -> Vec<String> {
    hints_of(&new.username, &new.email, [&new.first_name, &new.last_name])
}

/// Words that a new password of an existing account must not consist of.
pub(crate) fn password_hints(user: &Model) -> Vec<String> {
    hints_of(&user.username, &user.email, [&user.first_name, &user.last_name])
}

fn hints_of(username: &str, email: &str, names: [&Option<String>; 2]) -> Vec<String> {
    let mut hints = vec![username.to_owned(), email.to_owned(), "bookly".to_owned()];
    hints.extend(email.split('@').map(str::to_owned));
    hints.extend(names.into_iter().flatten().cloned());
    hints
}

/// Normal form of an address: NFKC, lower case, domain in ASCII (IDNA, UTS #46). Text that is not an address is only
/// lowercased.
pub(crate) fn normal_email(email: &str) -> String {
    let normal: String = email.nfkc().collect::<String>().to_lowercase();
    match normal.rsplit_once('@').map(|(local, domain)| (local, idna::domain_to_ascii(domain))) {
        Some((local, Ok(domain))) => format!("{local}@{domain}"),
        _ => normal,
    }
}

pub(crate) fn valid_email(email: &str) -> Result<(), ValidationError> {
    let normal = normal_email(email);
    let named = normal.rsplit_once('@').is_some_and(|(_, domain)| is_name(domain));
    // HTML forms and mail servers accept slightly different addresses; require both.
    if named && normal.len() <= 254 && normal.validate_email() && normal.parse::<lettre::Address>().is_ok() {
        Ok(())
    } else {
        Err(input::error(FieldCode::Email, "must be an e-mail address"))
    }
}

/// Whether a domain is a name with a parent domain, not an IP address.
fn is_name(domain: &str) -> bool {
    domain.contains('.')
        && !domain.starts_with('[')
        && domain.rsplit('.').next().is_some_and(|last| last.chars().any(|c| c.is_ascii_alphabetic()))
}

pub(crate) fn valid_username(username: &str) -> Result<(), ValidationError> {
    if username.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')) {
        Ok(())
    } else {
        Err(input::error(
            FieldCode::Username,
            "must consist of letters A–Z, digits, dots, hyphens and underscores",
        ))
    }
}
