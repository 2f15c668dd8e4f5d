//! Where the next event begins when the JSON around it is broken.
//!
//! A byte that is wrong, missing or too many must cost the event it lies in and no other. So behind a fault the next
//! place is looked for at which an event begins, whatever brackets and quotes around it have come to mean:
//!
//! * where an object opens with the same member as the events before it: files are written by one program, which
//!   has its own order;
//! * where an object can be read to its end and is an event, or wraps one;
//! * where a line begins with a bracket, or a time as CloudWatch puts it before each event.
//!
//! An object that is a member's value is none of these, however much it looks like one, so that nothing is made an
//! event that was part of another. Only EventBridge puts events there: in `detail`, behind other members than events
//! have.

use super::json::{JsonErrorKind, Scanner, Span};
use super::log_line::{Prefix, timestamp_prefix};
use super::shape::{is_event, is_promising};

/// Bytes that may be read in vain per object, so that hostile input cannot make salvage take for ever.
pub(super) const BUDGET_BYTES: usize = 64 << 20;

/// What was broken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Damage<'a> {
    /// Where the broken element begins.
    pub(super) start: usize,
    /// The name of the member by which events open here, if one is known.
    pub(super) opening: Option<&'a [u8]>,
    /// What is left of [`BUDGET_BYTES`].
    pub(super) budget: usize,
    /// Nothing follows the buffer.
    pub(super) last: bool,
    /// Whether a line that begins with a bracket is a boundary.
    pub(super) lines: bool,
}

/// Where reading can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boundary {
    /// Here, having read this many bytes in vain.
    At { position: usize, spent: usize },
    /// To be told when more bytes have come.
    Unclear,
    /// Nowhere.
    Nowhere,
}

/// The next place behind `damage` where an event begins.
pub(super) fn next_boundary(buffer: &[u8], damage: Damage<'_>) -> Boundary {
    let mut spent = 0;
    let mut from = damage.start + 1;
    while let Some(found) = memchr::memchr2(b'{', b'\n', buffer.get(from..).unwrap_or_default()) {
        let position = from + found;
        from = position + 1;
        let verdict = match buffer[position] {
            b'\n' if damage.lines => begins_line(buffer, from, damage),
            b'\n' => Verdict::No,
            _ => opens_event(buffer, position, damage, &mut spent),
        };
        match verdict {
            Verdict::Yes(position) => return Boundary::At { position, spent },
            Verdict::Unclear if !damage.last => return Boundary::Unclear,
            Verdict::Unclear | Verdict::No => {}
        }
    }
    if damage.last { Boundary::Nowhere } else { Boundary::Unclear }
}

/// Whether a place is a boundary.
enum Verdict {
    /// Here.
    Yes(usize),
    No,
    /// The buffer ends too early to tell.
    Unclear,
}

/// Whether an element begins with the line at `position`.
fn begins_line(buffer: &[u8], position: usize, damage: Damage<'_>) -> Verdict {
    match (buffer.get(position), timestamp_prefix(&buffer[position..])) {
        (None, _) | (_, Prefix::Cut) => Verdict::Unclear,
        (_, Prefix::Length(_)) => Verdict::Yes(position),
        (Some(b'{' | b'['), _) => may_be_element(buffer, position, damage),
        _ => Verdict::No,
    }
}

/// Whether an event opens with the bracket at `position`.
fn opens_event(buffer: &[u8], position: usize, damage: Damage<'_>, spent: &mut usize) -> Verdict {
    match may_be_element(buffer, position, damage) {
        Verdict::Yes(_) => {}
        Verdict::No if in_envelope(&buffer[damage.start..position]) => {
            return holds(buffer, position, damage, spent, is_event);
        }
        other => return other,
    }
    match opening(buffer, position) {
        Opening::Name(name) if damage.opening == Some(&buffer[name.clone()]) => {
            return Verdict::Yes(position);
        }
        Opening::Name(_) => {}
        Opening::Cut => return Verdict::Unclear,
        Opening::None => return Verdict::No,
    }
    holds(buffer, position, damage, spent, is_promising)
}

