//! From one log object to pieces: rows by partition, rejects, counts.

use std::collections::BTreeMap;

use super::Settings;
use super::filter::Filter;
use super::plan::PlannedObject;
use super::progress::Progress;
use crate::dataset::StoredReject;
use crate::decode::{Decoder, Event, Foreign, LookAlike, Reason, Step, redact};
use crate::report::SkipReason;
use crate::source::{self, Fetched, LogReader, log_key};
use crate::table::{EventKey, flatten};
use crate::write::PartitionedRows;

/// A piece is handed over when its rows take this much memory, so that a huge object goes through in small memory.
const PIECE_BYTES: usize = 8 << 20;

/// An event, or a stretch of broken JSON, may be this long. AWS ends events at 1 MB, and files at 50 MB.
const LONGEST_STRETCH_BYTES: usize = 64 << 20;

/// What a stretch of an object became.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) rows: PartitionedRows,
    pub(super) rejects: Vec<StoredReject>,
    /// Memory the rejects take.
    pub(super) reject_bytes: usize,
    /// Events that were found, but are not asked for.
    pub(super) filtered: u64,
    /// What only looks like events.
    pub(super) look_alikes: BTreeMap<LookAlike, u64>,
    /// The object ends with this piece.
    pub(super) end: Option<ObjectEnd>,
}

impl Piece {
    /// Takes an event of `object` in, if the filter asks for it; `account` is the one whose key the object lies under.
    fn push(&mut self, event: &Event<'_>, (object, filter, account): (&str, &Filter, Option<&str>)) {
        let row = flatten(event, object);
        if filter.admits_event(&row, account) {
            self.rows.push(&row, EventKey::new(event, &row));
        } else {
            self.filtered += 1;
        }
    }

    /// Takes an event in that now has another text.
    fn push_again(&mut self, event: &Event<'_>, text: &str, asked_for: (&str, &Filter, Option<&str>)) {
        let mut decoder = Decoder::new();
        match decoder.step(text.as_bytes(), true) {
            Step::Event(mut changed) => {
                (changed.index, changed.offset) = (event.index, event.offset);
                self.push(&changed, asked_for);
            }
            // It was an event before, and no name in it has changed; were it none now, nothing would be lost.
            _ => self.rejects.push(StoredReject {
                object: asked_for.0.to_owned(),
                event_index: event.index,
                byte_offset: event.offset,
                reason: Reason::NotAnEvent,
                detail: None,
                raw: text.as_bytes().to_vec(),
            }),
        }
    }

    /// Bytes of rows and rejects: the same for the same input, whatever the allocator did.
    pub(super) fn memory_size(&self) -> usize {
        self.rows.packed_size() + self.reject_bytes
    }
}

/// How the reading of an object ended.
#[derive(Debug)]
pub(super) struct ObjectEnd {
    pub(super) verdict: Verdict,
    pub(super) compressed_bytes: u64,
    pub(super) inflated_bytes: u64,
}

/// What is to be said of an object.
#[derive(Debug)]
pub(super) enum Verdict {
    Converted,
    /// No log.
    Skipped(SkipReason),
    Failed(ObjectFailure),
}

/// Why an object could not be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectFailure {
    /// The store or the decompressor gave up.
    #[error("{failure}; {events} events before that point were read")]
    Unreadable {
        /// What happened.
        failure: source::Error,
        /// Events and rejects found before.
        events: u64,
    },
    /// Neither JSON nor compressed JSON.
    #[error("{object} is not a log file: neither JSON nor gzip")]
    NotJson {
        /// The object.
        object: String,
    },
    /// UTF-16 text.
    #[error("{object} is UTF-16 text; CloudTrail writes UTF-8 (try `iconv -f UTF-16 -t UTF-8`)")]
    Utf16 {
        /// The object.
        object: String,
    },
    /// The list of events is not closed.
    #[error("{object} ends at byte {offset} before its list of events does; {events} events were read")]
    CutOff {
        /// The object.
        object: String,
        /// Its inflated size.
        offset: u64,
        /// Events and rejects found.
        events: u64,
    },
    /// No event is that long.
    #[error(
        "{object}: what begins at byte {offset} goes on for more than {LONGEST_STRETCH_BYTES} bytes without being \
         an event; {events} events before that point were read"
    )]
    TooLong {
        /// The object.
        object: String,
        /// Where it begins.
        offset: u64,
        /// Events and rejects found before.
        events: u64,
    },
}

/// Converts objects one after another, reusing its buffer.
#[derive(Debug)]
pub(super) struct ObjectConverter<'c> {
    settings: &'c Settings,
    progress: &'c Progress,
    /// Inflated bytes not yet decoded.
    buffer: Vec<u8>,
    /// What the object holds that only looks like events.
    look_alike: Option<LookAlike>,
}

impl<'c> ObjectConverter<'c> {
    pub(super) fn new(settings: &'c Settings, progress: &'c Progress) -> Self {
        Self { settings, progress, buffer: Vec::new(), look_alike: None }
    }

