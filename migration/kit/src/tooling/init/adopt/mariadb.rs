//! The statements of a database of MariaDB or MySQL, as the server shows them.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use super::Piece;

const TABLES: &str = "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE <> 'VIEW' ORDER BY TABLE_NAME";

const VIEWS: &str = "SELECT TABLE_NAME, CAST(VIEW_DEFINITION AS CHAR), SECURITY_TYPE, CHECK_OPTION FROM information_schema.VIEWS
    WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME";

const TRIGGERS: &str = "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE,
        CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION), CAST(ACTION_STATEMENT AS CHAR)
    FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY TRIGGER_NAME";

const ROUTINES: &str = "SELECT ROUTINE_NAME, ROUTINE_TYPE FROM information_schema.ROUTINES
    WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY ROUTINE_NAME";

pub(super) async fn read<C: ConnectionTrait>(
    db: &C,
    keep: impl Fn(&str) -> bool,
) -> Result<Vec<Piece>, DbErr> {
    let mut pieces = Vec::new();
    routines(db, &mut pieces).await?;
    let mut keys = Vec::new();
    for row in strings(db, TABLES).await?.iter().filter(|row| keep(&row[0])) {
        let sequence = row[1] == "SEQUENCE";
        let kind = if sequence { "SEQUENCE" } else { "TABLE" };
        let shown = shown(db, kind, &row[0], 1).await?;
        let (create, foreign) = if sequence { (shown, Vec::new()) } else { without_keys(&shown) };
        pieces.push(Piece { create, undo: Some(format!("DROP {kind} {}", quoted(&row[0]))) });
        let table = quoted(&row[0]);
        keys.extend(foreign.into_iter().map(|(name, key)| Piece {
            create: format!("ALTER TABLE {table} ADD {key}"),
            undo: Some(format!("ALTER TABLE {table} DROP FOREIGN KEY {name}")),
        }));
    }
    pieces.append(&mut keys);
    views(db, &mut pieces, &keep).await?;
    for row in strings(db, TRIGGERS).await?.iter().filter(|row| keep(&row[1])) {
        let (name, table) = (quoted(&row[0]), quoted(&row[1]));
        let create = format!("CREATE TRIGGER {name} {} ON {table} FOR EACH ROW {}", row[2], row[3]);
        pieces.push(Piece { create, undo: None });
    }
    Ok(pieces)
}

async fn routines<C: ConnectionTrait>(db: &C, pieces: &mut Vec<Piece>) -> Result<(), DbErr> {
    for row in strings(db, ROUTINES).await? {
        let (name, kind) = (&row[0], &row[1]);
        let create = without_definer(&shown(db, kind, name, 2).await?);
        pieces.push(Piece { create, undo: Some(format!("DROP {kind} {}", quoted(name))) });
    }
    Ok(())
}

async fn views<C: ConnectionTrait>(
    db: &C,
    pieces: &mut Vec<Piece>,
    keep: impl Fn(&str) -> bool,
) -> Result<(), DbErr> {
    let database = strings(db, "SELECT DATABASE(), ''").await?;
    let database = database.first().map(|row| format!("{}.", quoted(&row[0]))).unwrap_or_default();
    for row in strings(db, VIEWS).await?.iter().filter(|row| keep(&row[0])) {
        let security = if row[2] == "INVOKER" { "SQL SECURITY INVOKER " } else { "" };
        let check = if row[3] == "NONE" { String::new() } else { format!(" WITH {} CHECK OPTION", row[3]) };
        let (name, definition) = (quoted(&row[0]), row[1].replace(&database, ""));
        pieces.push(Piece {
            create: format!("CREATE {security}VIEW {name} AS {definition}{check}"),
            undo: Some(format!("DROP VIEW {name}")),
        });
    }
    Ok(())
}

/// The table without its foreign keys and its counter, and the keys by their names: tables may refer to each other.
fn without_keys(create: &str) -> (String, Vec<(String, String)>) {
    let (mut kept, mut keys): (Vec<&str>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    for line in create.lines() {
        let key = line.trim_start().trim_end_matches(',');
        match key.strip_prefix("CONSTRAINT ").and_then(|rest| rest.split_once(" FOREIGN KEY ")) {
            Some((name, _)) if line.starts_with("  CONSTRAINT `") => {
                keys.push((name.to_owned(), key.to_owned()));
            }
            _ => kept.push(line),
        }
    }
    let end = kept.iter().rposition(|line| line.starts_with(')'));
    let options = end.map(|end| kept.split_off(end).join("\n")).unwrap_or_default();
    if let Some(last) = kept.last_mut() {
        *last = last.trim_end_matches(',');
    }
    let counter = options
        .split_once(" AUTO_INCREMENT=")
        .map(|(before, rest)| format!("{before}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())));
    (format!("{}\n{}", kept.join("\n"), counter.unwrap_or(options)), keys)
}

/// A routine without the name of the user who made it.
fn without_definer(create: &str) -> String {
    let rest = create.strip_prefix("CREATE DEFINER=").and_then(|rest| {
        let kinds = [" FUNCTION ", " PROCEDURE ", " AGGREGATE "].map(|kind| rest.find(kind));
        kinds.into_iter().flatten().min().map(|at| &rest[at..])
    });
    rest.map_or_else(|| create.to_owned(), |rest| format!("CREATE{rest}"))
}

async fn shown<C: ConnectionTrait>(db: &C, kind: &str, name: &str, column: usize) -> Result<String, DbErr> {
    let sql = format!("SHOW CREATE {kind} {}", quoted(name));
    let row = db.query_one_raw(Statement::from_string(DbBackend::MySql, sql)).await?;
    let shown: Option<String> = row.map(|row| row.try_get_by_index(column)).transpose()?.flatten();
    shown.ok_or_else(|| DbErr::Custom(format!("the user may not read the {} {name}", kind.to_lowercase())))
}

async fn strings<C: ConnectionTrait>(db: &C, sql: &str) -> Result<Vec<Vec<String>>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::MySql, sql)).await?;
    let strings = |row: QueryResult| {
        (0..row.column_names().len()).map(|column| row.try_get_by_index(column)).collect::<Result<_, _>>()
    };
    rows.into_iter().map(strings).collect()
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_keys_and_counters_are_taken_out_of_a_table() {
        let shown = "CREATE TABLE `a` (\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n  KEY `b` (`id`),\n  \
                     CONSTRAINT `b` FOREIGN KEY (`id`) REFERENCES `b` (`id`) ON DELETE CASCADE,\n  \
                     CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `c` (`id`)\n) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4";
        let (create, keys) = without_keys(shown);
        assert_eq!(
            create,
            "CREATE TABLE `a` (\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n  KEY `b` (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
        );
        assert_eq!(keys[0].0, "`b`");
        assert_eq!(keys[1].1, "CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `c` (`id`)");
    }
}
