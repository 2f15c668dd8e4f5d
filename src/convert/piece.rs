//! From one log object to pieces: rows by partition, rejects, counts.

use std::collections::BTreeMap;

use super::Settings;
use super::plan::PlannedObject;
use super::progress::Progress;
use crate::dataset::StoredReject;
use crate::decode::{Decoder, Event, LookAlike, Reason, Step, redact};
use crate::filter::Filter;
use crate::read::{Found, ObjectFailure, ObjectReader};
use crate::report::SkipReason;
use crate::source::{self, Fetched, LogReader, log_key};
use crate::table::{EventKey, flatten};
use crate::write::PartitionedRows;

/// A piece is handed over when its rows take this much memory, so that a huge object goes through in small memory.
const PIECE_BYTES: usize = 8 << 20;

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
    /// Without anything, with room for `bytes` of rows.
    fn with_capacity(bytes: usize) -> Self {
        Self { rows: PartitionedRows::with_capacity(bytes), ..Self::default() }
    }

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

/// Converts objects one after another.
#[derive(Debug)]
pub(super) struct ObjectConverter<'c> {
    settings: &'c Settings,
    progress: &'c Progress,
    reader: ObjectReader,
    /// What the rows of the last piece took: the next one gets as much room.
    usual_bytes: usize,
}

impl<'c> ObjectConverter<'c> {
    pub(super) fn new(settings: &'c Settings, progress: &'c Progress) -> Self {
        Self { settings, progress, reader: ObjectReader::default(), usual_bytes: 0 }
    }

    /// Reads the object to its end and hands over its pieces in order; the last one carries the end. Nothing more
    /// is read once `hand_over` says no.
    pub(super) fn convert(
        &mut self,
        planned: &PlannedObject,
        fetched: Result<Fetched, source::Error>,
        mut hand_over: impl FnMut(Piece) -> bool,
    ) {
        let mut piece = Piece::with_capacity(self.usual_bytes);
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
        // With some room to spare: growing it would copy all of it.
        self.usual_bytes = piece.rows.packed_size() / 8 * 9;
        hand_over(piece);
    }

    /// What the object holds that only looks like events, if it holds nothing else.
    fn read(
        &mut self,
        planned: &PlannedObject,
        reader: &mut LogReader,
        piece: &mut Piece,
        hand_over: &mut impl FnMut(Piece) -> bool,
    ) -> Result<Option<LookAlike>, ObjectFailure> {
        let object = planned.object.name.as_str();
        let account = planned.key.as_ref().map(|key| key.account.as_str());
        let asked_for = (object, &self.settings.filter, account);
        let (mut look_alike, mut news) = (None, 0);
        let read = self.reader.read(object, reader, |found| {
            news += 1;
            match found {
                Found::Event(event) => {
                    match self.settings.redact.then(|| redact::redact(event.text())).flatten() {
                        None => piece.push(&event, asked_for),
                        Some(clean) => piece.push_again(&event, &clean, asked_for),
                    }
                }
                Found::LookAlike(kind) => {
                    news -= 1;
                    look_alike.get_or_insert(kind);
                    *piece.look_alikes.entry(kind).or_default() += 1;
                }
                Found::Reject(reject) => {
                    let reject = StoredReject::new(object, &reject);
                    piece.reject_bytes += reject.memory_size();
                    piece.rejects.push(reject);
                }
            }
            if piece.memory_size() <= PIECE_BYTES {
                return true;
            }
            self.progress.add_events(std::mem::take(&mut news));
            hand_over(std::mem::replace(piece, Piece::with_capacity(PIECE_BYTES)))
        });
        self.progress.add_events(news);
        // The object is named by what it holds, if that is no events at all.
        let events = read?;
        Ok(look_alike.filter(|_| events == 0))
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
