//! From the bytes of an inflated log object to events and rejects.
//!
//! A [`Decoder`] does no I/O. It is shown a buffer, hands out what it finds there one step at a time, and asks for
//! more when the buffer ends inside an event; the same code serves a whole file in memory and an endless stream.
//!
//! ```
//! use trailhouse::decode::{Decoder, Step};
//!
//! let object = br#"{"Records":[{"eventVersion":"1.08","eventName":"ListBuckets"},7]}"#;
//! let mut decoder = Decoder::new();
//! let mut names = Vec::new();
//! let mut rejects = 0;
//! loop {
//!     match decoder.step(object, true) {
//!         Step::Event(event) => names.push(event.get("eventName").unwrap().text().to_owned()),
//!         Step::Reject(_) => rejects += 1,
//!         Step::End => break,
//!         other => panic!("{other:?}"),
//!     }
//! }
//! assert_eq!((names, rejects), (vec![r#""ListBuckets""#.to_owned()], 1));
//! ```
//!
//! A stream is shown piece by piece; what has been handed out need not be kept.
//!
//! ```
//! use trailhouse::decode::{Decoder, Step};
//!
//! let pieces = [&br#"{"eventVersion":"1.08","eventName":"List"#[..], br#"Buckets"}{"some":"thing"}"#];
//! let (mut decoder, mut buffer, mut events) = (Decoder::new(), Vec::new(), 0);
//! for (number, piece) in pieces.iter().enumerate() {
//!     buffer.extend_from_slice(piece);
//!     let last = number + 1 == pieces.len();
//!     loop {
//!         match decoder.step(&buffer, last) {
//!             Step::Event(_) => events += 1,
//!             Step::Reject(reject) => assert_eq!(reject.bytes, br#"{"some":"thing"}"#),
//!             Step::More | Step::End => break,
//!             other => panic!("{other:?}"),
//!         }
//!     }
//!     let done = decoder.rebase(&buffer);
//!     buffer.drain(..done);
//! }
//! assert_eq!(events, 1);
//! ```

pub mod canonical;
mod envelope;
mod event;
mod history;
pub mod json;
mod lines;
mod log_line;
mod look_alike;
mod payload;
pub mod redact;
mod reject;
mod salvage;
mod shape;
#[cfg(test)]
mod tests;
pub mod value;

pub use envelope::{Decoder, Foreign, Step};
pub use event::Event;
pub use look_alike::LookAlike;
pub use reject::{Place, Reason, Reject};
