//! Containers: where in an object the events lie.
//!
//! The `{"Records":[...]}` of a trail's log file, a bare array, single events, and any number of these one after
//! another with or without line breaks (JSON lines, values back to back); lists under other names; the messages,
//! log lines and stream records that events travel in, within one another ([`crate::decode::shape`]); CloudWatch's exports,
//! in which a time precedes each event. Decided by shape, never by name. Commas between elements are not insisted
//! on: a comma too many or too few loses no event.

mod broken;

use broken::reject_until;

use crate::decode::event::{Event, FieldSpan};
use crate::decode::history::{self, History, Row};
use crate::decode::json::{JsonError, JsonErrorKind, Scanner, Span};
use crate::decode::lines::LineCount;
use crate::decode::log_line::{Prefix, timestamp_prefix};
use crate::decode::look_alike::LookAlike;
use crate::decode::payload;
use crate::decode::reject::{Place, Reason, Reject};
use crate::decode::salvage::{self, Boundary, Damage};
use crate::decode::shape::{self, Shape};
use crate::decode::value::{Text, Value};

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

/// An event in a log line in a stream record in a message lies in three; more is a trick.
const MAX_DOCUMENT_DEPTH: usize = 6;

/// Lists in lists that are gone into; what lies deeper is a value.
const MAX_LEVELS: usize = 16;

