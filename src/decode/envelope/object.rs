//! One object: an event, what an event lies in, or neither; see [`crate::decode::shape`].

use super::{Decoder, Found, Inner, Level, RECORDS};
use crate::decode::event::FieldSpan;
use crate::decode::json::{JsonError, Scanner, Span};
use crate::decode::payload;
use crate::decode::reject::Reason;
use crate::decode::salvage;
use crate::decode::shape::{self, Shape};
use crate::decode::value::{Text, Value};

/// An event in a log line in a stream record in a message lies in three; more is a trick.
const MAX_DOCUMENT_DEPTH: usize = 6;

/// What [`Decoder::locate`] made of an object.
enum Located {
    /// It holds `Records`; the decoder now stands at the first of them.
    Entered,
    /// It was read to here.
    Whole(usize),
}

impl Decoder {
    /// An object at `start`: a wrapper to go into, or an element to be told apart.
    pub(super) fn object(&mut self, buffer: &[u8], start: usize, last: bool) -> Option<Found> {
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
        while let Some(member) = scanner.next_member()? {
            self.fields.push(FieldSpan::new(member, start));
        }
        Ok(Located::Whole(scanner.position()))
    }

    pub(super) fn enter(&mut self, position: usize) {
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
                let content =
                    Value::scanned(&text[string], false).as_string().unwrap_or(Text::scanned("", true));
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
        while let Ok(Some(member)) = scanner.next_member() {
            self.fields.push(FieldSpan::new(member, event.start));
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
