//! What the fuzz targets share: the rooms of trailhouse that do no I/O, and what must hold of what they hand out.
//!
//! The rooms are compiled from their own files instead of being linked as the crate, which would bring DataFusion and
//! its six hundred crates with it. So all of this is built in a few minutes, and items that are private to
//! the crate need not be made public for the fuzzer's sake.

// A target uses a part of each room.
#![allow(dead_code)]

extern crate self as trailhouse;

#[path = "../../src/decode/mod.rs"]
pub mod decode;
pub mod json;
#[path = "../../src/partition.rs"]
pub mod partition;
pub mod source;
#[path = "../../src/table/mod.rs"]
pub mod table;

#[path = "../../tests/accounting.rs"]
pub mod accounting;
#[path = "../../tests/damage.rs"]
pub mod damage;
