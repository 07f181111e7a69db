//! File descriptors of the process.

/// Descriptors for other things than connections of clients and of the database: files, mail, threads.
const OTHERS: u64 = 64;

/// Descriptors of a database connection; SQLite opens three files.
const EACH_DATABASE_CONNECTION: u64 = 3;

/// Raises the soft limit of file descriptors to the hard limit.
pub fn raise_descriptors() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => log::debug!("file descriptors: {limit}"),
        Err(error) => log::warn!("cannot raise the limit of file descriptors: {error}"),
    }
}

/// Most connections of clients that leave enough descriptors for everything else, at least a tenth of them.
#[must_use]
pub fn allowed_connections(database_connections: u32, most: usize) -> usize {
    match rlimit::getrlimit(rlimit::Resource::NOFILE) {
        Ok((descriptors, _)) => share(descriptors, database_connections).min(most),
        Err(_) => most,
    }
}

fn share(descriptors: u64, database_connections: u32) -> usize {
    let others = OTHERS + EACH_DATABASE_CONNECTION * u64::from(database_connections);
    let left = descriptors.saturating_sub(others.max(descriptors / 10));
    usize::try_from(left.max(descriptors / 4)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_kept() {
        assert_eq!(share(1_024, 16), 912);
        assert_eq!(share(100_000, 16), 90_000);
        assert_eq!(share(1_024, 200), 360);
        assert_eq!(share(1_024, 10_000), 256, "clients get a quarter in any case");
    }
}
