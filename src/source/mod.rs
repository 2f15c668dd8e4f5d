//! Log objects: finding them and reading their bytes, inflated.

mod inflate;
mod location;
pub mod log_key;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use bytesize::ByteSize;
use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt as _};
use walkdir::WalkDir;

use inflate::{Compression, Inflater};
use location::{GLOB_OPTIONS, StoredLocation};
pub use location::{Location, local_path};

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
    /// A malformed `file://` URL.
    #[error("malformed URL {location}; a local file is file:///absolute/path")]
    BadUrl {
        /// As typed.
        location: String,
    },
    /// A URL of a store that is not supported.
    #[error(
        "cannot read {location}: {scheme}:// is not supported by this version; copy the objects to a disk first"
    )]
    UnsupportedScheme {
        /// As typed.
        location: String,
        /// Its scheme.
        scheme: String,
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
    /// The user named this very object, in place of a directory or pattern it was found by.
    pub named: bool,
    place: Option<(Arc<dyn ObjectStore>, Path)>,
}

impl LogObject {
    fn stored(location: &StoredLocation, meta: ObjectMeta) -> Self {
        Self {
            name: format!("/{}", meta.location),
            size: meta.size,
            modified: meta.last_modified,
            named: location.is_object,
            place: Some((location.store.clone(), meta.location)),
        }
    }

    /// Whether it can be read but once, and never be found again.
    pub fn is_stream(&self) -> bool {
        self.place.is_none()
    }

    /// Standard input has no identity: the moment stands in for one, so that no two streams are taken for the same.
    #[expect(clippy::disallowed_methods, reason = "there is nothing else to tell two streams apart by")]
    fn stdin() -> Self {
        let now = std::time::SystemTime::now();
        Self { name: "-".to_owned(), size: 0, modified: now.into(), named: true, place: None }
    }
}

/// What a listing found, in the order of the objects' names. Objects and directories that cannot be looked at are
/// among the errors; the rest is listed all the same.
pub async fn list(location: &Location) -> (Vec<LogObject>, Vec<Error>) {
    let stored = match location {
        Location::Stdin => return (vec![LogObject::stdin()], Vec::new()),
        Location::Stored(stored) => stored,
    };
    let (mut objects, mut errors) = (Vec::new(), Vec::new());
    if stored.is_object {
        match stored.store.head(&stored.place).await {
            Ok(meta) => objects.push(LogObject::stored(stored, meta)),
            Err(source) => errors.push(Error::Store { object: format!("/{}", stored.place), source }),
        }
    } else {
        for found in walk(stored) {
            match found {
                Ok(object) if stored.matches(&object.name) => objects.push(object),
                Ok(_) => {}
                Err(error) => errors.push(error),
            }
        }
        objects.sort_by(|a, b| a.name.cmp(&b.name));
    }
    (objects, errors)
}

/// All files below a local directory. The store's own listing ends at the first directory it may not look into.
fn walk(location: &StoredLocation) -> impl Iterator<Item = Result<LogObject, Error>> + '_ {
    WalkDir::new(&location.directory).follow_links(true).into_iter().filter_map(|entry| {
        let unreachable = |error: walkdir::Error| Error::Unreachable {
            location: error.path().unwrap_or(&location.directory).display().to_string(),
            source: error.into(),
        };
        let entry = match entry {
            Ok(entry) if entry.file_type().is_file() => entry,
            Ok(_) => return None,
            Err(error) => return Some(Err(unreachable(error))),
        };
        let path = Path::from_absolute_path(entry.path())
            .map_err(|source| Error::BadPath { location: entry.path().display().to_string(), source });
        Some(path.and_then(|path| {
            let metadata = entry.metadata().map_err(unreachable)?;
            let last_modified = metadata.modified().map_or(DateTime::UNIX_EPOCH, DateTime::from);
            let meta = ObjectMeta {
                location: path,
                last_modified,
                size: metadata.len(),
                e_tag: None,
                version: None,
            };
            Ok(LogObject::stored(location, meta))
        }))
    })
}

/// What lies at the bottom of a store's error: the system's own words, without the layers above them.
pub(crate) fn root_cause(error: &object_store::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl StoredLocation {
    fn matches(&self, name: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.matches_with(name, GLOB_OPTIONS))
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
