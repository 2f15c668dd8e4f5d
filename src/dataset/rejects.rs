//! What could not be converted, kept verbatim: Parquet files below `_trailhouse/rejects/`.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array as _, AsArray as _, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use bytes::Bytes;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Error, RejectId};
use crate::decode::{Reason, Reject};

/// Where files of rejects lie, below the dataset.
pub(super) const DIRECTORY: &str = "_trailhouse/rejects";

/// A reject with all that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReject {
    /// The log object.
    pub object: String,
    /// Position among the object's events and rejects, from 0.
    pub event_index: u64,
    /// Where it begins in the inflated object.
    pub byte_offset: u64,
    /// Why.
    pub reason: Reason,
    /// What the scanner found and where, without any content.
    pub detail: Option<String>,
    /// The bytes themselves.
    pub raw: Vec<u8>,
}

impl StoredReject {
    /// Keeps `reject`, which was found in `object`.
    pub fn new(object: &str, reject: &Reject<'_>) -> Self {
        Self {
            object: object.to_owned(),
            event_index: reject.index,
            byte_offset: reject.offset,
            reason: reject.reason,
            detail: reject.explain_fault(),
            raw: reject.bytes.to_vec(),
        }
    }

    /// What tells this reject from all others.
    pub fn id(&self) -> RejectId {
        RejectId::new(&self.object, self.event_index, self.byte_offset, &self.raw)
    }

    /// What is wrong, and at which byte of `raw`. `None` if all of it is.
    pub fn fault(&self) -> Option<(&str, usize)> {
        if self.reason == Reason::NotUtf8 {
            let error = std::str::from_utf8(&self.raw).err()?;
            return Some(("no UTF-8 from here", error.valid_up_to()));
        }
        let (fault, offset) = self.detail.as_deref()?.rsplit_once(AT_BYTE)?;
        let kind = fault.split(AT).next()?;
        let position = offset.parse::<u64>().ok()?.checked_sub(self.byte_offset)?;
        usize::try_from(position).ok().filter(|at| *at <= self.raw.len()).map(|at| (kind, at))
    }

    /// The reason in words.
    pub fn explanation(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{} ({detail})", self.reason),
            None => self.reason.to_string(),
        }
    }

    /// Memory held, in bytes.
    pub fn memory_size(&self) -> usize {
        size_of::<Self>() + self.raw.len() + self.object.len()
    }
}

/// In a detail, what stands between the fault and its place in the inflated object. See [`Reject::explain_fault`].
const AT: &str = " at";
const AT_BYTE: &str = " byte ";

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("object", DataType::Utf8, false),
        Field::new("event_index", DataType::Int64, false),
        Field::new("byte_offset", DataType::Int64, false),
        Field::new("reason", DataType::Utf8, false),
        Field::new("detail", DataType::Utf8, true),
        Field::new("raw", DataType::Binary, false),
    ]))
});

/// A file of rejects, not yet stored.
#[derive(Debug)]
pub struct RejectFile {
    /// Path below the dataset.
    pub path: String,
    /// Its content.
    pub content: Bytes,
}

impl RejectFile {
    /// Encodes `rejects` as the file number `sequence` of those named by `stem`.
    ///
    /// # Errors
    /// If the Parquet writer refuses, which would be a bug.
    pub fn encode(rejects: &[StoredReject], stem: &str, sequence: usize) -> Result<Self, Error> {
        Self::encode_as(rejects, format!("{DIRECTORY}/{REJECT_FILE}{stem}-{sequence:04}.parquet"))
    }

    /// Encodes `rejects` as the file at `path`.
    ///
    /// # Errors
    /// If the Parquet writer refuses, which would be a bug.
    pub fn encode_as(rejects: &[StoredReject], path: String) -> Result<Self, Error> {
        let content = encode(rejects).map_err(Error::Rejects)?.into();
        Ok(Self { path, content })
    }

    /// The rejects in the file.
    ///
    /// # Errors
    /// [`Error::Unreadable`] if it is no file of rejects, [`Error::NewerRejects`] if it holds reasons unknown to
    /// this version.
    pub fn decode(&self) -> Result<Vec<StoredReject>, Error> {
        let unreadable = |source| Error::Unreadable { file: self.path.clone(), source };
        let file = ParquetRecordBatchReaderBuilder::try_new(self.content.clone()).map_err(unreadable)?;
        let mut rejects = Vec::new();
        for batch in file.build().map_err(unreadable)? {
            let batch = batch.map_err(|source| unreadable(source.into()))?;
            let columns = Columns::of(&batch).ok_or_else(|| {
                unreadable(parquet::errors::ParquetError::General("it has other columns".to_owned()))
            })?;
            for row in 0..batch.num_rows() {
                let reject = columns.reject(row);
                rejects.push(reject.ok_or_else(|| Error::NewerRejects { file: self.path.clone() })?);
            }
        }
        Ok(rejects)
    }
}

