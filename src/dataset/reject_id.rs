//! By which name a reject goes: a hash of where it was found and of its bytes.
//!
//! The id is not stored; whoever has the reject has its id. It stays the same when a later version of trailhouse
//! finds another reason for it.

use std::fmt;
use std::str::FromStr;

/// Digits of an id that are shown: enough for any dataset, unless somebody plants rejects to make them collide.
const SHOWN_DIGITS: usize = 12;

/// Fewer digits than this are more likely a slip than a name.
const FEWEST_DIGITS: usize = 4;

/// What tells a reject from all others: 128 bits of BLAKE3, in hexadecimal digits, of which twelve are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RejectId(u128);

impl RejectId {
    /// The id of what was found there.
    pub(super) fn new(object: &str, event_index: u64, byte_offset: u64, raw: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        // The length keeps the name apart from what follows it.
        hasher.update(&(object.len() as u64).to_le_bytes()).update(object.as_bytes());
        hasher.update(&event_index.to_le_bytes()).update(&byte_offset.to_le_bytes()).update(raw);
        let mut half = [0; 16];
        hasher.finalize_xof().fill(&mut half);
        Self(u128::from_be_bytes(half))
    }

    /// All 32 digits.
    pub fn in_full(self) -> String {
        format!("{:032x}", self.0)
    }

    /// The bytes of the id, for those who derive names from it.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for RejectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_full()[..SHOWN_DIGITS])
    }
}

/// An id as it is typed: its first digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPrefix(String);

impl IdPrefix {
    /// Whether `id` begins like this.
    pub fn is_of(&self, id: RejectId) -> bool {
        id.in_full().starts_with(&self.0)
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IdPrefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.bytes().all(|byte| byte.is_ascii_hexdigit()) && (FEWEST_DIGITS..=32).contains(&text.len()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err("expected the id of a reject, or at least its first four digits")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_rejects_apart() {
        let ids = [
            RejectId::new("a", 1, 2, b"x"),
            RejectId::new("b", 1, 2, b"x"),
            RejectId::new("a", 2, 2, b"x"),
            RejectId::new("a", 1, 3, b"x"),
            RejectId::new("a", 1, 2, b"y"),
        ];
        for (n, id) in ids.iter().enumerate() {
            assert!(!ids[..n].contains(id));
        }
        // Ids are written down and typed again, perhaps a version later.
        assert_eq!(ids[0].to_string(), "40a027022632");
    }

    #[test]
    fn ids_are_known_by_their_first_digits() {
        let id = RejectId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        let is_of = |typed: &str| typed.parse::<IdPrefix>().map(|prefix| prefix.is_of(id));
        assert_eq!(id.to_string(), "0123456789ab");
        for typed in ["0123", "0123456789ab", "0123456789AB", "0123456789abcdef0123456789abcdef"] {
            assert_eq!(is_of(typed), Ok(true), "{typed}");
        }
        assert_eq!(is_of("0124"), Ok(false));
        for typed in ["", "012", "012x", "0123456789abcdef0123456789abcdef0"] {
            assert!(is_of(typed).is_err(), "{typed}");
        }
    }
}
