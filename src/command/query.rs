//! `trailhouse query`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::cli::{QueryArgs, QueryFormat};
use crate::dataset::{Dataset, Moment};
use crate::error::{Error, Exit};
use crate::query::{self, Format, QuerySession};

pub(super) async fn run(args: QueryArgs) -> Result<Exit, Error> {
    let sql = match (&args.sql, &args.file) {
        (Some(sql), _) => sql.clone(),
        (None, Some(file)) => read(file)?,
        (None, None) => return Err(Error::Usage("no SQL given".to_owned())),
    };
    let dataset = Dataset::open(&args.dataset)?;
    let session = QuerySession::open(&dataset, moment(&args), args.allow_write).await?;
    let statements = session.parse(&sql)?;
    if statements.is_empty() {
        return Err(Error::Usage("no SQL given".to_owned()));
    }

    let mut out: Box<dyn Write> = match &args.output {
        Some(file) => Box::new(File::create(file).map_err(|source| at("write", file, source))?),
        None => Box::new(io::stdout().lock()),
    };
    let mut out = BufWriter::with_capacity(64 << 10, &mut out);
    for (position, statement) in statements.into_iter().enumerate() {
        let result = session.run(statement).await?;
        if position > 0 && args.format != QueryFormat::Ndjson {
            writeln!(out).map_err(query::Error::Output)?;
        }
        query::print(result, args.format.into(), &mut out).await?;
    }
    out.flush().map_err(query::Error::Output)?;
    Ok(Exit::Done)
}

fn moment(args: &QueryArgs) -> Moment {
    match (args.version, args.as_of) {
        (Some(version), _) => Moment::Version(version),
        (None, Some(time)) => Moment::Time(time),
        (None, None) => Moment::Latest,
    }
}

fn read(file: &Path) -> Result<String, Error> {
    let text =
        if file == Path::new("-") { io::read_to_string(io::stdin()) } else { std::fs::read_to_string(file) };
    text.map_err(|source| at("read", file, source))
}

fn at(action: &'static str, file: &Path, source: io::Error) -> Error {
    Error::File { action, file: file.display().to_string(), source }
}

impl From<QueryFormat> for Format {
    fn from(format: QueryFormat) -> Self {
        match format {
            QueryFormat::Table => Self::Table,
            QueryFormat::Csv => Self::Csv,
            QueryFormat::Json => Self::Json,
            QueryFormat::Ndjson => Self::Ndjson,
            QueryFormat::Markdown => Self::Markdown,
        }
    }
}
