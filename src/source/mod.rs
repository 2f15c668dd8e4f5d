//! Log objects: finding them and reading their bytes, inflated.

mod inflate;
mod listing;
mod location;
pub mod log_key;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use bytesize::ByteSize;
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt as _};
use tokio_util::io::{StreamReader, SyncIoBridge};

use inflate::{Compression, Inflater};
pub use listing::{Objects, list};
pub use location::Location;
use location::StoredLocation;

use crate::store::{self, root_cause};

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be used.
    #[error(transparent)]
    Address(#[from] store::Error),
    /// The place does not exist, or may not be looked at.
    #[error("cannot read {location}: {source}")]
    Unreachable {
        /// As typed.
        location: String,
        /// What the system said.
        source: io::Error,
    },
    /// The path cannot be named in a store.
    #[error("cannot use the path {location}: {source}")]
    BadPath {
        /// As typed.
        location: String,
        /// What is wrong with it.
        source: object_store::path::Error,
    },
    /// A malformed glob.
    #[error("malformed pattern {location}: {source}")]
    BadPattern {
        /// As typed.
        location: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// A store refused an object.
    #[error("cannot read {object}: {}", root_cause(source))]
    Store {
        /// The object or directory.
        object: String,
        /// What the store said.
        source: object_store::Error,
    },
    /// An object inflates to more than is allowed: a wrong file, or a trap.
    #[error("{object} inflates to more than {limit}; if it is no trap, allow more with --max-object-size")]
    TooLarge {
        /// The object.
        object: String,
        /// What is allowed.
        limit: ByteSize,
    },
    /// An object broke off or is damaged.
    #[error("cannot read {object} beyond its inflated byte {offset}: {source}")]
    Broken {
        /// The object.
        object: String,
        /// How many bytes could be inflated.
        offset: u64,
        /// What the decompressor or the disk said.
        source: io::Error,
    },
}

/// One log object: a file, an S3 object, standard input.
#[derive(Debug, Clone)]
pub struct LogObject {
    /// Path or URL, by which rows and messages refer to it.
    pub name: String,
    /// Bytes as stored, usually compressed. 0 for standard input.
    pub size: u64,
    /// When it was last written.
    pub modified: DateTime<Utc>,
    /// What the store calls its content. `None` for files on a local disk, whose time says enough.
    pub e_tag: Option<String>,
    /// The user named this very object, in place of a directory or pattern it was found by.
    pub named: bool,
    place: Option<(Arc<dyn ObjectStore>, Path)>,
}

impl LogObject {
    fn stored(location: &StoredLocation, meta: ObjectMeta) -> Self {
        let address = &location.address;
        Self {
            name: address.name_of(&meta.location),
            size: meta.size,
            modified: meta.last_modified,
            e_tag: meta.e_tag.filter(|_| address.directory().is_none()),
            named: false,
            place: Some((address.store().clone(), meta.location)),
        }
    }

    /// Whether it must be fetched over a network.
    pub fn is_remote(&self) -> bool {
        !self.is_stream() && !self.name.starts_with('/')
    }

    /// Whether it can be read but once, and never be found again.
    pub fn is_stream(&self) -> bool {
        self.place.is_none()
    }

    /// Standard input has no identity: the moment stands in for one, so that no two streams are taken for the same.
    #[expect(clippy::disallowed_methods, reason = "there is nothing else to tell two streams apart by")]
    fn stdin() -> Self {
        let now = std::time::SystemTime::now();
        Self { name: "-".to_owned(), size: 0, modified: now.into(), e_tag: None, named: true, place: None }
    }
}

/// Objects up to this size are fetched whole; AWS's own are 50 MB inflated at most, about 5 MB as stored.
const MAX_FETCH_BYTES: u64 = 16 << 20;

/// An object's bytes as stored, ready to be inflated.
pub struct Fetched {
    object: String,
    contents: Contents,
}

enum Contents {
    Whole(Bytes),
    Stream(Box<dyn Read + Send>),
}

/// Fetches an object: whole if it is small, else opened for streaming.
///
/// # Errors
/// [`Error::Store`] if the store refuses it.
pub async fn fetch(object: &LogObject) -> Result<Fetched, Error> {
    let refused = |source| Error::Store { object: object.name.clone(), source };
    let contents = match &object.place {
        None => Contents::Stream(Box::new(io::stdin())),
        Some((store, path)) => {
            let found = store.get(path).await.map_err(refused)?;
            match found.payload {
                GetResultPayload::File(file, _) if found.meta.size > MAX_FETCH_BYTES => {
                    Contents::Stream(Box::new(file))
                }
                GetResultPayload::Stream(bytes) if found.meta.size > MAX_FETCH_BYTES => {
                    let reader = StreamReader::new(bytes.map_err(io::Error::from));
                    Contents::Stream(Box::new(SyncIoBridge::new(reader)))
                }
                _ => Contents::Whole(found.bytes().await.map_err(refused)?),
            }
        }
    };
    Ok(Fetched { object: object.name.clone(), contents })
}

impl Fetched {
    /// Bytes held in memory.
    pub fn memory_size(&self) -> usize {
        match &self.contents {
            Contents::Whole(bytes) => bytes.len(),
            Contents::Stream(_) => 0,
        }
    }

    /// A reader of the inflated bytes, which gives up when there are more than `limit_bytes` of them.
    pub fn inflate(self, limit_bytes: u64) -> LogReader {
        LogReader {
            object: self.object,
            limit_bytes,
            offset: 0,
            stored_bytes: Counter::default(),
            next: Next::Start(self.contents),
        }
    }
}

/// An object's inflated bytes, piece by piece.
pub struct LogReader {
    object: String,
    limit_bytes: u64,
    offset: u64,
    stored_bytes: Counter,
    next: Next,
}

enum Next {
    Start(Contents),
    Pieces(Inflater),
}

impl LogReader {
    /// Appends the next piece to `out`, in one piece for an ordinary log file; `true` if it was the last.
    ///
    /// # Errors
    /// [`Error::Broken`], or [`Error::TooLarge`]; what lay before has been appended.
    pub fn read_piece(&mut self, out: &mut Vec<u8>) -> Result<bool, Error> {
        let start = out.len();
        let result = self.try_read(out);
        self.offset += (out.len() - start) as u64;
        let last = result.map_err(|source| Error::Broken {
            object: self.object.clone(),
            offset: self.offset,
            source,
        })?;
        if self.offset > self.limit_bytes {
            return Err(Error::TooLarge { object: self.object.clone(), limit: ByteSize(self.limit_bytes) });
        }
        Ok(last)
    }

    fn try_read(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        if let Next::Start(contents) = &mut self.next {
            let raw: Box<dyn Read + Send> = match std::mem::replace(contents, Contents::Whole(Bytes::new())) {
                Contents::Whole(bytes) => {
                    self.stored_bytes.add(bytes.len() as u64);
                    match Compression::of(&bytes) {
                        None => {
                            out.extend_from_slice(&bytes);
                            return Ok(true);
                        }
                        Some(Compression::Gzip) if inflate::inflate_whole(&bytes, out) => return Ok(true),
                        Some(_) => Box::new(io::Cursor::new(bytes)),
                    }
                }
                Contents::Stream(raw) => Box::new(Counted { raw, counter: self.stored_bytes.clone() }),
            };
            self.next = Next::Pieces(Inflater::new(raw)?);
        }
        match &mut self.next {
            Next::Pieces(inflater) => inflater.read_piece(out),
            Next::Start(_) => Ok(true),
        }
    }

    /// Bytes read as stored, so far.
    pub fn stored_bytes(&self) -> u64 {
        self.stored_bytes.get()
    }

    /// Bytes inflated, so far.
    pub fn inflated_bytes(&self) -> u64 {
        self.offset
    }
}

/// Counts what passes through a reader that has been given away.
#[derive(Debug, Clone, Default)]
struct Counter(Arc<std::sync::atomic::AtomicU64>);

impl Counter {
    fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

struct Counted {
    raw: Box<dyn Read + Send>,
    counter: Counter,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.counter.add(read as u64);
        Ok(read)
    }
}
