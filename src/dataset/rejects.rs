//! What could not be converted, kept verbatim: Parquet files below `_trailhouse/rejects/`.

use std::sync::{Arc, LazyLock};

use arrow::array::{BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::Error;
use crate::decode::{Reason, Reject};

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
    /// Encodes `rejects` as the file number `sequence` of a task.
    ///
    /// # Errors
    /// If the Parquet writer refuses, which would be a bug.
    pub fn encode(rejects: &[StoredReject], task: &str, sequence: usize) -> Result<Self, Error> {
        let path = format!("_trailhouse/rejects/rejects-{task}-{sequence:04}.parquet");
        let content = encode(rejects).map_err(Error::Rejects)?.into();
        Ok(Self { path, content })
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
