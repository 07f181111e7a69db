//! Hashes of other systems: plain bcrypt, `$2a$`, `$2b$` or `$2y$`.

use std::str::FromStr;

use bcrypt::HashParts;

/// Prefixes of accepted hashes. `$2x$` is not accepted: it marks hashes of a broken implementation.
const PREFIXES: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

/// Lowest cost of bcrypt.
const MIN_COST: u32 = 4;

/// Highest cost that is accepted even if new hashes have a lower one.
const USUAL_COST: u32 = 12;

/// Bytes of a password that bcrypt reads.
pub(super) const READ: usize = 72;

/// Whether a stored hash is from another system.
pub(super) fn is_foreign(hash: &str) -> bool {
    PREFIXES.iter().any(|prefix| hash.starts_with(prefix))
}

/// Highest accepted cost if new hashes have cost `ours`. A costlier hash would reveal by its response time that the
/// account exists, and would let any client occupy a processor with log-ins.
pub(super) fn highest_cost(ours: u32) -> u32 {
    ours.max(USUAL_COST)
}

/// Rejects text that is not a hash, or whose cost exceeds `highest`. The reason never repeats the text.
pub(super) fn check(hash: &str, highest: u32) -> Result<(), String> {
    let parts = HashParts::from_str(hash).ok().filter(|_| is_foreign(hash));
    match parts.map(|parts| parts.get_cost()) {
        None => Err("must be a bcrypt hash: $2a$, $2b$ or $2y$, its cost, and 53 characters".to_owned()),
        Some(cost) if (MIN_COST..=highest).contains(&cost) => Ok(()),
        Some(_) => Err(format!("must have a cost of {MIN_COST} to {highest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_libxcrypt_hash_verifies_only_its_password() {
        for prefix in PREFIXES {
            let hash = format!("{prefix}05$N9qo8uLOickgx2ZMRZoMyerNT/HaLz1mYp06I6WeyE4m8o0bldTwW");
            assert_eq!(check(&hash, 12), Ok(()));
            assert!(bcrypt::verify("Grüße, correct horse!", &hash).unwrap());
            assert!(!bcrypt::verify("Grusse, correct horse!", &hash).unwrap());
        }
    }

    #[test]
    fn only_bcrypt_hashes_of_acceptable_cost_are_accepted() {
        let good = bcrypt::hash("x", 4).unwrap();
        let with = |from: &str, to: &str| good.replacen(from, to, 1);
        for prefix in PREFIXES {
            assert_eq!(check(&with("$2b$", prefix), 12), Ok(()));
        }
        assert_eq!(check(&with("$04$", "$12$"), highest_cost(10)), Ok(()));
        assert_eq!(check(&with("$04$", "$14$"), highest_cost(14)), Ok(()));
        for (bad, reason) in [
            (String::new(), "nothing"),
            ("correct horse battery staple".to_owned(), "a password"),
            (with("$2b$", "$2x$"), "a broken implementation"),
            (with("$2b$", "$2c$"), "no such version"),
            (with("$04$", "$03$"), "too cheap"),
            (with("$04$", "$13$"), "too costly"),
            (with("$04$", "$20$"), "far too costly"),
            (with("$04$", "$xx$"), "no cost"),
            (good[..59].to_owned(), "cut off"),
            (format!("{good}a"), "too long"),
            (format!("{good}\n"), "a line end"),
            (format!(" {}", &good[..59]), "a space"),
            (good.replacen(&good[10..11], "!", 1), "not base64"),
            ("5f4dcc3b5aa765d61d8327deb882cf99".to_owned(), "MD5"),
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".to_owned(), "Argon2"),
        ] {
            assert!(check(&bad, 12).is_err(), "{reason}");
        }
    }
}
