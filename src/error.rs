//! What a command that failed says, and with which code it exits.

use std::process::ExitCode;

use crate::{convert, dataset, export, generate, query, source};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A source cannot be read.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// The dataset cannot be read or written.
    #[error(transparent)]
    Dataset(#[from] dataset::Error),
    /// A conversion could not go on.
    #[error(transparent)]
    Convert(#[from] convert::Error),
    /// A query could not be answered.
    #[error(transparent)]
    Query(#[from] query::Error),
    /// Events could not be exported.
    #[error(transparent)]
    Export(#[from] export::Error),
    /// Log objects could not be made.
    #[error(transparent)]
    Generate(#[from] generate::Error),
    /// Something typed does not make sense together.
    #[error("{0}")]
    Usage(String),
    /// A file named on the command line.
    #[error("cannot {action} {file}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Standard output is gone or full.
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Done,
    /// Something failed.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// Done, but some events were rejected.
    Rejects,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Rejects => 3,
        })
    }
}

impl Error {
    /// How the command ends with this error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// Whether the reader of our output has gone away, as `head` does: that is no failure.
    pub fn is_broken_pipe(&self) -> bool {
        let error = match self {
            Self::Output(error)
            | Self::Query(query::Error::Output(error))
            | Self::Export(export::Error::Output(error)) => error,
            _ => return false,
        };
        error.kind() == std::io::ErrorKind::BrokenPipe
    }
}
