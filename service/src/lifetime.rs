//! Lifetimes of tokens, sessions and mail. Mail templates and API documentation use these constants.

use chrono::TimeDelta;

/// Lifetime of a token that verifies or changes an address.
pub const VERIFY_EMAIL: TimeDelta = TimeDelta::hours(24);

/// Lifetime of a token that resets a password.
pub const RESET_PASSWORD: TimeDelta = TimeDelta::minutes(30);

/// Lifetime of a token that an administrator hands over, to choose the first password of an account.
pub const FIRST_PASSWORD: TimeDelta = TimeDelta::hours(24);

/// Time after which an unused session ends.
pub const SESSION_IDLE: TimeDelta = TimeDelta::days(7);

/// Time after which every session ends.
pub const SESSION: TimeDelta = TimeDelta::days(30);

/// Time during which a used refresh token returns its successor once more, since a response may get lost.
pub const REFRESH_GRACE: TimeDelta = TimeDelta::seconds(10);

/// Time during which delivery of a mail without a token is tried.
pub const NOTICE: TimeDelta = TimeDelta::days(2);

/// Lifetime of the token of a known device.
pub const DEVICE: TimeDelta = TimeDelta::days(180);

/// Time for which an ended session is kept.
pub const ENDED_SESSION: TimeDelta = TimeDelta::days(7);

/// Time for which the record of a sent mail is kept.
pub const SENT_MAIL: TimeDelta = TimeDelta::days(7);

/// Lifetime in words, in its largest whole unit up to hours below two days: `30 minutes`, `24 hours`, `7 days`.
#[must_use]
pub fn in_words(lifetime: TimeDelta) -> String {
    let units = [
        (lifetime.num_days(), 2, "day"),
        (lifetime.num_hours(), 1, "hour"),
        (lifetime.num_minutes(), 1, "minute"),
    ];
    let unit = units.into_iter().find(|(count, least, _)| count >= least);
    let (count, _, unit) = unit.unwrap_or((lifetime.num_seconds(), 1, "second"));
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_read_well() {
        for (lifetime, words) in [
            (VERIFY_EMAIL, "24 hours"),
            (RESET_PASSWORD, "30 minutes"),
            (SESSION_IDLE, "7 days"),
            (REFRESH_GRACE, "10 seconds"),
            (TimeDelta::hours(1), "1 hour"),
        ] {
            assert_eq!(in_words(lifetime), words);
        }
    }
}
