//! Types of the fields of security events, and their values in a log line.

use log::kv::Value;
use uuid::Uuid;

use super::{ActorId, AddressClass, Denial, LogInFailure, SessionEnd};
use crate::Role;

/// Type of an event field. No implementation contains client input.
pub(super) trait Field {
    /// Value of the field; `None` if absent.
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
