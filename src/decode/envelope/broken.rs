//! What the decoder makes of JSON that is broken, or that only seems whole: a reject up to where reading can go on.

use super::{Decoder, Found, Level, error_at};
use crate::decode::json::{JsonError, JsonErrorKind, Scanner, Span};
use crate::decode::log_line::{Prefix, timestamp_prefix};
use crate::decode::reject::Reason;
use crate::decode::salvage::{self, Boundary, Damage};
use crate::decode::shape::{self, Shape};

impl Decoder {
    /// The JSON breaks at `error`: everything from `start` to where the next event begins is one reject.
    pub(super) fn broken(&mut self, buffer: &[u8], start: usize, error: JsonError, last: bool) -> Found {
        if error.kind == JsonErrorKind::UnexpectedEnd && !last {
            self.position = start;
            return Found::More;
        }
        let own = salvage::opening_name(buffer, start);
        let opening = match own {
            _ if !self.opening.is_empty() => Some(self.opening.as_slice()),
            Some(name) => Some(&buffer[name]),
            None => None,
        };
        let budget = salvage::BUDGET_BYTES.saturating_sub(self.salvage_spent);
        let damage = Damage { start, opening, budget, last, lines: true };
        match salvage::next_boundary(buffer, damage) {
            Boundary::At { position, spent } => {
                self.salvage_spent += spent;
                self.damaged = true;
                self.position = position;
                reject_until(buffer, start, position, error)
            }
            Boundary::Unclear => {
                self.position = start;
                Found::More
            }
            Boundary::Nowhere => {
                let end = self.closing(buffer, start);
                self.damaged = true;
                self.position = end;
                Found::Reject { span: start..end, reason: error.kind.into(), fault: Some(error) }
            }
        }
    }

    /// Pieces of several things make one object at `span`: as broken as if it were no JSON.
    pub(super) fn merged(&mut self, buffer: &[u8], span: Span, last: bool) -> Found {
        let fault = JsonError { at: span.end, kind: JsonErrorKind::ExpectedCommaOrEnd };
        self.broken(buffer, span.start, fault, last)
    }

    /// Where the brackets begin that close all that is open, at the end of the buffer; its end if they are not there.
    fn closing(&self, buffer: &[u8], start: usize) -> usize {
        let mut rest = buffer;
        for level in &self.open {
            let bracket = if *level == Level::Array { b']' } else { b'}' };
            match rest.trim_ascii_end().split_last() {
                Some((last, before)) if *last == bracket && before.len() > start => rest = before,
                _ => return buffer.trim_ascii_end().len().max(start + 1),
            }
        }
        rest.trim_ascii_end().len().max(start + 1)
    }

    /// An event that lost the end of one of its own lists takes the events behind it for items of that list, and the
    /// brackets of the file for its own: `{..."resources":[{...}, EVENT, EVENT]}`. That is JSON; but what follows it is
    /// not what follows an element. Then it is broken, up to the first event in it.
    pub(super) fn swallowing(&mut self, buffer: &[u8], element: Span, last: bool) -> Option<Found> {
        let due = Scanner::at(buffer, element.end).peek();
        if self.open.last() != Some(&Level::Array) || matches!(due, Some(b',' | b']')) {
            return None;
        }
        let own = salvage::opening_name(buffer, element.start);
        let opening = if self.opening.is_empty() { &buffer[own?] } else { &self.opening };
        let damage =
            Damage { start: element.start, opening: Some(opening), budget: 0, last: true, lines: false };
        let Boundary::At { position, .. } = salvage::next_boundary(&buffer[..element.end], damage) else {
            return None;
        };
        let text = simdutf8::basic::from_utf8(&buffer[element.clone()]);
        // One that lost its name too looks like a wrapper of those it took.
        let took = |text| matches!(shape::classify(text, &self.fields), Shape::Event | Shape::List(_));
        if text.is_ok_and(|text| !took(text)) {
            return None;
        }
        if due.is_none() && !last {
            self.position = element.start;
            return Some(Found::More);
        }
        self.damaged = true;
        self.position = position;
        let fault = JsonError { at: position, kind: JsonErrorKind::ExpectedCommaOrEnd };
        Some(reject_until(buffer, element.start, position, fault))
    }

    /// Whether the bracket before `end` may have closed a wrapper: what is behind it is no event of a list, and nothing
    /// that only the inside of something could hold.
    pub(super) fn ends_as_wrapper(&self, buffer: &[u8], end: usize, last: bool) -> Result<(), JsonError> {
        let mut behind = Scanner::at(buffer, end);
        let nested = self.open.len() > 1;
        match behind.peek() {
            None if last => Ok(()),
            None => Err(error_at(&behind, JsonErrorKind::UnexpectedEnd)),
            Some(b'{') if !nested => match Scanner::at(buffer, behind.position() + 1).member_name() {
                Ok(name) if buffer[name.clone()] == self.opening => {
                    Err(error_at(&behind, JsonErrorKind::ExpectedValue))
                }
                Err(error) if error.kind == JsonErrorKind::UnexpectedEnd && !last => Err(error),
                _ => Ok(()),
            },
            Some(b'[') if !nested => Ok(()),
            Some(b'0'..=b'9') if !nested => match timestamp_prefix(&buffer[behind.position()..]) {
                Prefix::Length(_) => Ok(()),
                Prefix::Cut if !last => Err(error_at(&behind, JsonErrorKind::UnexpectedEnd)),
                Prefix::Cut | Prefix::None => Err(error_at(&behind, JsonErrorKind::ExpectedValue)),
            },
            Some(b',' | b']' | b'{' | b'[') if nested => Ok(()),
            Some(_) => Err(error_at(&behind, JsonErrorKind::ExpectedValue)),
        }
    }
}

/// A reject from `start` to just before `boundary`, without the separator between.
pub(super) fn reject_until(buffer: &[u8], start: usize, boundary: usize, fault: JsonError) -> Found {
    let mut kept = buffer[start..boundary].trim_ascii_end();
    if let Some((b',', before)) = kept.split_last()
        && !before.is_empty()
    {
        kept = before.trim_ascii_end();
    }
    // What is broken is at least one byte long.
    let span = start..start + kept.len().max(1);
    let reason = match fault.kind {
        // The end was reached inside what was broken long before.
        JsonErrorKind::UnexpectedEnd => Reason::NotJson,
        kind => kind.into(),
    };
    Found::Reject { span, reason, fault: Some(fault) }
}
