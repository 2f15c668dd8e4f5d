//! What a command did or found, on standard output: in words, or as one JSON object.

use std::io::{self, StdoutLock, Write as _};

use serde::Serialize;

use crate::cli::ReportFormat;
use crate::error::Error;

/// Writes `report` as asked for, or what `in_words` writes of it.
///
/// # Errors
/// If standard output is gone or full.
pub(super) fn write(
    format: ReportFormat,
    report: &impl Serialize,
    in_words: impl FnOnce(&mut StdoutLock<'static>) -> io::Result<()>,
) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let written = match format {
        ReportFormat::Text => in_words(&mut out),
        ReportFormat::Json => {
            serde_json::to_writer(&mut out, report).map_err(Into::into).and_then(|()| writeln!(out))
        }
    };
    written.map_err(Error::Output)
}
