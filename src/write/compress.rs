//! Compressing pages.
//!
//! The library makes a compressor, and a decompressor, for each column of each file. With a few hundred rows in a file, that takes
//! longer than all the compressing. Here one compressor for each thread does all of them.

use std::cell::RefCell;

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::Result;
use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use super::properties::ZSTD_LEVEL;

/// How the pages of a chunk are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// Not at all.
    Plain,
    /// [RFC 8878](https://www.rfc-editor.org/rfc/rfc8878)
    Zstd,
}

/// A compressor, and where it writes to.
struct Zstd {
    compressor: Compressor<'static>,
    buffer: Vec<u8>,
}

thread_local! {
    static ZSTD: RefCell<Option<Zstd>> = const { RefCell::new(None) };
}

/// A larger buffer is not kept: pages end at a megabyte, but for those of single values.
const KEPT_BYTES: usize = 2 << 20;

impl Codec {
    /// What the footer calls it.
    pub(super) fn name(self) -> Compression {
        match self {
            Self::Plain => Compression::UNCOMPRESSED,
            Self::Zstd => Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default()),
        }
    }

    /// # Errors
    /// If memory runs out.
    pub(super) fn compress(self, content: Vec<u8>) -> Result<Bytes> {
        if self == Self::Plain {
            return Ok(content.into());
        }
        ZSTD.with_borrow_mut(|zstd| {
            let Zstd { compressor, buffer } = match zstd {
                Some(zstd) => zstd,
                none => {
                    let compressor = Compressor::new(ZSTD_LEVEL)?;
                    none.insert(Zstd { compressor, buffer: Vec::new() })
                }
            };
            buffer.clear();
            buffer.reserve(compress_bound(content.len()));
            compressor.compress_to_buffer(&content, buffer)?;
            let compressed = Bytes::copy_from_slice(buffer);
            if buffer.capacity() > KEPT_BYTES {
                *buffer = Vec::new();
            }
            Ok(compressed)
        })
    }
}
