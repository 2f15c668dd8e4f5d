//! What the bytes of a stored reject hold, read again.
//!
//! A reject is a stretch out of an object, and how it reads may depend on what stood around it: the bytes
//! `{...},{...}]}` are the end of a log file, but no log file. So it is read alone, as an object of its own, and,
//! unless all of that makes sense, once more as it would read among the events of a log file.

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::decode::json::{JsonError, JsonErrorKind};
use crate::decode::{Decoder, Event, Foreign, Place, Reason, Reject, Step};

/// What stands before the events of a log file.
const LOG_FILE_START: &[u8] = br#"{"Records":["#;

/// A way to read a stretch of bytes, and what comes of it.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    text: Cow<'a, [u8]>,
    /// Bytes of `text` that were put before the stretch.
    lead: usize,
    events: u64,
    rejected_bytes: u64,
    end: End,
}

/// How a stretch of bytes ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// After an event.
    Whole,
    /// Brackets are open that it opened itself.
    Unclosed,
    /// It does not even begin like JSON.
    Foreign(Foreign),
}

/// What is found in a stretch of bytes.
pub(super) enum Finding<'a> {
    Event(Event<'a>),
    Reject(Reject<'a>),
}

/// Why an edited reject is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nothing in it is an event.
    #[error("no event in it")]
    NoEvent,
    /// Something seems to be missing at its end.
    #[error("its brackets do not close")]
    Unclosed,
    /// UTF-16 text.
    #[error("UTF-16 text; save it as UTF-8")]
    Utf16,
    /// Some of it is no event.
    #[error("{}", kind.map_or(reason.to_string(), |kind| kind.to_string()))]
    Rejected {
        /// Why it is none.
        reason: Reason,
        /// How it breaks the JSON grammar.
        kind: Option<JsonErrorKind>,
        /// The byte where it does, or where what is no event begins.
        at: usize,
    },
}

impl<'a> Reading<'a> {
    /// The reading of `raw` that finds the most events, and among those the one that rejects the least.
    pub(super) fn best(raw: &'a [u8]) -> Self {
        let alone = Self::new(Cow::Borrowed(raw), 0);
        if alone.unfit().is_none() {
            return alone;
        }
        let among_events = Self::new(Cow::Owned([LOG_FILE_START, raw].concat()), LOG_FILE_START.len());
        // What opened inside `raw` cannot be told from the brackets that were put before it.
        let among_events = Self { end: End::Whole, ..among_events };
        let merit = |reading: &Self| (reading.events, Reverse(reading.rejected_bytes));
        if merit(&among_events) > merit(&alone) { among_events } else { alone }
    }

    fn new(text: Cow<'a, [u8]>, lead: usize) -> Self {
        let mut reading = Self { text, lead, events: 0, rejected_bytes: 0, end: End::Whole };
        let (mut events, mut rejected_bytes) = (0, 0);
        reading.end = reading.walk(&mut |finding| match finding {
            Finding::Event(_) => events += 1,
            Finding::Reject(reject) => rejected_bytes += reject.bytes.len() as u64,
        });
        Self { events, rejected_bytes, ..reading }
    }

    /// What is read.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Events in it.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Why it is not wholly made of events.
    pub(super) fn unfit(&self) -> Option<Unfit> {
        if self.rejected_bytes > 0 {
            let mut first = None;
            self.each(|finding| {
                if let (Finding::Reject(reject), None) = (finding, first) {
                    let fault = reject.fault.map_or(0, |fault| fault.at);
                    let at = reject.offset as usize + fault;
                    let kind = reject.fault.map(|fault| fault.kind);
                    first = Some(Unfit::Rejected { reason: reject.reason, kind, at });
                }
            });
            return first;
        }
        match self.end {
            End::Foreign(Foreign::Utf16) => Some(Unfit::Utf16),
            End::Unclosed => Some(Unfit::Unclosed),
            _ if self.events == 0 => Some(Unfit::NoEvent),
            _ => None,
        }
    }

