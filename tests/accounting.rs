//! What must hold of all that a decoder hands out, however broken the object: it lies in the object, in order and
//! without overlap, it is numbered, and nothing of weight lies between.
//!
//! The fuzz targets take this file in as well.

#![allow(unreachable_pub, reason = "the fuzz targets are crates of their own")]

use trailhouse::decode::{Decoder, Event, Foreign, LookAlike, Place, Reason, Step};

/// What a decoder found, without borrowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An event, and where it lies.
    Event { text: String, index: u64, offset: u64 },
    /// A reject, and where it lies.
    Reject { reason: Reason, place: Place, wrapped: bool, bytes: Vec<u8>, index: u64, offset: u64 },
    /// Something that is known to be no event.
    LookAlike(LookAlike),
    /// The object ends too early.
    Unclosed,
    /// The object is no JSON.
    Foreign(Foreign),
}

/// Decodes `object` as it would arrive in chunks of the sizes that `chunk` gives; looks at each event on the way.
pub fn decode_in_chunks(
    object: &[u8],
    mut chunk: impl FnMut() -> usize,
    mut look: impl FnMut(&Event<'_>),
) -> Vec<Found> {
    let mut decoder = Decoder::new();
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    let mut rest = object;
    loop {
        let (next, behind) = rest.split_at(chunk().clamp(1, rest.len().max(1)).min(rest.len()));
        buffer.extend_from_slice(next);
        rest = behind;
        loop {
            match decoder.step(&buffer, rest.is_empty()) {
                Step::Event(event) => {
                    look(&event);
                    let (index, offset) = (event.index, event.offset);
                    found.push(Found::Event { text: event.text().to_owned(), index, offset });
                }
                Step::Reject(reject) => found.push(Found::Reject {
                    reason: reject.reason,
                    place: reject.place,
                    wrapped: reject.wrapped,
                    bytes: reject.bytes.to_vec(),
                    index: reject.index,
                    offset: reject.offset,
                }),
                Step::LookAlike(kind) => found.push(Found::LookAlike(kind)),
                Step::More => break,
                last => {
                    match last {
                        Step::Unclosed => found.push(Found::Unclosed),
                        Step::Foreign(foreign) => found.push(Found::Foreign(foreign)),
                        _ => {}
                    }
                    let numbered =
                        |found: &&Found| matches!(found, Found::Event { .. } | Found::Reject { .. });
                    assert_eq!(decoder.count(), found.iter().filter(numbered).count() as u64);
                    return found;
                }
            }
        }
        assert!(!rest.is_empty(), "a decoder that has seen everything must not ask for more");
        let done = decoder.rebase(&buffer);
        buffer.drain(..done);
    }
}

/// Decodes `object` in one go; looks at each event on the way.
pub fn decode(object: &[u8], look: impl FnMut(&Event<'_>)) -> Vec<Found> {
    decode_in_chunks(object, || object.len(), look)
}

/// What adds up in one object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// Events.
    pub events: u64,
    /// Rejects.
    pub rejects: u64,
    /// What is known to be no event.
    pub look_alikes: u64,
    /// The object was not read: it does not start like JSON.
    pub foreign: bool,
    /// Bytes that are in no event and no reject, and are neither white space nor brackets, commas or colons: the
    /// names and values of what is around the events.
    pub unclaimed: usize,
}

/// Checks that what was found in `object` lies there, in order and without overlap, and adds it up.
pub fn account(object: &[u8], found: &[Found]) -> Account {
    let mut account = Account::default();
    let (mut end, mut last_wrapped) = (0, None);
    for found in found {
        let (index, offset, bytes, wrapped) = match found {
            Found::Event { text, index, offset } => {
                account.events += 1;
                (*index, *offset as usize, text.as_bytes(), None)
            }
            Found::Reject { bytes, index, offset, wrapped, .. } => {
                account.rejects += 1;
                assert!(!bytes.is_empty() || *wrapped, "a reject of nothing");
                (*index, *offset as usize, &bytes[..], Some(*wrapped))
            }
            Found::LookAlike(_) => {
                account.look_alikes += 1;
                continue;
            }
            Found::Unclosed => continue,
            Found::Foreign(_) => {
                account.foreign = true;
                continue;
            }
        };
        assert_eq!(index + 1, account.events + account.rejects, "numbers in a row");
        let lies_there = object.get(offset..offset + bytes.len()) == Some(bytes);
        if !wrapped.unwrap_or(!lies_there) {
            assert!(lies_there, "what is handed out lies in the object, at its offset");
            assert!(offset >= end, "{offset} lies before {end}, where the last one ended");
            account.unclaimed += weight(&object[end..offset]);
            end = offset + bytes.len();
            continue;
        }
        // What was in a string lies where the string begins, as does all else that was in it; a row of CSV is as it is.
        let begin = object.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(object).trim_ascii_start();
        let begin = begin.strip_prefix(b"\"").unwrap_or(begin);
        let is_csv = begin.starts_with(b"User name");
        assert!(is_csv || object.get(offset) == Some(&b'"'), "what is wrapped begins with its quote");
        assert!(offset >= end || last_wrapped == Some(offset), "{offset} lies before {end}");
        if last_wrapped != Some(offset) {
            account.unclaimed += weight(&object[end..offset]);
        }
        (end, last_wrapped) = (offset, Some(offset));
    }
    account.unclaimed += weight(&object[end..]);
    account
}

/// Bytes that are more than layout.
fn weight(between: &[u8]) -> usize {
    let between = between.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(between);
    between.iter().filter(|byte| !b" \t\r\n,:[]{}".contains(byte)).count()
}
