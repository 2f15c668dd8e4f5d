//! The table `events`: its columns, and the way from an event to a row and to a `RecordBatch`.
//!
//! [`flatten`] turns an event into a [`Row`]; rows wait as [`PackedRows`] until their partition is closed; a
//! [`BatchBuilder`] makes Arrow batches of them in the order wanted. [`Restorer`] goes the other way, from a batch to the
//! events' JSON. No I/O, no clock.

mod builder;
pub mod column;
mod extra;
mod fill;
mod flatten;
mod identity;
mod key;
mod place;
mod restore;
mod row;
#[cfg(test)]
mod tests;
pub mod time;
mod values;

pub use builder::BatchBuilder;
pub use flatten::{WHOLE_EVENT, flatten};
pub use key::{EventKey, RowKeys};
pub use place::{RowPlace, RowPlaces};
pub use restore::{RestoreError, Restorer};
pub use row::{Cell, PackedRows, Resource, Row, SomeRows, SortKey, Unpacker};
