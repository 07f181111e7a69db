//! Comparison of entities with migrations, and of applied migrations with those of this program.

use std::fmt;

use sea_orm_migration::MigratorTrait;
use serde::Serialize;

use super::{
    Outcome, Settings,
    args::Check,
    print, print_json, read,
    schema::{compared, report_unread},
};
use crate::tooling::{compare::Project, history::MigrationState};

/// Result of a check.
#[derive(Debug, Serialize)]
struct Checked {
    /// Whether there is nothing to do. With `--strict`, also that everything was compared.
    agrees: bool,
    /// Differences between entities and migrations, one line for each.
    differences: Vec<String>,
    /// Applied migrations that were edited, if a database answers.
    edited: Vec<String>,
    /// Statements of migrations that are not part of the comparison.
    not_compared: Vec<String>,
}

pub(super) async fn check<M: MigratorTrait>(
    project: &Project<M>,
    settings: &Settings,
    asked: &Check,
) -> Outcome {
    let comparison = compared(project, &asked.comparison, &[]).await?;
    report_unread(&comparison);
    let (differences, edited) = (comparison.differences(), edited::<M>(settings).await);
    // Entities that are complete leave nothing to what cannot be compared.
    let known = !asked.comparison.strict || comparison.unread.is_empty();
    let agrees = comparison.agrees() && edited.is_empty() && known;
    let checked = Checked { agrees, differences, edited, not_compared: comparison.unread };
    if asked.print.json {
        print_json(&checked)?;
    } else {
        print(&checked)?;
    }
    Ok(agrees)
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agree = self.differences.is_empty() && self.edited.is_empty();
        match self.not_compared.len() {
            0 if agree => return writeln!(f, "entities and migrations agree"),
            count if agree => {
                return writeln!(
                    f,
                    "entities and migrations agree, except for what was not compared: {count}"
                );
            }
            _ => {}
        }
        if !self.differences.is_empty() {
            writeln!(f, "Entities and migrations differ:")?;
            self.differences.iter().try_for_each(|difference| writeln!(f, "  {difference}"))?;
            writeln!(
                f,
                "Write the missing migration by `cargo migrate autogenerate NAME`, or regenerate the entities from a \
                 migrated database."
            )?;
        }
        self.edited.iter().try_for_each(|name| {
            writeln!(
                f,
                "{name} was edited after it had been applied to the database: undo the edit and write another migration, \
                 or accept it with `cargo migrate stamp`."
            )
        })
    }
}

/// The applied migrations that were edited, if a database answers.
async fn edited<M: MigratorTrait>(settings: &Settings) -> Vec<String> {
    match read::quickly::<M>(settings).await {
        Some(Ok(history)) => {
            let edited = history.entries.into_iter().filter(|entry| entry.state == MigrationState::Edited);
            edited.map(|entry| entry.name).collect()
        }
        Some(Err(error)) => {
            log::debug!("the database cannot be read: {error}");
            Vec::new()
        }
        None => {
            log::debug!("no database answers");
            Vec::new()
        }
    }
}
