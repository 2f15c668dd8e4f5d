//! Events as CloudTrail JSON again.
//!
//! Rows come from the query room, [`Restorer`] makes events of them, and these go to a stream or into files of the form
//! and size in which AWS delivers them. In memory are a batch of rows, one event, and a file's compressed bytes.

mod container;
mod directory;

use std::io::{self, Write};

use futures::TryStreamExt as _;

pub use container::Format;
pub use directory::Directory;

use crate::query::{self, EventBatches, QuerySession};
use crate::store;
use crate::table::{RestoreError, Restorer};
use container::Container;
use directory::Files;

/// Why events could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The events cannot be read.
    #[error(transparent)]
    Query(#[from] query::Error),
    /// A row is no event.
    #[error("{0}; if another program changed the dataset, convert the logs anew")]
    Restore(#[from] RestoreError),
    /// The address names no directory.
    #[error(transparent)]
    Address(#[from] store::Error),
    /// The directory cannot be made or read.
    #[error("cannot open the directory {directory}: {source}")]
    Unusable {
        /// As typed.
        directory: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is something in the way.
    #[error(
        "{directory} is {what}; name a directory that is empty or not there yet, or - for standard output"
    )]
    InTheWay {
        /// As typed.
        directory: String,
        /// What is there.
        what: &'static str,
    },
    /// A file cannot be written.
    #[error("cannot write {file} to {directory}: {}", store::root_cause(source))]
    File {
        /// Its name.
        file: String,
        /// The directory, as typed.
        directory: String,
        /// What the store said.
        source: object_store::Error,
    },
    /// The stream is gone or full.
    #[error("cannot write the events: {0}")]
    Output(io::Error),
}

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Events written.
    pub events: u64,
    /// Files written.
    pub files: u64,
}

/// Starts to read the events for which `condition`, a SQL expression, holds.
///
/// # Errors
/// If the condition makes no sense.
pub async fn read(session: &QuerySession, condition: Option<&str>) -> Result<EventBatches, Error> {
    let columns: Vec<&str> = Restorer::columns().collect();
    Ok(session.events(&columns, condition).await?)
}

/// Writes all events to `out`.
///
/// # Errors
/// If the events cannot be read, or `out` fails.
pub async fn to_stream(events: EventBatches, format: Format, out: &mut dyn Write) -> Result<Exported, Error> {
    let mut container = Container::new(out, format).map_err(Error::Output)?;
    let events = each(events, async |event| container.push(event).map_err(Error::Output)).await?;
    container.finish().and_then(Write::flush).map_err(Error::Output)?;
    Ok(Exported { events, files: 0 })
}

/// Writes all events to files in `directory`. If that fails half-way, no file is left there.
///
/// # Errors
/// If the events cannot be read, or the files not be written.
pub async fn to_directory(
    events: EventBatches,
    format: Format,
    directory: &Directory,
) -> Result<Exported, Error> {
    let mut files = Files::new(directory, format);
    let exported = match each(events, async |event| files.push(event).await).await {
        Ok(events) => files.close().await.map(|()| events),
        Err(error) => Err(error),
    };
    match exported {
        Ok(events) => Ok(Exported { events, files: files.written() }),
        Err(error) => {
            files.remove().await;
            Err(error)
        }
    }
}

/// Hands all events to `take`, one by one; how many there were.
async fn each(
    mut batches: EventBatches,
    mut take: impl AsyncFnMut(&[u8]) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut events = 0;
    let mut event = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        let restorer = Restorer::try_new(&batch)?;
        for row in 0..batch.num_rows() {
            event.clear();
            restorer.write(row, &mut event)?;
            take(&event).await?;
        }
        events += batch.num_rows() as u64;
    }
    Ok(events)
}
