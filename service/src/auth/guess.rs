//! Admission of log-in attempts: recognition of the owner, by device or network, for the limits of password guesses.

use crate::{
    Context, Result,
    passwords::Client,
    sessions::{DeviceInfo, KnownDevice, knows_network},
    throttle::Attempt,
};

/// Counts a log-in attempt as `login`, a name or address in normal form. Returns the client for which its password is
/// hashed, too: a known device does not share the turns of its network.
///
/// # Errors
/// [`Error::Throttled`](crate::Error::Throttled) after too many failed attempts.
pub(crate) async fn admit<'c>(
    cx: &'c Context,
    login: &'c str,
    device: &DeviceInfo,
) -> Result<(Attempt<'c>, Client)> {
    let known = device
        .token
        .as_ref()
        .and_then(|token| KnownDevice::verify(cx.keys(), token, cx.clock().now().timestamp()));
    let id = match known {
        Some(known) => {
            super::with_login(cx, login).await?.filter(|user| user.id == known.user_id).map(|_| known.id)
        }
        None => None,
    };
    let is_known_network = async || match super::with_login(cx, login).await? {
        Some(user) => knows_network(cx, user.id, device.ip).await,
        None => Ok(false),
    };
    let attempt = cx.throttle().attempt(login, device.ip, id, is_known_network).await?;
    Ok((attempt, id.map_or_else(|| Client::at(device.ip), Client::Account)))
}
