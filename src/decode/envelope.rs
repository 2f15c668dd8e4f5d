//! Containers: where in an object the events lie.
//!
//! Known here: the `{"Records":[...]}` of a trail's log file, a bare array, single events, and any number of these
//! one after another with or without line breaks (JSON lines, values back to back). Decided by shape, never by
//! name. Commas between elements are not insisted on: a comma too many or too few loses no event.

use super::event::{Event, FieldSpan};
use super::json::{JsonError, Scanner, Span};
use super::reject::{Reason, Reject};

/// What the decoder found next.
#[derive(Debug)]
pub enum Step<'a> {
    /// An event.
    Event(Event<'a>),
    /// Something else where an event was due.
    Reject(Reject<'a>),
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
    /// The object around `"Records"`: further members may follow behind the array.
    Wrapper,
}

/// The pull decoder. See the [module](super).
#[derive(Debug, Default)]
pub struct Decoder {
    open: Vec<Level>,
    started: bool,
    /// The last thing handed out was broken JSON, so that missing brackets at the end have been reported.
    broken: bool,
    /// Where in the buffer the next step starts.
    position: usize,
    /// Bytes of the object that lie before the buffer.
    base: u64,
    index: u64,
    fields: Vec<FieldSpan>,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Decoder {
    /// At the start of an object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what has been handed out: the caller removes that many bytes from the front of its buffer.
    pub fn rebase(&mut self) -> usize {
        let done = std::mem::take(&mut self.position);
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
        if !self.started
            && let Some(step) = self.start(buffer, last)
        {
            return step;
        }
        loop {
            let mut scanner = Scanner::at(buffer, self.position);
            let Some(due) = scanner.peek() else {
                self.position = scanner.position();
                return match (last, self.open.is_empty() || self.broken) {
                    (false, _) => Step::More,
                    (true, true) => Step::End,
                    (true, false) => Step::Unclosed,
                };
            };
            let start = scanner.position();
            match (due, self.open.last()) {
                (b',', Some(_)) => self.position = start + 1,
                (b']', Some(Level::Array)) | (b'}', Some(Level::Wrapper)) => {
                    self.open.pop();
                    self.position = start + 1;
                }
                (b'"', Some(Level::Wrapper)) => match self.pass_member(&mut scanner, buffer) {
                    Ok(()) => {}
                    Err(error) => return self.broken(buffer, start, error, last),
                },
                (b'[', None) => {
                    self.open.push(Level::Array);
                    self.position = start + 1;
                }
                (b'{', _) => match self.object(buffer, start) {
                    Ok(Found::Wrapper) => {}
                    Ok(Found::Event(text)) => {
                        let event = Event::new(text, &self.fields, self.index, self.base + start as u64);
                        self.index += 1;
                        self.broken = false;
                        if event.is_cloudtrail() {
                            return Step::Event(event);
                        }
                        let reject = Reject {
                            reason: Reason::NotAnEvent,
                            fault: None,
                            index: event.index,
                            offset: event.offset,
                            bytes: text.as_bytes(),
                        };
                        return Step::Reject(reject);
                    }
                    Ok(Found::NotUtf8(span)) => return self.reject(buffer, span, Reason::NotUtf8, None),
                    Err(error) => return self.broken(buffer, start, error, last),
                },
                // A number at the very end of the buffer may go on in the next one.
                _ => match scanner.value() {
                    Ok(span) if span.end < buffer.len() || last => {
                        return self.reject(buffer, span, Reason::NotAnEvent, None);
                    }
                    Ok(_) => return Step::More,
                    Err(error) => return self.broken(buffer, start, error, last),
                },
            }
        }
    }

    /// The first bytes decide whether this is JSON at all.
    fn start(&mut self, buffer: &[u8], last: bool) -> Option<Step<'static>> {
        if buffer.starts_with(b"\xFF\xFE") || buffer.starts_with(b"\xFE\xFF") {
            return Some(Step::Foreign(Foreign::Utf16));
        }
        if !last && buffer.len() < BYTE_ORDER_MARK.len() {
            return Some(Step::More);
        }
        let skipped = if buffer.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        match Scanner::at(buffer, skipped).peek() {
            Some(b'{' | b'[') => {
                self.started = true;
                self.position = skipped;
                None
            }
            Some(_) => Some(Step::Foreign(Foreign::NotJson)),
            None => Some(if last { Step::End } else { Step::More }),
        }
    }

    /// Behind the `Records` array: steps over another member, or into another `Records`.
    fn pass_member(&mut self, scanner: &mut Scanner<'_>, buffer: &[u8]) -> Result<(), JsonError> {
        let key = scanner.member_name()?;
        if &buffer[key] == RECORDS && scanner.take(b'[') {
            self.open.push(Level::Array);
        } else {
            scanner.value()?;
        }
        self.position = scanner.position();
        Ok(())
    }

    /// An object at `start`: a wrapper to go into, or an event with its members located.
    fn object<'a>(&mut self, buffer: &'a [u8], start: usize) -> Result<Found<'a>, JsonError> {
        let mut scanner = Scanner::at(buffer, start + 1);
        if scanner.peek() == Some(b'"') {
            let key = scanner.member_name()?;
            // The usual case: nothing before `Records`, so that an array of any length is entered unread.
            if &buffer[key] == RECORDS && scanner.take(b'[') {
                self.enter(scanner.position());
                return Ok(Found::Wrapper);
            }
            scanner = Scanner::at(buffer, start + 1);
        }
        self.fields.clear();
        let mut records = None;
        while let Some((key, value)) = scanner.next_member()? {
            if &buffer[key.clone()] == RECORDS && buffer[value.start] == b'[' {
                records = Some(value.start + 1);
            }
            self.fields.push(FieldSpan::new(key, value, start));
        }
        if let Some(position) = records {
            self.enter(position);
            return Ok(Found::Wrapper);
        }
        self.position = scanner.position();
        Ok(match simdutf8::basic::from_utf8(&buffer[start..self.position]) {
            Ok(text) => Found::Event(text),
            Err(_) => Found::NotUtf8(start..self.position),
        })
    }

    fn enter(&mut self, position: usize) {
        self.open.extend([Level::Wrapper, Level::Array]);
        self.position = position;
    }

    /// The JSON breaks at `error`: everything from `start` to the next line that opens a value is one reject.
    fn broken<'a>(&mut self, buffer: &'a [u8], start: usize, error: JsonError, last: bool) -> Step<'a> {
        let mut line_end = error.at.saturating_sub(1).max(start);
        while let Some(found) = memchr::memchr(b'\n', &buffer[line_end..]) {
            line_end += found;
            if matches!(buffer.get(line_end + 1), Some(b'{' | b'[')) {
                return self.reject(buffer, start..line_end, error.kind.into(), Some(error));
            }
            line_end += 1;
        }
        if !last {
            self.position = start;
            return Step::More;
        }
        self.broken = true;
        self.reject(buffer, start..buffer.len(), error.kind.into(), Some(error))
    }

    fn reject<'a>(
        &mut self,
        buffer: &'a [u8],
        span: Span,
        reason: Reason,
        fault: Option<JsonError>,
    ) -> Step<'a> {
        let index = self.index;
        self.index += 1;
        self.position = span.end;
        let offset = self.base + span.start as u64;
        let fault = fault.map(|fault| JsonError { at: fault.at - span.start, ..fault });
        Step::Reject(Reject { reason, fault, index, offset, bytes: &buffer[span] })
    }
}

const RECORDS: &[u8] = b"Records";

/// What an object turned out to be.
enum Found<'a> {
    /// It holds `Records`; the decoder now stands at the first of them.
    Wrapper,
    Event(&'a str),
    NotUtf8(Span),
}
