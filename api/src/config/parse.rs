//! Parsers of setting values that are more than one word.

use std::{fs, sync::Arc};

use serde::de::DeserializeOwned;
use url::Url;

use crate::address::Proxies;

/// Parses the list of trusted proxies.
pub(super) fn proxies(list: &str) -> Result<Arc<Proxies>, String> {
    list.parse().map(Arc::new)
}

/// Parses a list of exact origins: scheme, host and port without a path.
pub(super) fn origins(list: &str) -> Result<Arc<Vec<String>>, String> {
    let origin = |text: &str| match Url::parse(text) {
        Ok(url) if url.origin().is_tuple() && url.origin().ascii_serialization() == text => {
            Ok(text.to_owned())
        }
        _ => Err(format!("{text:?} is not an origin such as https://app.example.com")),
    };
    let texts = list.split(',').map(str::trim).filter(|text| !text.is_empty());
    texts.map(origin).collect::<Result<_, _>>().map(Arc::new)
}

/// Reads the file with the value of a setting, without the line end behind it.
pub(super) fn content(path: &str) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let value = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
    if value.is_empty() { Err("the file is empty".to_owned()) } else { Ok(value.to_owned()) }
}

/// Parses an enum by its name in JSON.
pub(super) fn by_name<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(name.into()).map_err(|error: serde_json::Error| error.to_string())
}
