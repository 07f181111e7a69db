//! Processes that migrate: this test binary, run again with a test that is none.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sea_orm_migration::MigratorTrait;
use sea_orm_migration_kit::run::{Session, Target, Until};

use crate::{
    cut_off::Slow,
    parcels::{Concurrent, Many, Of, Vans},
};

/// A process that migrates.
pub struct Process(Child);

/// How a process ended.
pub struct Ended {
    pub succeeded: bool,
    /// What it printed: a line for each migration that it ran, then its error.
    pub printed: String,
    /// What it logged.
    pub logged: String,
}

impl Process {
    /// Starts `up` on the migrator of this name.
    pub fn start(migrator: &str, url: &str, patience: Duration) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["process::is_a_process_that_other_tests_start", "--exact", "--ignored", "--nocapture"])
            .env("IT_MIGRATOR", migrator)
            .env("IT_URL", url)
            .env("IT_PATIENCE", patience.as_millis().to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    /// Waits until it logs a line with `text`.
    pub fn has_logged(&mut self, text: &str) -> String {
        let mut logged = String::new();
        let stderr = self.0.stderr.as_mut().unwrap();
        while !(logged.contains(text) && logged.ends_with('\n')) {
            let mut byte = [0];
            assert_eq!(stderr.read(&mut byte).unwrap(), 1, "it ended without {text:?}: {logged}");
            logged.push(byte[0].into());
        }
        logged
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Waits for its end.
    pub fn end(self) -> Ended {
        let output = self.0.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended {
            succeeded: output.status.success(),
            printed: text(output.stdout),
            logged: text(output.stderr),
        }
    }
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Info && metadata.target().starts_with("sea_orm_migration_kit")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            eprintln!("{}", record.args());
        }
    }

    fn flush(&self) {}
}

#[tokio::test]
#[ignore = "other tests start it in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "how the tests tell it what to do")]
async fn is_a_process_that_other_tests_start() {
    let (Ok(migrator), Ok(url), Ok(patience)) =
        (std::env::var("IT_MIGRATOR"), std::env::var("IT_URL"), std::env::var("IT_PATIENCE"))
    else {
        return;
    };
    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let target = Target::new(url, "a parcel service", Duration::from_millis(patience.parse().unwrap()));
    match migrator.as_str() {
        "many" => up::<Of<Many>>(target).await,
        "vans" => up::<Of<Vans>>(target).await,
        "slow" => up::<Of<Slow>>(target).await,
        "concurrent" => up::<Of<Concurrent>>(target).await,
        other => panic!("no migrator {other}"),
    }
}

async fn up<M: MigratorTrait>(target: Target) {
    let ran = async {
        let mut session = Session::<M>::open(target).await?;
        let steps = session.up(Until::End).await?;
        session.close().await?;
        Ok::<_, sea_orm_migration_kit::run::Error>(steps)
    };
    match ran.await {
        Ok(steps) => steps.iter().for_each(|step| println!("{step}")),
        Err(error) => {
            println!("{error}");
            std::process::exit(1);
        }
    }
}