/// How the names of files of rejects begin. What they came with follows, and a number.
pub(super) const REJECT_FILE: &str = "rejects-";

/// What a file of rejects came with.
pub(super) fn stem_of(file: &Path) -> Option<&str> {
    let name = file.as_ref().strip_prefix(DIRECTORY)?.strip_prefix('/')?.strip_prefix(REJECT_FILE)?;
    name.rsplit_once('-').map(|(stem, _)| stem)
}

/// The columns of a file of rejects.
struct Columns<'a> {
    object: &'a StringArray,
    event_index: &'a Int64Array,
    byte_offset: &'a Int64Array,
    reason: &'a StringArray,
    detail: &'a StringArray,
    raw: &'a BinaryArray,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        let texts = |name| batch.column_by_name(name)?.as_string_opt::<i32>();
        let numbers = |name| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
        Some(Self {
            object: texts("object")?,
            event_index: numbers("event_index")?,
            byte_offset: numbers("byte_offset")?,
            reason: texts("reason")?,
            detail: texts("detail")?,
            raw: batch.column_by_name("raw")?.as_binary_opt::<i32>()?,
        })
    }

    /// `None` if its reason is unknown.
    fn reject(&self, row: usize) -> Option<StoredReject> {
        Some(StoredReject {
            object: self.object.value(row).to_owned(),
            event_index: self.event_index.value(row) as u64,
            byte_offset: self.byte_offset.value(row) as u64,
            reason: Reason::from_code(self.reason.value(row))?,
            detail: self.detail.is_valid(row).then(|| self.detail.value(row).to_owned()),
            raw: self.raw.value(row).to_owned(),
        })
    }
}

fn encode(rejects: &[StoredReject]) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    let texts = |text: fn(&StoredReject) -> Option<&str>| -> Arc<StringArray> {
        Arc::new(rejects.iter().map(text).collect())
    };
    let numbers = |number: fn(&StoredReject) -> u64| -> Arc<Int64Array> {
        Arc::new(rejects.iter().map(|reject| Some(number(reject) as i64)).collect())
    };
    let batch = RecordBatch::try_new(
        SCHEMA.clone(),
        vec![
            texts(|reject| Some(&reject.object)),
            numbers(|reject| reject.event_index),
            numbers(|reject| reject.byte_offset),
            texts(|reject| Some(reject.reason.code())),
            texts(|reject| reject.detail.as_deref()),
            Arc::new(BinaryArray::from_iter_values(rejects.iter().map(|reject| &reject.raw))),
        ],
    )?;
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), SCHEMA.clone(), Some(properties))?;
    writer.write(&batch)?;
    writer.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoder, Step};

    fn reject(object: &[u8]) -> StoredReject {
        let mut decoder = Decoder::new();
        loop {
            match decoder.step(object, true) {
                Step::Reject(reject) => return StoredReject::new("log", &reject),
                Step::Event(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn files_read_back() {
        let rejects = [reject(b"[7]"), reject(b"{\"a\": \"\xff\"}"), reject(b"[1, {\"a\" 1}]")];
        let file = RejectFile::encode(&rejects, "task", 3).unwrap();
        assert_eq!(file.path, "_trailhouse/rejects/rejects-task-0003.parquet");
        assert_eq!(file.decode().unwrap(), rejects);
        let other = RejectFile { content: Bytes::from_static(b"PAR1 no more"), ..file };
        assert!(matches!(other.decode(), Err(Error::Unreadable { .. })));
    }

    #[test]
    fn faults_are_found_in_the_stored_bytes() {
        let fault = |object: &[u8]| reject(object).fault().map(|(kind, at)| (kind.to_owned(), at));
        assert_eq!(fault(b"  {\"a\" 1}"), Some(("expected `:`".to_owned(), 5)));
        assert_eq!(fault(b"  {\"a\":"), Some(("the JSON ends too early".to_owned(), 5)));
        assert_eq!(fault(b" {\"a\": \"\xff\"}"), Some(("no UTF-8 from here".to_owned(), 7)));
        assert_eq!(fault(b"{\"a\":1}"), None);
        let odd = |detail: &str| StoredReject { detail: Some(detail.to_owned()), ..reject(b"[7]") };
        for detail in ["", "no place", "x at byte 0", "x at byte 99", "x at byte y"] {
            assert_eq!(odd(detail).fault(), None, "{detail}");
        }
    }
}
