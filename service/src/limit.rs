//! Rate limits: the table of quotas, and the status of a client within one of them.

use std::time::Duration;

use crate::clock::nanos;

/// Status of a client within a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitStatus {
    /// The limit.
    pub limit: RateLimit,
    /// Requests that are left now.
    pub remaining: u64,
    /// Time until the next request is admitted if none is left; otherwise the time that the remaining requests are
    /// meant to last.
    pub wait: Duration,
}

macro_rules! limits {
    ($($(#[$doc:meta])* $limit:ident = $name:literal, $quota:literal in $window:expr;)+) => {
        /// A rate limit, by its name in `RateLimit-Policy`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum RateLimit {
            $($(#[$doc])* $limit,)+
        }

        impl RateLimit {
            /// Every limit.
            pub const ALL: &[Self] = &[$(Self::$limit),+];

            /// Name of the limit.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$limit => $name,)+ }
            }

            /// Requests that the limit admits within its window.
            #[must_use]
            pub const fn quota(self) -> u64 {
                match self { $(Self::$limit => $quota,)+ }
            }

            /// Time in which a spent quota recovers.
            #[must_use]
            pub const fn window(self) -> Duration {
                match self { $(Self::$limit => $window,)+ }
            }
        }
    };
}

limits! {
    /// Sign-ups from an address.
    SignUp = "sign-up", 20 in Duration::from_hours(1);
    /// Log-ins from an address, successful or not.
    LogIn = "log-in", 30 in Duration::from_mins(5);
    /// Failed log-ins with one name from one address, or from one IPv6 /64 network.
    LogInFailures = "log-in-failures", 10 in Duration::from_mins(15);
    /// Failed log-ins with one name from one IPv4 /24 or IPv6 /56 network.
    CustomerFailures = "customer-failures", 20 in Duration::from_hours(1);
    /// Failed log-ins with one name from one IPv6 /48 network.
    SiteFailures = "site-failures", 40 in Duration::from_hours(1);
    /// Failed log-ins with one name from all networks but known ones.
    Account = "account", 100 in Duration::from_hours(1);
    /// Failed log-ins with one name from all networks but known ones, in a day.
    AccountDay = "account-day", 300 in Duration::from_hours(24);
    /// Failed log-ins with one name from all networks but known ones, in a month.
    AccountMonth = "account-month", 1000 in Duration::from_hours(30 * 24);
    /// Failed log-ins from a known device.
    Device = "device", 10 in Duration::from_mins(15);
    /// Refreshes from an address, which may be that of an office.
    Refresh = "refresh", 120 in Duration::from_mins(1);
    /// Mail tokens presented from an address.
    MailToken = "mail-token", 30 in Duration::from_mins(10);
    /// Mails requested from an address.
    Mail = "mail", 10 in Duration::from_mins(30);
    /// Mails of one template to one mailbox, from all clients.
    Mailbox = "mailbox", 5 in Duration::from_hours(1);
    /// Confirmations of the current password by a signed-in account.
    Password = "password", 10 in Duration::from_mins(15);
    /// Searches, facets, totals and large offsets from an address.
    ExpensiveReads = "expensive-reads", 300 in Duration::from_mins(1);
    /// Exports of an account.
    Export = "export", 60 in Duration::from_hours(1);
    /// Imports of an account.
    Import = "import", 30 in Duration::from_hours(1);
    /// Seconds that the database works on the imports of an account. An import that begins may overdraw it.
    ImportTime = "import-time", 300 in Duration::from_hours(1);
    /// Requests of a signed-in account.
    User = "user", 600 in Duration::from_mins(1);
}

impl RateLimit {
    /// Nanoseconds in which one request of the quota recovers.
    pub(crate) fn interval(self) -> u64 {
        nanos(self.window()) / self.quota()
    }
}
