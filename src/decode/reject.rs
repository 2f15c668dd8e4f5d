//! What could not be converted, and why.

use std::fmt;

use super::json::{JsonError, JsonErrorKind};

/// Why a stretch of an object is no event. A small fixed vocabulary: the codes are stored with the rejects and
/// are part of the on-disk contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The bytes break the JSON grammar.
    NotJson,
    /// The object ends inside the event.
    Truncated,
    /// Brackets are nested deeper than [`super::json::MAX_DEPTH`].
    TooDeep,
    /// JSON, but with bytes that are not UTF-8.
    NotUtf8,
    /// JSON, but no CloudTrail event.
    NotAnEvent,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: &'static [Self] =
        &[Self::NotJson, Self::Truncated, Self::TooDeep, Self::NotUtf8, Self::NotAnEvent];

    /// The reason stored under `code`.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }

    /// The code under which the reject is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::Truncated => "truncated",
            Self::TooDeep => "too_deep",
            Self::NotUtf8 => "not_utf8",
            Self::NotAnEvent => "not_an_event",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "not JSON",
            Self::Truncated => "cut off before its end",
            Self::TooDeep => "nested too deep",
            Self::NotUtf8 => "not UTF-8",
            Self::NotAnEvent => "JSON, but no CloudTrail event",
        })
    }
}

impl From<JsonErrorKind> for Reason {
    fn from(kind: JsonErrorKind) -> Self {
        match kind {
            JsonErrorKind::UnexpectedEnd => Self::Truncated,
            JsonErrorKind::TooDeep => Self::TooDeep,
            _ => Self::NotJson,
        }
    }
}

/// A stretch of an object that is no event, to be kept as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject<'a> {
    /// Why.
    pub reason: Reason,
    /// What the JSON scanner found, at a byte of the stretch; only for broken JSON.
    pub fault: Option<JsonError>,
    /// Position among the object's events and rejects, from 0.
    pub index: u64,
    /// Where `bytes` begin in the inflated object.
    pub offset: u64,
    /// The stretch itself, verbatim.
    pub bytes: &'a [u8],
}

impl Reject<'_> {
    /// What broke the JSON, and at which byte of the inflated object.
    pub fn fault_offset(&self) -> Option<(u64, JsonErrorKind)> {
        self.fault.map(|fault| (self.offset + fault.at as u64, fault.kind))
    }
}
