//! Delimiter of the cells of a table, from its first line.

/// Delimiter of a first line such as `sep=;`, by which Excel is told of it.
pub(super) fn declared(head: &str) -> Option<u8> {
    let line = head.split('\n').next().unwrap_or_default();
    let line = line.trim_end_matches(['\r', '"']).trim_start_matches('"');
    let start = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep="))?;
    match line.as_bytes()[start.len()..] {
        [delimiter] => Some(delimiter),
        _ => None,
    }
}

/// Most frequent delimiter of the first line outside quotes.
pub(super) fn frequent(head: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in head.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            _ => counts
                .iter_mut()
                .filter(|(delimiter, _)| *delimiter == byte)
                .for_each(|(_, count)| *count += 1),
        }
    }
    // Of equal counts the first wins: the comma.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| delimiter)
}
