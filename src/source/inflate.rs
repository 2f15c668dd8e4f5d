//! Compression, told by magic bytes: names lie in both directions.
//!
//! A gzip object that is whole in memory is inflated in one go by libdeflate, several times faster than streaming.
//! Everything else is streamed: large objects, zstd and bzip2, several members in a row, broken streams (of which the
//! part before the break can still be had).

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use libdeflater::Decompressor;
use zstd::stream::read::Decoder as ZstdDecoder;

/// Larger objects are streamed: AWS ends log files at 50 MB inflated.
const MAX_WHOLE_BYTES: usize = 64 << 20;

/// Inflated bytes are handed out in pieces of this size where an object is streamed.
const PIECE_BYTES: usize = 4 << 20;

/// So many bytes tell how a stream is compressed.
const LONGEST_MAGIC: usize = 4;

/// How a stream of bytes is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)
    Gzip,
    /// [RFC 8878](https://www.rfc-editor.org/rfc/rfc8878)
    Zstd,
    /// <https://sourceware.org/bzip2/>
    Bzip2,
}

impl Compression {
    /// What `bytes` begin like.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        const MAGIC: [(&[u8], Compression); 3] = [
            (b"\x1f\x8b\x08", Compression::Gzip),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
            (b"BZh", Compression::Bzip2),
        ];
        MAGIC.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, compression)| compression)
    }
}

/// Inflates a whole gzip object in memory, appending to `out`. `false`, with `out` as it was, if it is not one sound
/// member of moderate size: then it wants streaming.
pub(super) fn inflate_whole(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    // The last four bytes of a member are its inflated size. The fast path does not say how much input it used,
    // so anything that looks like a further member goes the slow way.
    let Some(size) = bytes.last_chunk::<4>().map(|size| u32::from_le_bytes(*size) as usize) else {
        return false;
    };
    let several = memchr::memmem::find(&bytes[1..], b"\x1f\x8b\x08").is_some();
    if several || size > MAX_WHOLE_BYTES {
        return false;
    }
    let start = out.len();
    out.resize(start + size, 0);
    let sound = Decompressor::new().gzip_decompress(bytes, &mut out[start..]) == Ok(size);
    if !sound {
        out.truncate(start);
    }
    sound
}

/// An object's inflated bytes, piece by piece.
pub(super) struct Inflater {
    state: State,
}

enum State {
    Plain(Raw),
    Member(Member),
    Done,
}

/// One compressed stream; several may follow one another.
enum Member {
    Gzip(Box<GzDecoder<Raw>>),
    Zstd(Box<ZstdDecoder<'static, Raw>>),
    Bzip2(Box<BzDecoder<Raw>>),
}

impl Member {
    fn new(compression: Compression, raw: Raw) -> io::Result<Self> {
        Ok(match compression {
            Compression::Gzip => Self::Gzip(Box::new(GzDecoder::new(raw))),
            Compression::Zstd => Self::Zstd(Box::new(ZstdDecoder::with_buffer(raw)?.single_frame())),
            Compression::Bzip2 => Self::Bzip2(Box::new(BzDecoder::new(raw))),
        })
    }

    fn into_raw(self) -> Raw {
        match self {
            Self::Gzip(member) => member.into_inner(),
            Self::Zstd(member) => member.finish(),
            Self::Bzip2(member) => member.into_inner(),
        }
    }
}

impl Read for Member {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(member) => member.read(buffer),
            Self::Zstd(member) => member.read(buffer),
            Self::Bzip2(member) => member.read(buffer),
        }
    }
}

/// The bytes as stored. A pipe may hand them over one by one, and a buffer may end anywhere: so looking ahead means to
/// read as many bytes as are looked at, and to keep them.
struct Raw {
    /// Looked at, and not consumed yet.
    ahead: Vec<u8>,
    rest: BufReader<Box<dyn Read + Send>>,
}

impl Raw {
    /// What comes next begins like.
    fn compression(&mut self) -> io::Result<Option<Compression>> {
        let missing = LONGEST_MAGIC.saturating_sub(self.ahead.len()) as u64;
        self.rest.by_ref().take(missing).read_to_end(&mut self.ahead)?;
        Ok(Compression::of(&self.ahead))
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Raw {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.ahead.is_empty() { self.rest.fill_buf() } else { Ok(&self.ahead) }
    }

    fn consume(&mut self, amount: usize) {
        if self.ahead.is_empty() {
            self.rest.consume(amount);
        } else {
            self.ahead.drain(..amount);
        }
    }
}

impl Inflater {
    /// Looks at the first bytes of `raw` to tell how it is compressed.
    pub(super) fn new(raw: Box<dyn Read + Send>) -> io::Result<Self> {
        let mut raw = Raw { ahead: Vec::new(), rest: BufReader::with_capacity(256 << 10, raw) };
        let state = match raw.compression()? {
            Some(compression) => State::Member(Member::new(compression, raw)?),
            None => State::Plain(raw),
        };
        Ok(Self { state })
    }

    /// Appends the next piece to `out`; `true` at the end. What could be inflated before an error has been
    /// appended.
    pub(super) fn read_piece(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let wanted = out.len() + PIECE_BYTES;
        while out.len() < wanted {
            let missing = (wanted - out.len()) as u64;
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Ok(true),
                State::Plain(mut raw) => {
                    if raw.by_ref().take(missing).read_to_end(out)? > 0 {
                        self.state = State::Plain(raw);
                    }
                }
                State::Member(mut member) => {
                    if member.by_ref().take(missing).read_to_end(out)? > 0 {
                        self.state = State::Member(member);
                        continue;
                    }
                    // Firehose and `cat` leave several members in a row; padding behind the last one is ignored.
                    let mut raw = member.into_raw();
                    if let Some(compression) = raw.compression()? {
                        self.state = State::Member(Member::new(compression, raw)?);
                    }
                }
            }
        }
        Ok(false)
    }
}
