//! Why objects could not be generated.

use std::io;
use std::path::PathBuf;

/// Why objects could not be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The options contradict each other or themselves.
    #[error("cannot generate events: {reason}")]
    Options {
        /// What is wrong with them.
        reason: &'static str,
    },
    /// Generated objects lie there already.
    #[error("{} is there already; name an empty directory, or delete what is there", path.display())]
    Occupied {
        /// What was found.
        path: PathBuf,
    },
    /// A file or directory could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Error {
    /// Wraps an input/output error with the path it is about.
    pub(super) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }
}
