//! Histories for people; with `{:#}` in detail.

use std::fmt;

use super::{Entry, History, MigrationState, Shown};

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            writeln!(f, "no migrations")?;
        }
        let widest = self.entries.iter().map(|entry| entry.name.chars().count()).max().unwrap_or_default();
        for entry in &self.entries {
            if f.alternate() {
                writeln!(f, "{entry:#}")?;
            } else {
                let line = match &entry.stopped {
                    Some(stopped) => format!("stopped  {:<widest$}  {}", entry.name, stopped.progress()),
                    None => format!("{:<7}  {:<widest$}  {}", entry.state, entry.name, applied_at(entry)),
                };
                writeln!(f, "{}", line.trim_end())?;
            }
        }
        self.warnings().iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))?;
        let unknown = self.entries.iter().filter_map(|entry| Some((&entry.name, entry.unknown.as_ref()?)));
        unknown
            .into_iter()
            .try_for_each(|(name, reason)| writeln!(f, "warning: the SQL of {name} is unknown: {reason}"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !f.alternate() {
            return self.stopped.iter().try_for_each(|stopped| write!(f, ": {stopped}"));
        }
        write!(f, "\n  description  {}", self.description)?;
        if let Some(created) = self.created {
            write!(f, "\n  created      {created}")?;
        }
        write!(f, "\n  state        {}", self.state)?;
        if let Some(stopped) = &self.stopped {
            write!(f, "\n  stopped      {}", stopped.progress())?;
        }
        if self.applied_at.is_some() {
            write!(f, "\n  applied at   {}", applied_at(self))?;
        }
        f.write_str("\n")
    }
}

impl fmt::Display for MigrationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Missing => "missing",
            Self::Edited => "edited",
        })
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        writeln!(f, "  description  {}", self.description)?;
        if let Some(created) = self.created {
            writeln!(f, "  created      {created}")?;
        }
        if let Some(checksum) = &self.checksum {
            writeln!(f, "  checksum     {checksum}")?;
        }
        writeln!(f, "  upgrade      {}", self.compatibility)?;
        for allowed in &self.allowed {
            writeln!(f, "  allows       {allowed}")?;
        }
        let list = |f: &mut fmt::Formatter<'_>, title: &str, statements: &[String]| {
            writeln!(f, "\n{title}:")?;
            statements.iter().try_for_each(|sql| writeln!(f, "  {};", sql.trim().trim_end_matches(';')))
        };
        let way =
            |f: &mut fmt::Formatter<'_>, title: &str, statements: &[String], unknown: &Option<String>| {
                list(f, title, statements)?;
                unknown.iter().try_for_each(|reason| writeln!(f, "  -- unknown: {reason}"))
            };
        way(f, "up", &self.up, &self.unknown)?;
        match &self.irreversible {
            Some(reason) => writeln!(f, "\nirreversible: {reason}")?,
            None => way(f, "down", &self.down, &self.unknown_down)?,
        }
        if !self.reads.is_empty() {
            list(f, "queries on rows, recorded on empty tables", &self.reads)?;
        }
        Ok(())
    }
}

fn applied_at(entry: &Entry) -> String {
    entry.applied_at.map(|at| at.format("%F %T UTC").to_string()).unwrap_or_default()
}
