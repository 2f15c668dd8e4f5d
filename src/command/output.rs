//! Where answers go: standard output, which may be a terminal, or a file.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use super::spinner::Spinner;
use crate::cli::QueryFormat;
use crate::error::Error;
use crate::query::{Format, Screen};

/// Something to write answers to.
pub(super) struct Output {
    out: Box<dyn Write + Send>,
    /// The terminal, if it is one.
    pub(super) screen: Option<Screen>,
}

/// Stops a spinner before its terminal is written to.
struct Clearing<'w> {
    out: &'w mut (dyn Write + Send),
    to_screen: bool,
    spinner: Option<Spinner>,
}

impl Write for Clearing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.to_screen {
            self.spinner = None;
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

const BUFFER_BYTES: usize = 64 << 10;

/// How wide a terminal is that does not say.
const USUAL_WIDTH: usize = 80;

impl Output {
    /// Standard output.
    pub(super) fn stdout() -> Self {
        let screen = io::stdout().is_terminal().then(screen);
        Self { out: Box::new(io::stdout()), screen }
    }

    /// A new file, or an old one with all of its content gone.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn file(path: &Path) -> Result<Self, Error> {
        let file = File::create(path).map_err(|source| Error::File {
            action: "write",
            file: path.display().to_string(),
            source,
        })?;
        Ok(Self { out: Box::new(file), screen: None })
    }

    /// What to write to, for one answer; what is still held at its end is to be flushed.
    pub(super) fn writer(&mut self) -> impl Write + Send {
        BufWriter::with_capacity(BUFFER_BYTES, &mut self.out)
    }

    /// The same, and `spinner` stops before anything is seen on its terminal.
    pub(super) fn writer_after(&mut self, spinner: Spinner) -> impl Write + Send {
        let spinner = Some(spinner);
        BufWriter::with_capacity(
            BUFFER_BYTES,
            Clearing { to_screen: self.screen.is_some(), out: &mut self.out, spinner },
        )
    }
}

/// Refuses to write to a terminal what no terminal can show.
///
/// # Errors
/// [`Error::Usage`] if that was asked for.
pub(super) fn refuse_binary(format: Format, screen: Option<Screen>) -> Result<(), Error> {
    let name = match (format, screen) {
        (Format::Parquet, Some(_)) => "Parquet",
        (Format::Arrow, Some(_)) => "Arrow",
        _ => return Ok(()),
    };
    Err(Error::Usage(format!(
        "{name} is binary and not for a terminal: write it to a file with -o FILE, or into a pipe"
    )))
}

fn screen() -> Screen {
    let told = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    let set = || std::env::var("COLUMNS").ok()?.parse().ok();
    // https://no-color.org
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    Screen {
        width: told.or_else(set).filter(|width| *width > 0).unwrap_or(USUAL_WIDTH),
        colours: !unwanted && !dumb,
    }
}

impl From<QueryFormat> for Format {
    fn from(format: QueryFormat) -> Self {
        match format {
            QueryFormat::Table => Self::Table,
            QueryFormat::Csv => Self::Csv,
            QueryFormat::Json => Self::Json,
            QueryFormat::Ndjson => Self::Ndjson,
            QueryFormat::Markdown => Self::Markdown,
            QueryFormat::Parquet => Self::Parquet,
            QueryFormat::Arrow => Self::Arrow,
        }
    }
}
