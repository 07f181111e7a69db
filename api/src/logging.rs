//! Log on standard error: lines for people, or JSON objects for programs.

use std::io::Write;

use env_logger::{Builder, Logger};
use log::{
    Level, Log, Metadata, Record,
    kv::{Error, Key, Value, VisitSource},
};
use serde_json::{Map, json};

use crate::config::{Config, LogFormat};

/// Starts logging.
///
/// # Panics
/// If a logger is installed already.
pub fn init(config: &Config) {
    let mut builder = Builder::new();
    builder.parse_filters(&config.rust_log);
    if config.log_format == LogFormat::Json {
        builder.format(|buffer, record| {
            let mut fields = Fields(Map::new());
            fields.0.insert(
                "time".to_owned(),
                json!(chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
            );
            fields.0.insert("level".to_owned(), json!(record.level().as_str().to_ascii_lowercase()));
            fields.0.insert("target".to_owned(), json!(record.target()));
            fields.0.insert("message".to_owned(), json!(record.args().to_string()));
            // A value that cannot be formatted is left out of the line.
            drop(record.key_values().visit(&mut fields));
            writeln!(buffer, "{}", serde_json::Value::from(fields.0))
        });
    }
    let logger = Discreet(builder.build());
    log::set_max_level(logger.0.filter());
    log::set_boxed_logger(Box::new(logger)).expect("logging starts once");
}

/// Target of the HTTP library's connections.
const CONNECTIONS: &str = "actix_http::h1::dispatcher";

/// Logger that drops trace lines of SeaORM, which contain the database password, and the errors of the HTTP library
/// about bytes that clients send, which could fill the disk.
struct Discreet(Logger);

impl Log for Discreet {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let leaks = metadata.level() == Level::Trace && metadata.target().starts_with("sea_orm");
        !leaks && self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) && !is_fault_of_client(record) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}

/// Whether the HTTP library reports bytes that are not HTTP, or a client that hung up.
fn is_fault_of_client(record: &Record<'_>) -> bool {
    record.target() == CONNECTIONS && record.args().to_string().starts_with("stream error: ")
}

/// Key-value pairs of a record, with numbers and booleans as JSON types.
struct Fields(Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let json = match (value.to_u64(), value.to_f64(), value.to_bool()) {
            (Some(number), _, _) => json!(number),
            (None, Some(number), _) => json!(number),
            (None, None, Some(truth)) => json!(truth),
            (None, None, None) => json!(value.to_string()),
        };
        self.0.insert(key.to_string(), json);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_clients_are_not_logged() {
        let dropped = |target, text| {
            is_fault_of_client(&Record::builder().target(target).args(format_args!("{text}")).build())
        };
        assert!(dropped(CONNECTIONS, "stream error: request parse error: invalid Header provided"));
        assert!(!dropped(CONNECTIONS, "Response payload stream error: the database is gone"));
        assert!(!dropped("api::request", "stream error: x"));
    }
}