    /// Goes through what is found, with indices as if it were an object and offsets into the stretch.
    pub(super) fn each(&self, mut found: impl FnMut(Finding<'_>)) {
        self.walk(&mut found);
    }

    fn walk(&self, found: &mut impl FnMut(Finding<'_>)) -> End {
        let mut decoder = Decoder::new();
        let lead = self.lead as u64;
        loop {
            match decoder.step(&self.text, true) {
                Step::Event(mut event) => {
                    event.offset = event.offset.saturating_sub(lead);
                    found(Finding::Event(event));
                }
                Step::Reject(reject) => found(Finding::Reject(self.without_lead(reject))),
                // Known to be no event, but no event either: it stays what it is.
                Step::LookAlike(_) => {}
                Step::Unclosed => return End::Unclosed,
                Step::Foreign(foreign) => return End::Foreign(foreign),
                // The decoder has seen all there is.
                Step::End | Step::More => return End::Whole,
            }
        }
    }

    /// `reject` as it lies in the stretch, should it begin before it.
    fn without_lead<'r>(&self, reject: Reject<'r>) -> Reject<'r> {
        let foreign = self.lead.saturating_sub(reject.offset as usize).min(reject.bytes.len());
        let fault = reject.fault.map(|fault| JsonError { at: fault.at.saturating_sub(foreign), ..fault });
        let offset = reject.offset.saturating_sub(self.lead as u64);
        // Lines can be counted in the whole object only.
        let place = if reject.wrapped { reject.place } else { Place::UNKNOWN };
        Reject { offset, fault, place, bytes: &reject.bytes[foreign..], ..reject }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"eventVersion":"1.08","eventName":"ListBuckets"}"#;

    /// Events, rejected bytes, and why it would not be taken as an edit.
    fn read(raw: &str) -> (u64, u64, Option<String>) {
        let reading = Reading::best(raw.as_bytes());
        (reading.events(), reading.rejected_bytes, reading.unfit().map(|unfit| unfit.to_string()))
    }

    #[test]
    fn stretches_read_as_they_would_in_their_object() {
        let fit = |events| (events, 0, None);
        for (raw, expected) in [
            (EVENT.to_owned(), fit(1)),
            (format!("\n{EVENT}\n{EVENT}\n"), fit(2)),
            (format!("[{EVENT}, {EVENT}]"), fit(2)),
            (format!(r#"{{"Records":[{EVENT}]}}"#), fit(1)),
            // The end of a log file, of a bare array, and a piece out of the middle.
            (format!("{EVENT},{EVENT}]}}"), fit(2)),
            (format!("{EVENT},{EVENT}]"), fit(2)),
            (format!(",{EVENT},{EVENT},"), fit(2)),
        ] {
            assert_eq!(read(&raw), expected, "{raw}");
        }
    }

    #[test]
    fn what_is_no_event_is_said() {
        let unfit = |events, rejected_bytes, why: &str| (events, rejected_bytes, Some(why.to_owned()));
        for (raw, expected) in [
            ("".to_owned(), unfit(0, 0, "no event in it")),
            ("7".to_owned(), unfit(0, 0, "no event in it")),
            (r#"{"Records":[]}"#.to_owned(), unfit(0, 0, "no event in it")),
            (r#"{"some":"thing"}"#.to_owned(), unfit(0, 16, "JSON, but no CloudTrail event")),
            (format!("[{EVENT},{EVENT}"), unfit(2, 0, "its brackets do not close")),
            (EVENT[..20].to_owned(), unfit(0, 20, "the JSON ends too early")),
            (format!("{EVENT},{{\"a\"}}]}}"), unfit(1, 5, "expected `:`")),
        ] {
            assert_eq!(read(&raw), expected, "{raw}");
        }
    }

    #[test]
    fn offsets_are_those_of_the_stretch() {
        let raw = format!("{EVENT},{{\"a\"}}]}}");
        let reading = Reading::best(raw.as_bytes());
        let mut found = Vec::new();
        reading.each(|finding| match finding {
            Finding::Event(event) => found.push((event.offset, event.text().len())),
            Finding::Reject(reject) => found.push((reject.offset, reject.bytes.len())),
        });
        let comma = EVENT.len();
        assert_eq!(found, [(0, comma), (comma as u64 + 1, raw.len() - comma - 3)]);
        assert!(matches!(reading.unfit(), Some(Unfit::Rejected { at, .. }) if at == comma + 5));
    }
}
