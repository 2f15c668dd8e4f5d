//! The first bytes of an object decide how it is read: as JSON, as a download of the Event history, or not at all.

use super::broken::reject_until;
use super::{Decoder, Foreign, Found, Inner};
use crate::decode::history::{self, History, Row};
use crate::decode::json::{JsonError, JsonErrorKind, Scanner};
use crate::decode::log_line::{Prefix, timestamp_prefix};
use crate::decode::reject::Reason;
use crate::decode::salvage::{self, Boundary, Damage};

/// Garbage before the first event may be this long.
const MAX_GARBAGE_BYTES: usize = 64 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Decoder {
    /// The first bytes decide whether this is JSON at all.
    pub(super) fn start(&mut self, buffer: &[u8], last: bool) -> Option<Found> {
        let begin = self.position;
        let bytes = &buffer[begin..];
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            return Some(Found::Foreign(Foreign::Utf16));
        }
        if !last && bytes.len() < BYTE_ORDER_MARK.len() {
            return Some(Found::More);
        }
        let skipped = begin + if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut scanner = Scanner::at(buffer, skipped);
        let Some(first) = scanner.peek() else {
            self.position = scanner.position();
            return Some(if last { Found::End } else { Found::More });
        };
        let start = scanner.position();
        let is_json = match first {
            b'{' | b'[' => true,
            b'0'..=b'9' => match timestamp_prefix(&buffer[start..]) {
                Prefix::Length(_) => true,
                Prefix::Cut if !last => return Some(Found::More),
                Prefix::Cut | Prefix::None => false,
            },
            _ => false,
        };
        if is_json {
            self.started = true;
            self.position = skipped;
            return None;
        }
        match history::is_history(&buffer[start..]) {
            Some(true) => match History::begin(&buffer[start..], last) {
                Some((history, length)) => {
                    self.started = true;
                    self.position = start + length;
                    self.history = Some(history);
                    return None;
                }
                None => return Some(Found::More),
            },
            None if !last => return Some(Found::More),
            _ => {}
        }
        // A byte may be damaged that decides about all others.
        if !last && buffer.len() < MAX_GARBAGE_BYTES {
            return Some(Found::More);
        }
        let damage = Damage { start, opening: None, budget: salvage::BUDGET_BYTES, last, lines: false };
        match salvage::next_boundary(buffer, damage) {
            Boundary::At { position, .. } if position - start <= MAX_GARBAGE_BYTES => {
                self.started = true;
                self.damaged = true;
                self.position = position;
                let fault = JsonError { at: start, kind: JsonErrorKind::ExpectedValue };
                Some(reject_until(buffer, start, position, fault))
            }
            Boundary::Unclear if buffer.len() < 2 * MAX_GARBAGE_BYTES => Some(Found::More),
            _ => Some(Found::Foreign(Foreign::NotJson)),
        }
    }

    /// Steps over one row of a download.
    pub(super) fn row(&mut self, history: &History, buffer: &[u8], last: bool) -> Option<Found> {
        match history.row(buffer, self.position, last) {
            Row::Event { json, end } => {
                let offset = self.base + self.position as u64;
                self.position = end;
                let decoder = Self { depth: self.depth + 1, ..Self::default() };
                let (document, otherwise) = (json.into_bytes(), None);
                self.inner = Some(Box::new(Inner { document, decoder, offset, otherwise }));
                None
            }
            Row::Malformed(span) => Some(self.take(span, Reason::BadCsv)),
            Row::More => Some(Found::More),
            Row::End => Some(Found::End),
        }
    }
}
