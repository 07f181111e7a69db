//! Security log: one structured line per security event, in the target `security`. Lines contain ids, never a
//! password, a token, client input or an e-mail address. The address of the client is part of a line only if the
//! caller of the operation states it.

mod field;

use std::{fmt, net::IpAddr};

use log::{Level, Record, kv::Value};
use uuid::Uuid;

use self::field::Field;
use crate::Role;

/// Log target, for filters such as `RUST_LOG=warn,security=info`.
const TARGET: &str = "security";

macro_rules! events {
    ($($(#[$doc:meta])* $event:ident = $level:ident $name:literal { $($field:ident: $type:ty),+ };)+) => {
        /// Security event.
        #[derive(Debug, Clone, Copy)]
        pub enum Event {
            $($(#[$doc])* $event { $(#[doc = concat!("The line's `", stringify!($field), "`.")] $field: $type,)+ },)+
        }

        impl Event {
            /// Name, level and fields of the event.
            fn parts(&self) -> (&'static str, Level, Vec<(&'static str, Value<'_>)>) {
                match self {
                    $(Self::$event { $($field,)+ } => {
                        let mut fields = Vec::new();
                        $(fields.extend($field.value().map(|value| (stringify!($field), value)));)+
                        ($name, Level::$level, fields)
                    })+
                }
            }
        }
    };
}

events! {
    /// An account was created by sign-up.
    SignedUp = Info "signed_up" { user: Uuid };
    /// A session started.
    LoggedIn = Info "logged_in" { user: Uuid, session: Uuid, address: AddressClass };
    /// A log-in failed.
    LogInFailed = Warn "log_in_failed" { reason: LogInFailure, user: Option<Uuid>, address: AddressClass };
    /// A client exceeded a rate limit.
    Throttled = Warn "throttled" { policy: &'static str, user: Option<Uuid>, address: Option<AddressClass> };
    /// A used refresh token was presented again: it was copied, so its session was revoked.
    RefreshReplayed = Warn "refresh_replayed" { user: Uuid, session: Uuid };
    /// An actor attempted an action without permission.
    Denied = Warn "denied" { actor: ActorId, session: Option<Uuid>, action: &'static str, reason: Denial };
    /// A page of a foreign origin tried to use a session cookie.
    OriginRefused = Warn "origin_refused" { address: AddressClass };
    /// A session ended.
    SessionEnded = Info "session_ended" { user: Option<Uuid>, session: Uuid, reason: SessionEnd };
    /// Every session of an account ended, or every other one.
    SessionsEnded = Info "sessions_ended" { user: Uuid, actor: ActorId, reason: SessionEnd };
    /// An account was created by an administrator or the operator.
    UserCreated = Info "user_created" { actor: ActorId, user: Uuid, role: Role };
    /// The role of an account was changed.
    RoleChanged = Warn "role_changed" { actor: ActorId, user: Uuid, from: Role, to: Role };
    /// An account was disabled.
    UserDisabled = Info "user_disabled" { actor: ActorId, user: Uuid };
    /// An account was enabled again.
    UserEnabled = Info "user_enabled" { actor: ActorId, user: Uuid };
    /// The verification of an account was changed by an administrator.
    VerificationChanged = Info "verification_changed" { actor: ActorId, user: Uuid, verified: bool };
    /// An account was deleted.
    UserDeleted = Info "user_deleted" { actor: ActorId, user: Uuid };
    /// Books were imported from a file.
    Imported = Info "imported" { actor: ActorId, rows: u64, created: u64, updated: u64, failed: u64, dry_run: bool };
    /// Accounts were imported from a file.
    UsersImported = Info "users_imported" { actor: ActorId, rows: u64, created: u64, failed: u64, dry_run: bool };
    /// An owner verified an address.
    EmailVerified = Info "email_verified" { user: Uuid };
    /// A password reset was requested. `user` is absent if no account has the address.
    ResetRequested = Info "reset_requested" { actor: Option<ActorId>, user: Option<Uuid> };
    /// A password was reset with a mail token.
    PasswordReset = Info "password_reset" { user: Uuid };
    /// A password was changed by its owner.
    PasswordChanged = Info "password_changed" { user: Uuid };
    /// A signed-in account entered a wrong current password.
    PasswordRefused = Warn "password_refused" { user: Uuid };
    /// A change of address was requested.
    EmailChangeRequested = Info "email_change_requested" { user: Uuid };
    /// The address was changed, which also verifies it.
    EmailChanged = Info "email_changed" { user: Uuid };
    /// The address was corrected by an administrator or the operator.
    EmailCorrected = Warn "email_corrected" { actor: ActorId, user: Uuid };
    /// The operator set a password.
    PasswordSet = Warn "password_set" { actor: ActorId, user: Uuid };
    /// A token to choose the first password was shown to an administrator, since no mail is sent.
    LinkShown = Warn "link_shown" { actor: ActorId, user: Uuid };
    /// An unverified account lost its address to an account that verified it.
    AddressLost = Warn "address_lost" { user: Uuid, to: Uuid };
}

tokio::task_local! {
    /// Client whose request the task handles.
    static CLIENT: IpAddr;
}

/// Handles a request: lines of its events contain the address of the client, in the field `client`.
pub async fn with_client<F: Future>(client: IpAddr, request: F) -> F::Output {
    CLIENT.scope(client, request).await
}

impl Event {
    /// Writes the event. Call it after the transaction is committed.
    pub fn log(&self) {
        let (name, level, mut fields) = self.parts();
        let client = CLIENT.try_with(IpAddr::to_canonical).ok();
        fields.extend(client.as_ref().map(|client| ("client", Value::from_display(client))));
        if level <= log::max_level() {
            let fields: &[(&str, Value<'_>)] = &fields;
            log::logger().log(
                &Record::builder()
                    .level(level)
                    .target(TARGET)
                    .key_values(&fields)
                    .args(format_args!("{name}"))
                    .build(),
            );
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal;)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum $name {
                $($(#[$variant_doc])* $variant,)+
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(match self { $(Self::$variant => $text,)+ })
                }
            }
        )+
    };
}

reasons! {
    /// Reason for a failed log-in.
    LogInFailure {
        /// No account has the name.
        UnknownName = "unknown_name";
        /// The password is wrong.
        WrongPassword = "wrong_password";
        /// The account is disabled.
        Disabled = "disabled";
        /// The account changed during each attempt to check it.
        AccountChanges = "account_changes";
    }

    /// Reason for a refusal by the permission table.
    Denial {
        /// The role lacks the permission, or the resource belongs to another account.
        Forbidden = "forbidden";
        /// The account must verify its address first.
        NotVerified = "not_verified";
    }

    /// Reason for the end of a session.
    SessionEnd {
        /// Its owner logged out.
        LogOut = "log_out";
        /// Its owner ended it from the list of sessions.
        Owner = "owner";
        /// An administrator ended it.
        Administrator = "administrator";
        /// The account had too many sessions.
        TooMany = "too_many";
        /// The account was disabled.
        Disabled = "disabled";
        /// The password was changed.
        PasswordChanged = "password_changed";
        /// The password was reset by mail.
        PasswordReset = "password_reset";
        /// The operator set the password.
        PasswordSet = "password_set";
        /// The address was corrected by an administrator or the operator.
        EmailCorrected = "email_corrected";
        /// Another account verified the address.
        AddressLost = "address_lost";
    }
}

/// Actor in the security log: an account or the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActorId(Option<Uuid>);

impl ActorId {
    /// Actor with the id of an account; `None` for the operator.
    pub(crate) const fn new(account: Option<Uuid>) -> Self {
        Self(account)
    }
}

impl From<Uuid> for ActorId {
    fn from(id: Uuid) -> Self {
        Self(Some(id))
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => id.fmt(f),
            None => f.write_str("operator"),
        }
    }
}

/// Network class of a client address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// The server's own machine.
    Loopback,
    /// A private network.
    Private,
    /// The Internet, by IPv4.
    PublicV4,
    /// The Internet, by IPv6.
    PublicV6,
    /// No known address.
    Unknown,
}

impl AddressClass {
    /// Class of `address`.
    #[must_use]
    pub fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Unknown,
            Some(address) if address.is_loopback() => Self::Loopback,
            Some(IpAddr::V4(address)) if address.is_private() || address.is_link_local() => Self::Private,
            Some(IpAddr::V6(address)) if address.is_unique_local() || address.is_unicast_link_local() => {
                Self::Private
            }
            Some(IpAddr::V4(_)) => Self::PublicV4,
            Some(IpAddr::V6(_)) => Self::PublicV6,
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::PublicV4 => "public_v4",
            Self::PublicV6 => "public_v6",
            Self::Unknown => "unknown",
        })
    }
}
