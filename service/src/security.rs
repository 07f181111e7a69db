//! The security log: one structured line for each thing that an administrator, or whoever looks into an
//! incident, asks about. It goes to the target `security` and names ids, never a password, a token, a name
//! that somebody typed or an e-mail address.

use std::{fmt, net::IpAddr};

use log::{Level, Record, kv::Value};
use uuid::Uuid;

use crate::Role;

/// The target of the lines, for filters such as `RUST_LOG=warn,security=info`.
const TARGET: &str = "security";

macro_rules! events {
    ($($(#[$doc:meta])* $event:ident = $level:ident $name:literal { $($field:ident: $type:ty),+ };)+) => {
        /// Something that the security log tells.
        #[derive(Debug, Clone, Copy)]
        pub enum Event {
            $($(#[$doc])* $event { $(#[doc = concat!("The line's `", stringify!($field), "`.")] $field: $type,)+ },)+
        }

        impl Event {
            /// The event's name, its level, and what it says.
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
    /// Somebody opened an account.
    SignedUp = Info "signed_up" { user: Uuid };
    /// A session began.
    LoggedIn = Info "logged_in" { user: Uuid, session: Uuid, address: AddressClass };
    /// Somebody could not log in.
    LogInFailed = Warn "log_in_failed" { reason: LogInFailure, user: Option<Uuid>, address: AddressClass };
    /// Somebody asked too often.
    Throttled = Warn "throttled" { policy: &'static str, user: Option<Uuid>, address: Option<AddressClass> };
    /// A refresh token came again that was used up: it was copied, and its session ended.
    RefreshReplayed = Warn "refresh_replayed" { user: Uuid, session: Uuid };
    /// An account asked for what it may not.
    Denied = Warn "denied" { actor: ActorId, session: Option<Uuid>, action: &'static str, reason: Denial };
    /// A page of an origin that is not ours tried to use the cookie of a session.
    OriginRefused = Warn "origin_refused" { address: AddressClass };
    /// A session ended.
    SessionEnded = Info "session_ended" { user: Option<Uuid>, session: Uuid, reason: SessionEnd };
    /// Every session of an account ended, or every other one.
    SessionsEnded = Info "sessions_ended" { user: Uuid, actor: ActorId, reason: SessionEnd };
    /// Somebody opened an account for somebody.
    UserCreated = Info "user_created" { actor: ActorId, user: Uuid, role: Role };
    /// What an account may was changed.
    RoleChanged = Warn "role_changed" { actor: ActorId, user: Uuid, from: Role, to: Role };
    /// An account was disabled.
    UserDisabled = Info "user_disabled" { actor: ActorId, user: Uuid };
    /// An account was enabled again.
    UserEnabled = Info "user_enabled" { actor: ActorId, user: Uuid };
    /// An administrator changed whether an account's address counts as verified.
    VerificationChanged = Info "verification_changed" { actor: ActorId, user: Uuid, verified: bool };
    /// An account was deleted.
    UserDeleted = Info "user_deleted" { actor: ActorId, user: Uuid };
    /// A file of books was brought in.
    Imported = Info "imported" { actor: ActorId, rows: u64, created: u64, updated: u64, failed: u64, dry_run: bool };
    /// A file of accounts of another system was brought in.
    UsersImported = Info "users_imported" { actor: ActorId, rows: u64, created: u64, failed: u64, dry_run: bool };
    /// An owner showed that an address is theirs.
    EmailVerified = Info "email_verified" { user: Uuid };
    /// Somebody asked to choose a new password by mail: for an account or for an address that none has.
    ResetRequested = Info "reset_requested" { actor: Option<ActorId>, user: Option<Uuid> };
    /// A password was set by a token that came by mail.
    PasswordReset = Info "password_reset" { user: Uuid };
    /// A password was changed by one who knew it.
    PasswordChanged = Info "password_changed" { user: Uuid };
    /// Somebody who is signed in does not know the password of the account.
    PasswordRefused = Warn "password_refused" { user: Uuid };
    /// A new address was asked for.
    EmailChangeRequested = Info "email_change_requested" { user: Uuid };
    /// The address was changed, and so verified.
    EmailChanged = Info "email_changed" { user: Uuid };
    /// An account that never verified its address lost it to one that did.
    AddressLost = Warn "address_lost" { user: Uuid, to: Uuid };
}

impl Event {
    /// Writes the event. What a transaction does is logged when it is committed.
    pub fn log(&self) {
        let (name, level, fields) = self.parts();
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
        /// Another account verified the address.
        AddressLost = "address_lost";
    }
}

/// Actor in the security log: an account or the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActorId(Option<Uuid>);

impl ActorId {
    /// Id of an account, or none for the operator.
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

/// Where a client is, as far as the log needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// On the server's own machine.
    Loopback,
    /// On a network that the world does not reach.
    Private,
    /// Somewhere in the world, by IPv4.
    PublicV4,
    /// Somewhere in the world, by IPv6.
    PublicV6,
    /// Nobody knows.
    Unknown,
}

impl AddressClass {
    /// Where the client at `address` is.
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

/// What a field of an event may be: nothing that could hold what somebody typed.
trait Field {
    /// The field's value, if it has one.
    fn value(&self) -> Option<Value<'_>>;
}

macro_rules! fields {
    ($($type:ty: $value:path),+ $(,)?) => {
        $(impl Field for $type {
            fn value(&self) -> Option<Value<'_>> {
                Some($value(self))
            }
        })+
    };
}

fields! {
    Uuid: Value::from_display,
    Role: Value::from_display,
    ActorId: Value::from_display,
    AddressClass: Value::from_display,
    LogInFailure: Value::from_display,
    Denial: Value::from_display,
    SessionEnd: Value::from_display,
    &'static str: Value::from_display,
    bool: copied,
    u64: copied,
}

fn copied<'v, T: Copy>(value: &T) -> Value<'v>
where
    Value<'v>: From<T>,
{
    Value::from(*value)
}

impl<T: Field> Field for Option<T> {
    fn value(&self) -> Option<Value<'_>> {
        self.as_ref().and_then(Field::value)
    }
}
