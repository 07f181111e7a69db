//! Progress and warnings, in plain lines on standard error.

use log::{LevelFilter, Log, Metadata, Record};

/// Parts of the program whose progress is shown: the kit, and the crate of the migrations as `sea-orm-cli` names it.
const SHOWN: [&str; 2] = [env!("CARGO_CRATE_NAME"), "migration"];

/// Logs from now on; with `statements`, also the statements sent to the database. A logger that the program has set stays.
pub(super) fn start(statements: bool) {
    let level = if statements { LevelFilter::Debug } else { LevelFilter::Info };
    if log::set_boxed_logger(Box::new(Lines { level })).is_ok() {
        log::set_max_level(level);
    }
}

struct Lines {
    level: LevelFilter,
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let is_of = |part: &str| {
            target.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let statements = self.level == LevelFilter::Debug && is_of("sqlx::query");
        let level = if statements || SHOWN.into_iter().any(is_of) { self.level } else { LevelFilter::Warn };
        metadata.level() <= level
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            eprintln!("{}", record.args());
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use log::Level;

    use super::*;

    #[test]
    fn progress_of_the_kit_and_warnings_of_others_are_shown() {
        for (statements, target, level, shown) in [
            (false, "sea_orm_migration_kit::run", Level::Info, true),
            (false, "migration", Level::Info, true),
            (false, "migrations", Level::Info, false),
            (false, "sqlx::query", Level::Debug, false),
            (false, "sqlx::pool", Level::Warn, true),
            (true, "sqlx::query", Level::Debug, true),
            (true, "sqlx::pool", Level::Info, false),
            (true, "sea_orm_migration_kit", Level::Trace, false),
        ] {
            let metadata = Metadata::builder().target(target).level(level).build();
            let lines = Lines { level: if statements { LevelFilter::Debug } else { LevelFilter::Info } };
            assert_eq!(lines.enabled(&metadata), shown, "{target}");
        }
    }
}
