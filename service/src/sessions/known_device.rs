//! Devices and networks that are known to belong to the owner of an account, because the account logged in there.
//!
//! A device keeps a signed token: `v1.<account>.<device>.<seconds since 1970>.<HMAC>`. It permits nothing by itself; log-ins
//! that present it are exempt from the limits that an attack on the account exhausts.

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{Context, DeviceToken, Keys, Result, db::Class, lifetime, network::Scope};
use entity::sessions::{Column, Entity};

/// Latest sessions whose networks are known.
const SESSIONS: u64 = 100;

/// Device of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownDevice {
    pub(crate) user_id: Uuid,
    /// Id of the device, new with each token.
    pub(crate) id: Uuid,
}

impl KnownDevice {
    /// Device on which an account has logged in.
    pub(crate) fn new(user_id: Uuid) -> Self {
        Self { user_id, id: Uuid::now_v7() }
    }

    /// Signs the token of the device. `now` is in seconds since 1970.
    pub(crate) fn sign(self, keys: &Keys, now: i64) -> DeviceToken {
        let (user, device) = (self.user_id.simple(), self.id.simple());
        let code = keys.sign_device(&[self.user_id.as_bytes(), self.id.as_bytes(), &now.to_be_bytes()]);
        format!("v1.{user}.{device}.{now}.{}", BASE64_URL_SAFE_NO_PAD.encode(code)).into()
    }

    /// Verifies a token; none if it is forged or expired.
    pub(crate) fn verify(keys: &Keys, token: &DeviceToken, now: i64) -> Option<Self> {
        let mut parts = token.reveal().strip_prefix("v1.")?.splitn(4, '.');
        let user_id = Uuid::try_parse(parts.next()?).ok()?;
        let id = Uuid::try_parse(parts.next()?).ok()?;
        let issued: i64 = parts.next()?.parse().ok()?;
        let code = BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        let is_signed =
            keys.verify_device(&[user_id.as_bytes(), id.as_bytes(), &issued.to_be_bytes()], &code);
        (is_signed && now - issued < lifetime::DEVICE.num_seconds()).then_some(Self { user_id, id })
    }
}

/// Whether one of the account's latest sessions, active or ended, began in the network of `address`.
pub(crate) async fn knows_network(cx: &Context, user_id: Uuid, address: Option<IpAddr>) -> Result<bool> {
    let Some(network) = address.map(|address| Scope::Site.of(address)) else { return Ok(false) };
    let sessions = Entity::find()
        .select_only()
        .column(Column::Ip)
        .filter(Column::UserId.eq(user_id))
        .order_by_desc(Column::Id)
        .limit(SESSIONS);
    let addresses = cx.db.read(Class::List, sessions.into_tuple::<Option<String>>()).all().await?;
    let mut known = addresses.iter().flatten().filter_map(|address| address.parse().ok());
    Ok(known.any(|address| Scope::Site.of(address) == network))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_until_it_expires_and_only_as_it_was_signed() {
        let keys = Keys::new(&["a secret of more than thirty-two bytes"]).unwrap();
        let (device, now) = (KnownDevice::new(Uuid::now_v7()), 1_700_000_000);
        let token = device.sign(&keys, now);
        let last = now + lifetime::DEVICE.num_seconds() - 1;
        assert_eq!(KnownDevice::verify(&keys, &token, last), Some(device));
        assert_eq!(KnownDevice::verify(&keys, &token, last + 1), None);
        let other = Uuid::now_v7().simple().to_string();
        for forged in [
            token.reveal().replace(&device.user_id.simple().to_string(), &other),
            token.reveal().replace(&device.id.simple().to_string(), &other),
            token.reveal().replace(&now.to_string(), &(now + 1).to_string()),
            String::new(),
        ] {
            assert_eq!(KnownDevice::verify(&keys, &forged.clone().into(), now), None, "{forged}");
        }
    }
}
