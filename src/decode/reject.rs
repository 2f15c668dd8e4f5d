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
    /// A CloudTrail record of a version or category that the table has no columns for.
    Unsupported,
    /// Wrapped in base64 or gzip that cannot be undone.
    BadPayload,
    /// A row of an Event history download that does not fit its header.
    BadCsv,
}

impl Reason {
    /// All there are.
    pub const ALL: &'static [Self] = &[
        Self::NotJson,
        Self::Truncated,
        Self::TooDeep,
        Self::NotUtf8,
        Self::NotAnEvent,
        Self::Unsupported,
        Self::BadPayload,
        Self::BadCsv,
    ];

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
            Self::Unsupported => "unsupported",
            Self::BadPayload => "bad_payload",
            Self::BadCsv => "bad_csv",
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
            Self::Unsupported => "a CloudTrail record of an unknown version or category",
            Self::BadPayload => "wrapped in base64 or gzip that cannot be undone",
            Self::BadCsv => "a CSV row that does not fit its header",
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

/// A line and a column, both from 1, the column in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Line breaks before, and one.
    pub line: u64,
    /// Bytes since the last line break, and one.
    pub column: u64,
}

impl Place {
    /// The stretch was taken out of its object.
    pub const UNKNOWN: Self = Self { line: 0, column: 0 };
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
    /// Where `bytes` begin in the inflated object; if they were wrapped in a string, where that begins.
    pub offset: u64,
    /// Where the JSON breaks, else where `bytes` begin: in the inflated object, or in the document that was wrapped.
    pub place: Place,
    /// The bytes were wrapped in a string: an SNS message, a log line, a stream record.
    pub wrapped: bool,
    /// The stretch itself, verbatim.
    pub bytes: &'a [u8],
}

impl Reject<'_> {
    /// What broke the JSON, and where: byte, line and column of the inflated object, or of what was wrapped in it.
    /// Says nothing of the content.
    pub fn explain_fault(&self) -> Option<String> {
        let fault = self.fault?;
        let Place { line, column } = self.place;
        let byte = self.offset + fault.at as u64;
        Some(match self.wrapped {
            true => format!("{} at line {line}, column {column} of what is wrapped there", fault.kind),
            false if self.place == Place::UNKNOWN => format!("{} at byte {byte}", fault.kind),
            false => format!("{} at line {line}, column {column}, byte {byte}", fault.kind),
        })
    }
}