/// Whether the object at `position` is whole, and what `wanted` says of it.
fn holds(
    buffer: &[u8],
    position: usize,
    damage: Damage<'_>,
    spent: &mut usize,
    wanted: fn(&str) -> bool,
) -> Verdict {
    if *spent >= damage.budget {
        return Verdict::No;
    }
    match Scanner::at(buffer, position).value() {
        Ok(span) if std::str::from_utf8(&buffer[span.clone()]).is_ok_and(wanted) => Verdict::Yes(position),
        Ok(span) => {
            *spent += span.len();
            Verdict::No
        }
        Err(error) if error.kind == JsonErrorKind::UnexpectedEnd => Verdict::Unclear,
        Err(error) => {
            *spent += error.at - position;
            Verdict::No
        }
    }
}

/// Whether a member's value that follows `broken` lies in the envelope of EventBridge, and not in an event.
///
/// Its name says so, or the members before it: those of the envelope are near, and no event has one of them.
fn in_envelope(broken: &[u8]) -> bool {
    const NEAR: usize = 4096;
    let near = &broken[broken.len().saturating_sub(NEAR)..];
    let name = near.trim_ascii_end().strip_suffix(b":").unwrap_or(near).trim_ascii_end();
    if name.ends_with(b"\"detail\"") {
        return true;
    }
    let own = match memchr::memmem::rfind(near, b"\"event") {
        Some(event) => &near[event..],
        None if near.len() == broken.len() && near.starts_with(b"{") => return true,
        None => near,
    };
    memchr::memmem::find(own, b"\"detail-type\"").is_some()
}

/// Whether the bracket at `position` may open an element, and not just a member's value.
///
/// A colon before it speaks against it, unless the colon stands where an element was due, or behind `Records`. But the
/// colon itself may be the damage: then what is before it is no name, and behind the object no member follows.
fn may_be_element(buffer: &[u8], position: usize, damage: Damage<'_>) -> Verdict {
    let Some(before) = buffer[..position].trim_ascii_end().strip_suffix(b":") else {
        return Verdict::Yes(position);
    };
    let name = before.trim_ascii_end();
    let name = name.strip_suffix(b":").unwrap_or(name);
    if before.len() <= damage.start || name.ends_with(b"\"Records\"") {
        return Verdict::Yes(position);
    }
    if is_name(name) { Verdict::No } else { ends_as_element(buffer, position, damage.last) }
}

/// Whether `before` ends with a member's name: a string that does not follow a colon itself, as a value would.
fn is_name(before: &[u8]) -> bool {
    let Some(mut rest) = before.strip_suffix(b"\"") else {
        return false;
    };
    while let Some(quote) = memchr::memrchr(b'"', rest) {
        rest = &rest[..quote];
        let escapes = rest.iter().rev().take_while(|byte| **byte == b'\\').count();
        if escapes % 2 == 0 {
            return !rest.trim_ascii_end().ends_with(b":");
        }
    }
    true
}

/// Whether the value at `position` is whole, and what is behind it is not the rest of an object.
fn ends_as_element(buffer: &[u8], position: usize, last: bool) -> Verdict {
    let mut scanner = Scanner::at(buffer, position);
    match scanner.value() {
        Ok(_) => {}
        Err(error) if error.kind == JsonErrorKind::UnexpectedEnd => return Verdict::Unclear,
        Err(_) => return Verdict::No,
    }
    scanner.take(b',');
    match scanner.peek() {
        Some(b'"' | b'}') => Verdict::No,
        None if !last => Verdict::Unclear,
        _ => Verdict::Yes(position),
    }
}

enum Opening {
    /// The name of the first member.
    Name(Span),
    /// The buffer ends before it.
    Cut,
    None,
}

/// How the object at `position` opens.
fn opening(buffer: &[u8], position: usize) -> Opening {
    let mut scanner = Scanner::at(buffer, position + 1);
    match scanner.peek() {
        Some(b'"') => match scanner.member_name() {
            Ok(name) => Opening::Name(name),
            Err(error) if error.kind == JsonErrorKind::UnexpectedEnd => Opening::Cut,
            Err(_) => Opening::None,
        },
        Some(_) => Opening::None,
        None => Opening::Cut,
    }
}

/// The name of the first member of the object at `position`, if it can be read.
pub(super) fn opening_name(buffer: &[u8], position: usize) -> Option<Span> {
    match buffer.get(position) {
        Some(b'{') => match opening(buffer, position) {
            Opening::Name(name) => Some(name),
            Opening::Cut | Opening::None => None,
        },
        _ => None,
    }
}
