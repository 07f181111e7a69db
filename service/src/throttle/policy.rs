//! The limits: the one table of how often one may do what.

use std::time::Duration;

macro_rules! policies {
    ($($(#[$doc:meta])* $policy:ident = $name:literal, $quota:literal in $window:expr;)+) => {
        /// A limit, by the name it has in `RateLimit-Policy`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Policy {
            $($(#[$doc])* $policy,)+
        }

        impl Policy {
            /// Every limit.
            pub const ALL: &[Self] = &[$(Self::$policy),+];

            /// The limit's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$policy => $name,)+ }
            }

            /// How often within the window.
            #[must_use]
            pub const fn quota(self) -> u64 {
                match self { $(Self::$policy => $quota,)+ }
            }

            /// In what time a spent quota comes back.
            #[must_use]
            pub const fn window(self) -> Duration {
                match self { $(Self::$policy => $window,)+ }
            }
        }
    };
}

policies! {
    /// Sign-ups from an address.
    SignUp = "sign-up", 20 in Duration::from_hours(1);
    /// Log-ins from an address, right and wrong ones.
    LogIn = "log-in", 30 in Duration::from_mins(5);
    /// Log-ins with one name from one address that fail.
    LogInFailures = "log-in-failures", 10 in Duration::from_mins(15);
    /// Log-ins with one name that fail, from wherever. Beyond it an address gets one try, not ten.
    Account = "account", 100 in Duration::from_hours(1);
    /// Refreshes from an address, behind which an office may be.
    Refresh = "refresh", 120 in Duration::from_mins(1);
    /// Tokens that came by mail, from an address.
    MailToken = "mail-token", 30 in Duration::from_mins(10);
    /// Mails asked for from an address.
    Mail = "mail", 10 in Duration::from_mins(30);
    /// Mails of one kind to one address, whoever asks for them.
    Mailbox = "mailbox", 5 in Duration::from_hours(1);
    /// A password that its signed-in owner must say again.
    Password = "password", 10 in Duration::from_mins(15);
    /// Imports of an account.
    Import = "import", 30 in Duration::from_hours(1);
    /// Whatever one does who is signed in.
    User = "user", 600 in Duration::from_mins(1);
}

impl Policy {
    /// In what time one unit of the quota comes back, in nanoseconds.
    pub(super) fn interval(self) -> u64 {
        super::clock::nanos(self.window()) / self.quota()
    }
}
