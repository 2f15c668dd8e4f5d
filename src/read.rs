//! Reading a log object: inflated piece by piece, decoded as it comes, so that one of any size takes little memory.

use crate::decode::{Decoder, Event, Foreign, LookAlike, Reject, Step};
use crate::source::{self, LogReader};

/// An event, or a stretch of broken JSON, may be this long. AWS ends events at 1 MB, and files at 50 MB.
const LONGEST_STRETCH_BYTES: usize = 64 << 20;

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

/// What an object holds.
#[derive(Debug)]
pub enum Found<'b> {
    /// An event.
    Event(Event<'b>),
    /// What only looks like one.
    LookAlike(LookAlike),
    /// What is none, or a damaged one.
    Reject(Reject<'b>),
}

/// Reads objects one after another, reusing its buffer.
#[derive(Debug, Default)]
pub struct ObjectReader {
    /// Inflated bytes not yet decoded.
    buffer: Vec<u8>,
}

impl ObjectReader {
    /// Reads an object to its end, or until `take` says that it has enough. How much was found, and what the object holds that
    /// only looks like events.
    ///
    /// # Errors
    /// If it cannot be read to its end; what was taken before counts.
    pub fn read(
        &mut self,
        object: &str,
        reader: &mut LogReader,
        mut take: impl FnMut(Found<'_>) -> bool,
    ) -> Result<u64, ObjectFailure> {
        self.buffer.clear();
        let mut decoder = Decoder::new();
        loop {
            let read = reader.read_piece(&mut self.buffer);
            let last = !matches!(read, Ok(false));
            let decoded = decode(object, &self.buffer, last, &mut decoder, &mut take);
            let events = decoder.count();
            // What broke the stream explains better why the events break off.
            let last = read.map_err(|failure| ObjectFailure::Unreadable { failure, events })?;
            let wants_more = decoded?;
            let decoded_bytes = decoder.rebase(&self.buffer);
            self.buffer.drain(..decoded_bytes);
            if last || !wants_more {
                return Ok(events);
            }
            if self.buffer.len() > LONGEST_STRETCH_BYTES {
                let offset = reader.inflated_bytes() - self.buffer.len() as u64;
                return Err(ObjectFailure::TooLong { object: object.to_owned(), offset, events });
            }
        }
    }
}

/// Decodes what a buffer holds; whether there may be more.
fn decode(
    object: &str,
    buffer: &[u8],
    last: bool,
    decoder: &mut Decoder,
    take: &mut impl FnMut(Found<'_>) -> bool,
) -> Result<bool, ObjectFailure> {
    loop {
        let found = match decoder.step(buffer, last) {
            Step::Event(event) => Found::Event(event),
            Step::LookAlike(kind) => Found::LookAlike(kind),
            Step::Reject(reject) => Found::Reject(reject),
            Step::More => return Ok(true),
            Step::End => return Ok(false),
            Step::Unclosed => {
                let (events, offset) = (decoder.count(), decoder.offset());
                return Err(ObjectFailure::CutOff { object: object.to_owned(), offset, events });
            }
            Step::Foreign(Foreign::NotJson) => {
                return Err(ObjectFailure::NotJson { object: object.to_owned() });
            }
            Step::Foreign(Foreign::Utf16) => return Err(ObjectFailure::Utf16 { object: object.to_owned() }),
        };
        if !take(found) {
            return Ok(false);
        }
    }
}
