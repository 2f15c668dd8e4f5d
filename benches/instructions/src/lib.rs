//! The rooms of trailhouse that turn the bytes of log objects into those of data files. They are compiled from their own files:
//! linked as the crate, they would bring DataFusion with them.

// Not all of each room is used here.
#![allow(dead_code, missing_docs)]

#[path = "../../../src/decode/mod.rs"]
pub mod decode;
#[path = "../../../src/partition.rs"]
pub mod partition;
#[path = "../../../src/table/mod.rs"]
pub mod table;
#[path = "../../../src/write/mod.rs"]
pub mod write;
