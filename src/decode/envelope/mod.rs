//! Containers: where in an object the events lie.
//!
//! The `{"Records":[...]}` of a trail's log file, a bare array, single events, and any number of these one after
//! another with or without line breaks (JSON lines, values back to back); lists under other names; the messages,
//! log lines and stream records that events travel in, within one another ([`crate::decode::shape`]); CloudWatch's exports,
//! in which a time precedes each event. Decided by shape, never by name. Commas between elements are not insisted
//! on: a comma too many or too few loses no event.

mod broken;
mod element;
mod object;
mod start;

use crate::decode::event::{Event, FieldSpan};
use crate::decode::history::History;
use crate::decode::json::{JsonError, JsonErrorKind, Scanner, Span};
use crate::decode::lines::LineCount;
use crate::decode::look_alike::LookAlike;
use crate::decode::reject::{Place, Reason, Reject};

/// What the decoder found next.
#[derive(Debug)]
pub enum Step<'a> {
    /// An event.
    Event(Event<'a>),
    /// Something else where an event was due.
    Reject(Reject<'a>),
    /// Something that is no event, and is known to be none.
    LookAlike(LookAlike),
    /// The buffer ends inside an event. [`Decoder::rebase`], append bytes, step again.
    More,
    /// All is read.
    End,
    /// The bytes end between two events, but before the brackets around them close: the object was cut off.
    /// Everything before has been handed out.
    Unclosed,
    /// The object does not start like JSON; nothing was read.
    Foreign(Foreign),
}

/// What an object that is no JSON seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// A UTF-16 byte order mark, as Windows tools write it.
    Utf16,
    /// Anything else.
    NotJson,
}

/// A bracket that is open around the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// `[`: events follow.
    Array,
    /// The object around the list: further members may follow behind the array.
    Wrapper,
}

/// The pull decoder. See the [module](crate::decode).
#[derive(Debug, Default)]
pub struct Decoder {
    open: Vec<Level>,
    started: bool,
    /// Something was broken, so that brackets cannot be relied on any more.
    damaged: bool,
    /// Where in the buffer the next step starts.
    position: usize,
    /// Bytes of the object that lie before the buffer.
    base: u64,
    index: u64,
    fields: Vec<FieldSpan>,
    /// The name of the member by which the last event opened.
    opening: Vec<u8>,
    lines: LineCount,
    /// Where the last reject was.
    place: Place,
    /// Bytes that salvage has read in vain.
    salvage_spent: usize,
    /// A document that was found in a string, and is read before what follows it.
    inner: Option<Box<Inner>>,
    /// The object is a download of the Event history, not JSON.
    history: Option<History>,
    /// How many documents this one lies in.
    depth: usize,
}

#[derive(Debug)]
struct Inner {
    document: Vec<u8>,
    decoder: Decoder,
    /// Where the string begins in the object.
    offset: u64,
    /// What this is if it holds no JSON; if nothing, that is a reject.
    otherwise: Option<LookAlike>,
}

const RECORDS: &[u8] = b"Records";

/// What was found, by its place in the innermost buffer. What a [`Step`] is before it borrows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Event(Span),
    Reject { span: Span, reason: Reason, fault: Option<JsonError> },
    LookAlike(LookAlike),
    More,
    End,
    Unclosed,
    Foreign(Foreign),
}

impl Inner {
    /// The document ends between two events: a reject without bytes says so.
    fn cut_off(&mut self) -> Found {
        self.decoder.damaged = true;
        let at = self.document.len();
        let fault = JsonError { at, kind: JsonErrorKind::UnexpectedEnd };
        self.decoder.located(
            Found::Reject { span: at..at, reason: Reason::Truncated, fault: Some(fault) },
            &self.document,
        )
    }

    /// The document should be an event, and is no JSON.
    fn no_json(&mut self) -> Found {
        self.decoder.started = true;
        self.decoder.position = self.document.len();
        let fault = JsonError { at: 0, kind: JsonErrorKind::ExpectedValue };
        let span = 0..self.document.len();
        self.decoder
            .located(Found::Reject { span, reason: Reason::NotJson, fault: Some(fault) }, &self.document)
    }
}

