//! The time before each event in CloudWatch's exports to S3: `2023-07-10T11:42:31.000Z {...}`.

/// Whether bytes begin with a time and a blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    /// They do, and this is how long both are.
    Length(usize),
    /// They might, were there more of them.
    Cut,
    None,
}

/// A digit stands for any digit.
const PATTERN: &[u8] = b"0000-00-00T00:00:00.000Z ";

/// What `bytes` begin with.
pub(super) fn timestamp_prefix(bytes: &[u8]) -> Prefix {
    let fits = bytes.iter().zip(PATTERN).all(|(byte, wanted)| match wanted {
        b'0' => byte.is_ascii_digit(),
        wanted => byte == wanted,
    });
    match (fits, bytes.len() >= PATTERN.len()) {
        (true, true) => Prefix::Length(PATTERN.len()),
        (true, false) => Prefix::Cut,
        (false, _) => Prefix::None,
    }
}
