//! Content codings, and the choice among those that a client accepts (RFC 9110, section 12.5.3).

use actix_web::http::header::{self, HeaderMap};

/// Bodies below this many bytes are not compressed: the header would cost what the coding saves.
const SMALL: usize = 1024;

/// Content coding of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Zstandard (RFC 8878).
    Zstd,
    /// Brotli (RFC 7932).
    Brotli,
    /// Gzip (RFC 1952).
    Gzip,
}

impl Coding {
    /// Every coding, the preferred one first: at the levels used, Zstandard is the smallest and the fastest.
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    /// Name in headers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// Weight that a client gives to each coding, in thousandths; 0 for those that it rejects.
pub(super) struct Accepted {
    identity: u16,
    codings: [u16; 3],
}

/// Weight of `identity` without a weight of its own: less than any that can be written.
const UNASKED: u16 = 1;

impl Accepted {
    /// Weights in `Accept-Encoding`.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let (mut named, mut identity, mut others) = ([None; 3], None, None);
        for value in headers.get_all(header::ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
                let name = name.trim().to_ascii_lowercase();
                let weight = Some(weight(parameters));
                match name.as_str() {
                    "identity" => identity = weight,
                    "*" => others = weight,
                    name => {
                        // Its old name (RFC 9110, section 8.4.1.3).
                        let name = if name == "x-gzip" { "gzip" } else { name };
                        if let Some(place) = Coding::ALL.iter().position(|coding| coding.name() == name) {
                            named[place] = weight;
                        }
                    }
                }
            }
        }
        let identity = identity.unwrap_or(if others == Some(0) { 0 } else { UNASKED });
        Self { identity, codings: named.map(|weight| weight.or(others).unwrap_or(0)) }
    }

    /// Coding for a body of `length` bytes; none is identity.
    pub(super) fn choice(&self, length: Option<usize>) -> Option<Coding> {
        let small = length.is_some_and(|length| length < SMALL);
        let plain = if small && self.identity > 0 { u16::MAX } else { self.identity };
        let (mut best, mut weight) = (None, plain);
        for (coding, liked) in Coding::ALL.into_iter().zip(self.codings) {
            if liked > weight {
                (best, weight) = (Some(coding), liked);
            }
        }
        best
    }

    /// Every accepted coding; none is identity.
    pub(super) fn all(&self) -> impl Iterator<Item = Option<Coding>> {
        let identity = (self.identity > 0).then_some(None);
        let codings = Coding::ALL.into_iter().zip(self.codings);
        identity.into_iter().chain(codings.filter(|(_, weight)| *weight > 0).map(|(coding, _)| Some(coding)))
    }
}

/// Weight in thousandths; 0 if it is malformed.
fn weight(parameters: &str) -> u16 {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return 1000;
    }
    let digits = parameters.strip_prefix("q=").or_else(|| parameters.strip_prefix("Q="));
    let weight = digits.and_then(|digits| digits.trim().parse::<f32>().ok()).unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    let thousandths = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
    thousandths
}

/// Whether the body is text without a content coding.
pub(super) fn is_compressible(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let subtype = media_type.split_once('/').map_or("", |(_, subtype)| subtype);
    let text = media_type.starts_with("text/")
        || matches!(subtype, "json" | "javascript" | "xml" | "x-ndjson")
        || subtype.ends_with("+json")
        || subtype.ends_with("+xml");
    text && !headers.contains_key(header::CONTENT_ENCODING)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_caller_gets_a_coding_that_it_takes_and_likes_best() {
        use Coding::{Brotli, Gzip, Zstd};
        for (accepted, length, expected) in [
            (None, 5000, None),
            (Some(""), 5000, None),
            (Some("gzip"), 5000, Some(Gzip)),
            (Some("X-Gzip"), 5000, Some(Gzip)),
            (Some("gzip, deflate, br"), 5000, Some(Brotli)),
            (Some("gzip, deflate, br, zstd"), 5000, Some(Zstd)),
            (Some("gzip;q=1.0, br;q=0.9, zstd; q=0.9"), 5000, Some(Gzip)),
            (Some("*"), 5000, Some(Zstd)),
            (Some("zstd;q=0, *"), 5000, Some(Brotli)),
            (Some("gzip;q=0.5, identity"), 5000, None),
            (Some("gzip;q=0"), 5000, None),
            (Some("gzip;q=nonsense"), 5000, None),
            (Some("compress, deflate"), 5000, None),
            (Some("gzip, br, zstd"), 1023, None),
            (Some("gzip;q=0.001"), 1024, None),
            (Some("gzip;q=0.002"), 1024, Some(Gzip)),
            (Some("gzip, identity;q=0"), 10, Some(Gzip)),
            (Some("br, *;q=0"), 10, Some(Brotli)),
            (Some("*;q=0"), 5000, None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accepted) = accepted {
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            }
            assert_eq!(Accepted::of(&headers).choice(Some(length)), expected, "{accepted:?} {length}");
        }
    }
}
