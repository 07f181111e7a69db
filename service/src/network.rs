//! Networks of client addresses, in the sizes by which limits and queues group their clients.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Size of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// One client: an IPv4 address, or an IPv6 /64 network, which is the usual size for one client (RFC 6177).
    Client,
    /// One customer: an IPv4 /24 or an IPv6 /56 network.
    Customer,
    /// One site: an IPv4 /24 or an IPv6 /48 network, the largest that providers assign to a customer.
    Site,
}

impl Scope {
    /// First address of the network that `address` belongs to. IPv4 in IPv6 counts as IPv4.
    pub(crate) fn of(self, address: IpAddr) -> IpAddr {
        let (v4, v6) = match self {
            Self::Client => (32, 64),
            Self::Customer => (24, 56),
            Self::Site => (24, 48),
        };
        match address.to_canonical() {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << (32 - v4))).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - v6))).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_one_first_address() {
        for (scope, address, first) in [
            (Scope::Client, "192.0.2.77", "192.0.2.77"),
            (Scope::Client, "::ffff:192.0.2.77", "192.0.2.77"),
            (Scope::Client, "2001:db8:1:2ff:3::4", "2001:db8:1:2ff::"),
            (Scope::Customer, "192.0.2.77", "192.0.2.0"),
            (Scope::Customer, "2001:db8:1:2ff:3::4", "2001:db8:1:200::"),
            (Scope::Site, "192.0.2.77", "192.0.2.0"),
            (Scope::Site, "2001:db8:1:2ff:3::4", "2001:db8:1::"),
        ] {
            let expected: IpAddr = first.parse().unwrap();
            assert_eq!(scope.of(address.parse().unwrap()), expected, "{scope:?} {address}");
        }
    }
}