impl Decoder {
    /// At the start of an object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what has been handed out: the caller removes that many bytes from the front of its buffer.
    pub fn rebase(&mut self, buffer: &[u8]) -> usize {
        let done = std::mem::take(&mut self.position);
        self.lines.pass(buffer, self.base, done);
        self.lines.counted -= done;
        self.base += done as u64;
        done
    }

    /// Events and rejects handed out so far.
    pub fn count(&self) -> u64 {
        self.index
    }

    /// Where the next step starts, in bytes of the object.
    pub fn offset(&self) -> u64 {
        self.base + self.position as u64
    }

    /// Finds the next event. `buffer` is the same as at the last step, unless that was [`Step::More`]; `last`
    /// says that the object ends where the buffer does.
    pub fn step<'a>(&'a mut self, buffer: &'a [u8], last: bool) -> Step<'a> {
        let found = self.advance(buffer, last);
        let index = self.index;
        self.index += u64::from(matches!(found, Found::Event(_) | Found::Reject { .. }));
        let (decoder, bytes) = self.innermost(buffer);
        let wrapped = self.inner.is_some();
        let reject = |span: Span, reason: Reason, fault: Option<JsonError>| {
            let fault = fault.map(|fault| JsonError { at: fault.at.saturating_sub(span.start), ..fault });
            let (offset, place) = (self.offset_of(span.start), decoder.place);
            Step::Reject(Reject { reason, fault, index, offset, place, wrapped, bytes: &bytes[span] })
        };
        match found {
            Found::Event(span) => match simdutf8::basic::from_utf8(&bytes[span.clone()]) {
                Ok(text) => Step::Event(Event::new(text, &decoder.fields, index, self.offset_of(span.start))),
                // Has been checked; were it not so, this would be the answer.
                Err(_) => reject(span, Reason::NotUtf8, None),
            },
            Found::Reject { span, reason, fault } => reject(span, reason, fault),
            Found::LookAlike(kind) => Step::LookAlike(kind),
            Found::More => Step::More,
            Found::End => Step::End,
            Found::Unclosed => Step::Unclosed,
            Found::Foreign(foreign) => Step::Foreign(foreign),
        }
    }

    /// The decoder that found something last, and the bytes it reads.
    fn innermost<'a>(&'a self, buffer: &'a [u8]) -> (&'a Self, &'a [u8]) {
        let (mut decoder, mut bytes) = (self, buffer);
        while let Some(inner) = &decoder.inner {
            (decoder, bytes) = (&inner.decoder, &inner.document);
        }
        (decoder, bytes)
    }

    /// Where something lies in the object: at `start` of the buffer, or in the string it is wrapped in.
    fn offset_of(&self, start: usize) -> u64 {
        self.inner.as_ref().map_or(self.base + start as u64, |inner| inner.offset)
    }

    /// Notes where a reject is.
    fn located(&mut self, found: Found, buffer: &[u8]) -> Found {
        if let Found::Reject { span, fault, .. } = &found {
            let at = fault.map_or(span.start, |fault| fault.at);
            self.place = self.lines.place(buffer, self.base, at);
        }
        found
    }

    /// Finds what is next, in a document that was found in a string first.
    fn advance(&mut self, buffer: &[u8], last: bool) -> Found {
        loop {
            if let Some(inner) = &mut self.inner {
                match inner.decoder.advance(&inner.document, true) {
                    Found::End | Found::More => self.inner = None,
                    Found::Unclosed => return inner.cut_off(),
                    Found::Foreign(_) => {
                        let Some(otherwise) = inner.otherwise else {
                            return inner.no_json();
                        };
                        self.inner = None;
                        return Found::LookAlike(otherwise);
                    }
                    found => return found,
                }
            }
            if !self.started
                && let Some(found) = self.start(buffer, last)
            {
                return self.located(found, buffer);
            }
            let found = match self.history.take() {
                Some(history) => {
                    let found = self.row(&history, buffer, last);
                    self.history = Some(history);
                    found
                }
                None => self.element(buffer, last),
            };
            if let Some(found) = found {
                return self.located(found, buffer);
            }
        }
    }
}

fn error_at(scanner: &Scanner<'_>, kind: JsonErrorKind) -> JsonError {
    JsonError { at: scanner.position(), kind }
}
