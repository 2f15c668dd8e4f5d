//! Why the log cannot be read or written.

use chrono::{DateTime, Utc};
use deltalake_core::errors::DeltaTableError;

use super::actions::{MAX_READER, MAX_WRITER};
use crate::store;

/// Why the log cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// What the Delta library says.
    #[error("the transaction log cannot be used: {}", store::bottom(.0))]
    Delta(#[source] Box<DeltaTableError>),
    /// Another engine has turned on features of Delta that this version does not write.
    #[error(
        "the transaction log asks for protocol {reader}/{writer}; this version reads {MAX_READER} and writes \
         {MAX_WRITER}: another engine has turned on a table feature"
    )]
    Protocol {
        /// What readers must know.
        reader: i32,
        /// What writers must know.
        writer: i32,
    },
    /// There never was such a version.
    #[error("there is no version {version}; the latest is {latest}")]
    NoVersion {
        /// What was asked for.
        version: u64,
        /// What there is.
        latest: u64,
    },
    /// The dataset, or its log, does not go back so far.
    #[error("there is nothing as of {time}; the first version that is known is of {first}")]
    TooEarly {
        /// What was asked for.
        time: DateTime<Utc>,
        /// What there is.
        first: DateTime<Utc>,
    },
    /// Somebody else has changed the table, or a version of trailhouse that is no kin of this one.
    #[error("the transaction log says that the column {column} is {found}, which is {expected} here")]
    OtherColumn {
        /// The column.
        column: String,
        /// Its type in the table.
        expected: String,
        /// Its type in the log.
        found: String,
    },
    /// A file of the table lies where none of ours would.
    #[error("the transaction log names a file that is in no partition directory of its own: {path}")]
    ForeignFile {
        /// Path below the dataset.
        path: String,
    },
    /// The library does not say what it says by its documentation.
    #[error("the transaction log cannot be used: {column} is not as expected")]
    Unexpected {
        /// What it was asked for.
        column: &'static str,
    },
    /// A checkpoint could not be encoded, which would be a bug.
    #[error("cannot encode a checkpoint of the transaction log: {0}")]
    Checkpoint(#[from] parquet::errors::ParquetError),
    /// A thread came to an end before its work did.
    #[error("a worker thread failed; its message is above")]
    Abandoned,
}

impl From<DeltaTableError> for LogError {
    fn from(error: DeltaTableError) -> Self {
        Self::Delta(Box::new(error))
    }
}

impl From<delta_kernel::Error> for LogError {
    fn from(error: delta_kernel::Error) -> Self {
        DeltaTableError::from(error).into()
    }
}

impl From<object_store::Error> for LogError {
    fn from(error: object_store::Error) -> Self {
        DeltaTableError::from(error).into()
    }
}
