//! What the bytes of a file come to: by this, what is said of a file is said of its content and of nothing else.

use std::fmt;

/// The [BLAKE3](https://github.com/BLAKE3-team/BLAKE3-specs) of some bytes. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Checksum([u8; Self::BYTES]);

impl Checksum {
    /// How long it is.
    pub(super) const BYTES: usize = 32;

    /// Of these bytes.
    pub(super) fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }

    /// As it is [written](fmt::Display); `None` if it is not.
    pub(super) fn parse(digits: &str) -> Option<Self> {
        blake3::Hash::from_hex(digits).ok().map(|hash| Self(*hash.as_bytes()))
    }

    /// From its own bytes; `None` if there are more or fewer.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