/// Garbage before the first event may be this long.
const MAX_GARBAGE_BYTES: usize = 64 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

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

    /// The first bytes decide whether this is JSON at all.
    fn start(&mut self, buffer: &[u8], last: bool) -> Option<Found> {
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
    fn row(&mut self, history: &History, buffer: &[u8], last: bool) -> Option<Found> {
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

    /// Steps over one element, bracket or separator. `None` if there was nothing to hand out.
    fn element(&mut self, buffer: &[u8], last: bool) -> Option<Found> {
        let mut scanner = Scanner::at(buffer, self.position);
        let Some(due) = scanner.peek() else {
            self.position = scanner.position();
            return Some(match (last, self.open.is_empty() || self.damaged) {
                (false, _) => Found::More,
                (true, true) => Found::End,
                (true, false) => Found::Unclosed,
            });
        };
        let start = scanner.position();
        match (due, self.open.last().copied()) {
            (b',', Some(_)) => self.position = start + 1,
            (b']' | b'}', _) if self.close(due) => self.position = start + 1,
            // Behind something broken, brackets may be left over.
            (b',' | b']' | b'}', _) if self.damaged => self.position = start + 1,
            // Where something was broken, they may as well be the rest of an event: then they are a reject.
            (b'"', Some(Level::Wrapper)) if !self.damaged => {
                if let Err(error) = self.pass_members(&mut scanner, buffer, last) {
                    return Some(self.broken(buffer, start, error, last));
                }
            }
            (b'[', _) if self.open.len() < MAX_LEVELS => {
                self.open.push(Level::Array);
                self.position = start + 1;
            }
            (b'{', _) => return self.object(buffer, start, last),
            (b'0'..=b'9', None) if let Prefix::Length(length) = timestamp_prefix(&buffer[start..]) => {
                return self.log_line(buffer, start + length, last);
            }
            (b'0'..=b'9', None) if !last && timestamp_prefix(&buffer[start..]) == Prefix::Cut => {
                return Some(Found::More);
            }
            _ => return Some(self.stray(buffer, start, &mut scanner, last)),
        }
        None
    }

    /// Behind a time at the start of a line: steps over a line that is about something else. A line that might have
    /// been an event is read as one.
    fn log_line(&mut self, buffer: &[u8], start: usize, last: bool) -> Option<Found> {
        let rest = &buffer[start..];
        if rest.iter().find(|byte| **byte != b' ').is_some_and(|first| matches!(first, b'{' | b'[')) {
            self.position = start;
            return None;
        }
        let Some(length) = memchr::memchr(b'\n', rest).or(last.then_some(rest.len())) else {
            return Some(Found::More);
        };
        self.position = start;
        if memchr::memmem::find(&rest[..length], b"\"event").is_none() {
            self.position += length;
            return Some(Found::LookAlike(LookAlike::LogLine));
        }
        None
    }

    /// Closes the level that `bracket` belongs to, with those above it that were left open.
    fn close(&mut self, bracket: u8) -> bool {
        let level = if bracket == b']' { Level::Array } else { Level::Wrapper };
        let found = self.open.iter().rposition(|open| *open == level);
        if let Some(found) = found {
            self.open.truncate(found);
        }
        found.is_some()
    }

    /// A string, a number or a literal where an event was due.
    fn stray(&mut self, buffer: &[u8], start: usize, scanner: &mut Scanner<'_>, last: bool) -> Found {
        match scanner.value() {
            Ok(span) => match scanner.peek() {
                None if !last => Found::More,
                // What stands between separators is whole; else it is the wreck of something.
                None | Some(b',' | b']' | b'}') => self.take(span, Reason::NotAnEvent),
                Some(b'\n' | b'{' | b'[') if self.open.is_empty() => self.take(span, Reason::NotAnEvent),
                Some(_) => {
                    let error = JsonError { at: scanner.position(), kind: JsonErrorKind::ExpectedCommaOrEnd };
                    self.broken(buffer, start, error, last)
                }
            },
            Err(error) => self.broken(buffer, start, error, last),
        }
    }

    fn take(&mut self, span: Span, reason: Reason) -> Found {
        self.position = span.end;
        Found::Reject { span, reason, fault: None }
    }

    /// Behind a list: steps over the other members of the wrapper to its end, or into another `Records`.
    ///
    /// They may be the rest of an event that lost its middle, and with it the bracket that would tell (`..."}],"eventID":`):
    /// so they are the wrapper's only if, behind them, it ends as a wrapper does.
    fn pass_members<'b>(
        &mut self,
        scanner: &mut Scanner<'b>,
        buffer: &'b [u8],
        last: bool,
    ) -> Result<(), JsonError> {
        loop {
            let key = scanner.member_name()?;
            if &buffer[key] == RECORDS && scanner.take(b'[') {
                self.open.push(Level::Array);
                break;
            }
            let value = scanner.value()?;
            if buffer[value.start] == b'[' && shape::holds_promising(buffer, value.start + 1) {
                self.open.push(Level::Array);
                *scanner = Scanner::at(buffer, value.start + 1);
                break;
            }
            while scanner.take(b',') {}
            match scanner.peek() {
                Some(b'"') => {}
                Some(b'}') => {
                    self.ends_as_wrapper(buffer, scanner.position() + 1, last)?;
                    break;
                }
                Some(_) => return Err(error_at(scanner, JsonErrorKind::ExpectedCommaOrEnd)),
                None => return Err(error_at(scanner, JsonErrorKind::UnexpectedEnd)),
            }
        }
        self.position = scanner.position();
        Ok(())
    }

    /// An object at `start`: a wrapper to go into, or an element to be told apart.
    fn object(&mut self, buffer: &[u8], start: usize, last: bool) -> Option<Found> {
        match self.locate(buffer, start) {
            Ok(Located::Entered) => None,
            Ok(Located::Whole(end)) => {
                if let Some(found) = self.swallowing(buffer, start..end, last) {
                    return Some(found);
                }
                self.position = end;
                match simdutf8::basic::from_utf8(&buffer[start..end]) {
                    Ok(text) => self.whole(buffer, text, start, last),
                    Err(_) => self.not_utf8(buffer, start..end, last),
                }
            }
            Err(error) => Some(self.broken(buffer, start, error, last)),
        }
    }

    /// Locates the members of the object at `start`, or goes into its list of `Records`.
    fn locate(&mut self, buffer: &[u8], start: usize) -> Result<Located, JsonError> {
        let mut scanner = Scanner::at(buffer, start + 1);
        if scanner.peek() == Some(b'"') {
            let key = scanner.member_name()?;
            // The usual case: nothing before `Records`, so that an array of any length is entered unread.
            if &buffer[key] == RECORDS && scanner.take(b'[') {
                self.enter(scanner.position());
                return Ok(Located::Entered);
            }
            scanner = Scanner::at(buffer, start + 1);
        }
        self.fields.clear();
        while let Some((key, value)) = scanner.next_member()? {
            self.fields.push(FieldSpan::new(key, value, start));
        }
        Ok(Located::Whole(scanner.position()))
    }

    fn enter(&mut self, position: usize) {
        self.open.extend([Level::Wrapper, Level::Array]);
        self.position = position;
    }

    /// What the object `text`, which lies at `start` of the buffer, is.
    fn whole(&mut self, buffer: &[u8], text: &str, start: usize, last: bool) -> Option<Found> {
        let span = start..start + text.len();
        match shape::classify(text, &self.fields) {
            Shape::Event => {
                self.remember_opening(text.as_bytes());
                Some(Found::Event(span))
            }
            Shape::EventInside(inside) => {
                self.remember_opening(text.as_bytes());
                Some(self.inside(text.as_bytes(), start, inside))
            }
            Shape::Merged => Some(self.merged(buffer, span, last)),
            Shape::List(first) => {
                self.enter(start + first);
                None
            }
            Shape::Wrapped { string, encoding, otherwise } => {
                self.remember_opening(text.as_bytes());
                let offset = self.base + (start + string.start) as u64;
                let content = Value::scanned(&text[string]).as_string().unwrap_or(Text::scanned(""));
                match payload::unwrap(content, encoding) {
                    Some(document) if document.trim_ascii().is_empty() && otherwise.is_some() => {
                        otherwise.map(Found::LookAlike)
                    }
                    Some(document) if self.depth < MAX_DOCUMENT_DEPTH => {
                        let decoder = Self { depth: self.depth + 1, ..Self::default() };
                        self.inner = Some(Box::new(Inner { document, decoder, offset, otherwise }));
                        None
                    }
                    _ => Some(self.take(span, Reason::BadPayload)),
                }
            }
            Shape::LookAlike(kind) => Some(Found::LookAlike(kind)),
            Shape::Unsupported => Some(self.take(span, Reason::Unsupported)),
            Shape::Unknown => Some(self.take(span, Reason::NotAnEvent)),
        }
    }

    /// What the object at `span` is, which is not UTF-8 throughout.
    fn not_utf8(&mut self, buffer: &[u8], span: Span, last: bool) -> Option<Found> {
        let object = &buffer[span.clone()];
        match shape::delivered(object, &self.fields) {
            Some(Shape::EventInside(event)) => return Some(self.inside(object, span.start, event)),
            Some(_) => return Some(self.merged(buffer, span, last)),
            None => {}
        }
        match shape::promising_list(object, &self.fields) {
            Some(first) => {
                self.enter(span.start + first);
                None
            }
            None => Some(self.take(span, Reason::NotUtf8)),
        }
    }

    /// The event at `event` of the object that lies at `start` of the buffer.
    fn inside(&mut self, object: &[u8], start: usize, event: Span) -> Found {
        self.fields.clear();
        let mut scanner = Scanner::at(object, event.start + 1);
        while let Ok(Some((key, value))) = scanner.next_member() {
            self.fields.push(FieldSpan::new(key, value, event.start));
        }
        Found::Event(start + event.start..start + event.end)
    }

    /// By what member the elements here open, to know the next one by if this or that is broken.
    fn remember_opening(&mut self, object: &[u8]) {
        if let Some(name) = salvage::opening_name(object, 0)
            && self.opening != object[name.clone()]
        {
            self.opening = object[name].to_vec();
        }
    }
}

fn error_at(scanner: &Scanner<'_>, kind: JsonErrorKind) -> JsonError {
    JsonError { at: scanner.position(), kind }
}

/// What [`Decoder::locate`] made of an object.
enum Located {
    /// It holds `Records`; the decoder now stands at the first of them.
    Entered,
    /// It was read to here.
    Whole(usize),
}
