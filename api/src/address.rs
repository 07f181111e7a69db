//! Address of the client that sent a request, behind trusted proxies.

use std::{net::IpAddr, str::FromStr, sync::Once};

use actix_web::{HttpRequest, http::header::HeaderMap, web::Data};
use ipnet::IpNet;

/// Header in which proxies report their clients. `Forwarded` (RFC 7239) is not read: a proxy that writes one of the
/// two passes the other on unchanged from the client.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Trusted proxies.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl FromStr for Proxies {
    type Err = String;

    /// Parses a comma-separated list of addresses and networks.
    fn from_str(list: &str) -> Result<Self, String> {
        let network = |text: &str| {
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            let network =
                network.map_err(|_| format!("{text:?} is not an address or a network such as 10.0.0.0/8"))?;
            if network.prefix_len() == 0 {
                return Err(format!("{text:?} would trust every address"));
            }
            Ok(network)
        };
        let texts = list.split(',').map(str::trim).filter(|text| !text.is_empty());
        texts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl Proxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Address of the client. Each proxy appends its peer to `X-Forwarded-For`, so the list is read from the right
    /// while the entries are trusted proxies. Entries further left may be forged.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lists: Vec<_> = headers.get_all(X_FORWARDED_FOR).collect();
        // An entry of the client may be malformed text; those that proxies appended are still read.
        let hops = lists.iter().rev().flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b','));
        let mut hops = hops.map(|hop| std::str::from_utf8(hop).unwrap_or_default().trim());
        while self.trusts(client) {
            let Some(hop) = hops.next().and_then(parse) else { break };
            client = hop;
        }
        client
    }
}

/// Parses an address with or without a port, as some proxies write it.
fn parse(hop: &str) -> Option<IpAddr> {
    let bracketed = hop.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let address = bracketed.unwrap_or(hop).parse::<IpAddr>();
    let address = address.or_else(|_| hop.parse().map(|with_port: std::net::SocketAddr| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// Address of the client that sent a request.
pub fn of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let proxies = request.app_data::<Data<Proxies>>()?;
    if !proxies.trusts(peer.to_canonical()) && request.headers().contains_key(X_FORWARDED_FOR) {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            log::warn!(
                "ignoring X-Forwarded-For: its sender is not in TRUSTED_PROXIES (logged once; all clients of a \
                 proxy that is missing there share their rate limits)"
            );
        });
    }
    Some(proxies.client(peer, request.headers()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_first_from_the_right_that_is_no_trusted_proxy_is_the_client() {
        let proxies: Proxies = "10.0.0.0/8, 192.0.2.7,2001:db8::/32".parse().unwrap();
        for (peer, lists, client) in [
            ("203.0.113.9", &[][..], "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("203.0.113.9", &["10.0.0.1"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.9.9.9,192.0.2.7"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.1, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1", ""], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["[2001:db9::1]:4711"], "2001:db9::1"),
            ("10.0.0.1", &["[2001:db9::1]"], "2001:db9::1"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("2001:db8::1", &["2001:db9::1"], "2001:db9::1"),
        ] {
            let mut headers = HeaderMap::new();
            for list in lists {
                let name = HeaderName::from_static(X_FORWARDED_FOR);
                headers.append(name, HeaderValue::from_str(list).unwrap());
            }
            let expected: IpAddr = client.parse().unwrap();
            assert_eq!(proxies.client(peer.parse().unwrap(), &headers), expected, "{peer} {lists:?}");
        }
    }

    #[test]
    fn what_is_no_text_takes_nothing_of_what_stands_behind_it() {
        let proxies: Proxies = "10.0.0.0/8".parse().unwrap();
        let mut headers = HeaderMap::new();
        let list = HeaderValue::from_bytes(b"\xff, 198.51.100.1").unwrap();
        headers.append(HeaderName::from_static(X_FORWARDED_FOR), list);
        let expected: IpAddr = "198.51.100.1".parse().unwrap();
        assert_eq!(proxies.client("10.0.0.1".parse().unwrap(), &headers), expected);
    }

    #[test]
    fn what_is_no_network_or_is_all_of_them_is_refused() {
        for list in ["nonsense", "10.0.0.0/33", "10.0.0.1;10.0.0.2", "0.0.0.0/0", "10.0.0.0/8,::/0"] {
            assert!(list.parse::<Proxies>().is_err(), "{list}");
        }
        assert!("".parse::<Proxies>().unwrap().0.is_empty());
    }
}