    /// Reads the object to its end and hands over its pieces in order; the last one carries the end. Nothing more
    /// is read once `hand_over` says no.
    pub(super) fn convert(
        &mut self,
        planned: &PlannedObject,
        fetched: Result<Fetched, source::Error>,
        mut hand_over: impl FnMut(Piece) -> bool,
    ) {
        let mut piece = Piece::default();
        let end = match fetched {
            Ok(fetched) => {
                let mut reader = fetched.inflate(self.settings.object_limit_bytes);
                let read = self.read(planned, &mut reader, &mut piece, &mut hand_over);
                ObjectEnd {
                    verdict: Verdict::of(planned, read),
                    compressed_bytes: reader.stored_bytes(),
                    inflated_bytes: reader.inflated_bytes(),
                }
            }
            Err(failure) => ObjectEnd {
                verdict: Verdict::Failed(ObjectFailure::Unreadable { failure, events: 0 }),
                compressed_bytes: 0,
                inflated_bytes: 0,
            },
        };
        self.progress.finish_object(planned.object.size);
        tracing::debug!(object = planned.object.name, inflated = end.inflated_bytes, "read");
        piece.end = Some(end);
        hand_over(piece);
    }

    fn read(
        &mut self,
        planned: &PlannedObject,
        reader: &mut LogReader,
        piece: &mut Piece,
        hand_over: &mut impl FnMut(Piece) -> bool,
    ) -> Result<Option<LookAlike>, ObjectFailure> {
        self.buffer.clear();
        self.look_alike = None;
        let mut decoder = Decoder::new();
        loop {
            let read = reader.read_piece(&mut self.buffer);
            let last = !matches!(read, Ok(false));
            let decoded = self.decode(planned, &mut decoder, last, piece, hand_over);
            let events = decoder.count();
            // What broke the stream explains better why the events break off.
            let last = read.map_err(|failure| ObjectFailure::Unreadable { failure, events })?;
            let wants_more = decoded?;
            let decoded_bytes = decoder.rebase(&self.buffer);
            self.buffer.drain(..decoded_bytes);
            if last || !wants_more {
                // The object is named by what it holds, if that is no events at all.
                return Ok(self.look_alike.filter(|_| decoder.count() == 0));
            }
            if self.buffer.len() > LONGEST_STRETCH_BYTES {
                let offset = reader.inflated_bytes() - self.buffer.len() as u64;
                return Err(ObjectFailure::TooLong { object: planned.object.name.clone(), offset, events });
            }
        }
    }

    /// Decodes what the buffer holds; whether there may be more.
    fn decode(
        &mut self,
        planned: &PlannedObject,
        decoder: &mut Decoder,
        last: bool,
        piece: &mut Piece,
        hand_over: &mut impl FnMut(Piece) -> bool,
    ) -> Result<bool, ObjectFailure> {
        let object = planned.object.name.as_str();
        let account = planned.key.as_ref().map(|key| key.account.as_str());
        let found_before = decoder.count();
        let wants_more = loop {
            match decoder.step(&self.buffer, last) {
                Step::Event(event) => {
                    let asked_for = (object, &self.settings.filter, account);
                    match self.settings.redact.then(|| redact::redact(event.text())).flatten() {
                        None => piece.push(&event, asked_for),
                        Some(clean) => piece.push_again(&event, &clean, asked_for),
                    }
                }
                Step::LookAlike(kind) => {
                    self.look_alike.get_or_insert(kind);
                    *piece.look_alikes.entry(kind).or_default() += 1;
                }
                Step::Reject(reject) => {
                    let reject = StoredReject::new(object, &reject);
                    piece.reject_bytes += reject.memory_size();
                    piece.rejects.push(reject);
                }
                Step::More => break true,
                Step::End => break false,
                Step::Unclosed => {
                    let (events, offset) = (decoder.count(), decoder.offset());
                    return Err(ObjectFailure::CutOff { object: object.to_owned(), offset, events });
                }
                Step::Foreign(Foreign::NotJson) => {
                    return Err(ObjectFailure::NotJson { object: object.to_owned() });
                }
                Step::Foreign(Foreign::Utf16) => {
                    return Err(ObjectFailure::Utf16 { object: object.to_owned() });
                }
            }
            if piece.memory_size() > PIECE_BYTES && !hand_over(std::mem::take(piece)) {
                break false;
            }
        };
        self.progress.add_events(decoder.count() - found_before);
        Ok(wants_more)
    }
}

impl Verdict {
    fn of(planned: &PlannedObject, read: Result<Option<LookAlike>, ObjectFailure>) -> Self {
        let object = &planned.object;
        match read {
            Ok(None) => Self::Converted,
            Ok(Some(kind)) => Self::Skipped(SkipReason::LookAlike(kind)),
            // Beside logs lie other files; only those that claim to be logs are missed.
            Err(ObjectFailure::NotJson { .. })
                if !object.named && !log_key::claims_to_be_log(&object.name) =>
            {
                Self::Skipped(SkipReason::NotLog)
            }
            Err(failure) => Self::Failed(failure),
        }
    }
}
