//! `trailhouse query`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::session;
use crate::cli::{QueryArgs, QueryFormat};
use crate::dataset::Moment;
use crate::error::{Error, Exit};
use crate::query::{self, Format};

pub(super) async fn run(args: QueryArgs) -> Result<Exit, Error> {
    let (saved, values) = session::saved(&args.saved)?;
    let sql = match (saved, &args.sql, &args.file) {
        (Some(sql), ..) => sql,
        (None, Some(sql), _) => sql.clone(),
        (None, None, Some(file)) => read(file)?,
        (None, None, None) => return Err(Error::Usage("no SQL given".to_owned())),
    };
    let session = session::open(&args.dataset, moment(&args), &args.session, args.allow_write).await?;
    let statements = session.parse(&sql, &values)?;
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
    match session.rejects() {
        0 => {}
        rejects => {
            eprintln!("{rejects} stretches of the logs are no events and are left out; convert keeps such");
        }
    }
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
