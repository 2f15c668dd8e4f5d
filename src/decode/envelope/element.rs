//! One element after another: brackets, separators, lines of a log, and what is neither.

use super::{Decoder, Found, Level, RECORDS, error_at};
use crate::decode::json::{JsonError, JsonErrorKind, Scanner, Span};
use crate::decode::log_line::{Prefix, timestamp_prefix};
use crate::decode::look_alike::LookAlike;
use crate::decode::reject::Reason;
use crate::decode::shape;

/// Lists in lists that are gone into; what lies deeper is a value.
const MAX_LEVELS: usize = 16;

impl Decoder {
    /// Steps over one element, bracket or separator. `None` if there was nothing to hand out.
    pub(super) fn element(&mut self, buffer: &[u8], last: bool) -> Option<Found> {
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

    pub(super) fn take(&mut self, span: Span, reason: Reason) -> Found {
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
}
