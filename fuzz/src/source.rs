//! The parts of `source` that are under test. The rest of the room asks stores and disks.

#[path = "../../src/source/inflate.rs"]
mod inflate;
#[path = "../../src/source/log_key.rs"]
pub mod log_key;

use std::io::{self, Cursor, Read, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Whether bytes start like gzip.
pub fn is_gzip(bytes: &[u8]) -> bool {
    inflate::Compression::of(bytes) == Some(inflate::Compression::Gzip)
}

/// Whether bytes start like anything that is inflated.
pub fn is_compressed(bytes: &[u8]) -> bool {
    inflate::Compression::of(bytes).is_some()
}

/// [`inflate::inflate_whole`]
pub fn inflate_whole(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    inflate::inflate_whole(bytes, out)
}

/// Reads a few bytes at a time.
struct Dripping {
    bytes: Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let step = buffer.len().min(self.step);
        self.bytes.read(&mut buffer[..step])
    }
}

/// What an object gives that arrives `step` bytes at a time, and whether it was sound to its end.
pub fn stream(bytes: &[u8], step: usize) -> (Vec<u8>, bool) {
    let raw = Dripping { bytes: Cursor::new(bytes.to_vec()), step };
    let mut out = Vec::new();
    let Ok(mut inflater) = inflate::Inflater::new(Box::new(raw)) else {
        return (out, false);
    };
    loop {
        match inflater.read_piece(&mut out) {
            Ok(true) => return (out, true),
            Ok(false) => {}
            Err(_) => return (out, false),
        }
    }
}

/// One gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}
