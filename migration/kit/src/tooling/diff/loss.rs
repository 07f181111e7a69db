//! The data that a change loses.

use super::{Change, TableChange};

impl Change {
    /// The losses of data, one line for each.
    #[must_use]
    pub fn losses(&self) -> Vec<String> {
        match self {
            Self::DropTable(table) => vec![format!("drops the table {}", table.name)],
            Self::ChangeEnum { name, from, to } => {
                let gone: Vec<&str> =
                    from.iter().filter(|value| !to.contains(value)).map(String::as_str).collect();
                if gone.is_empty() {
                    Vec::new()
                } else {
                    vec![format!("takes {} from the enum {name}", gone.join(", "))]
                }
            }
            Self::Alter { from, steps, .. } => {
                steps.iter().filter_map(|step| step.loss(&from.name)).collect()
            }
            Self::CreateEnum(..) | Self::DropEnum(..) | Self::CreateTable(_) => Vec::new(),
        }
    }
}

impl TableChange {
    fn loss(&self, table: &str) -> Option<String> {
        match self {
            // The values of a generated column can be computed again.
            Self::DropColumn(column) if column.generated.is_none() => {
                Some(format!("drops the column {table}.{}", column.name))
            }
            Self::ChangeColumn { from, to } if from.kind.narrows(&to.kind) => {
                Some(format!("narrows {table}.{} from {} to {}", from.name, from.kind, to.kind))
            }
            _ => None,
        }
    }
}
