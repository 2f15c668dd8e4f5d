//! `trailhouse export`

use std::io::{self, BufWriter};
use std::path::Path;

use crate::cli::{EventFormat, ExportArgs};
use crate::dataset::Dataset;
use crate::error::{Error, Exit};
use crate::export::{self, Directory, Exported, Format};
use crate::query::QuerySession;

pub(super) async fn run(args: ExportArgs) -> Result<Exit, Error> {
    let to_stdout = args.to == "-";
    let dataset = Dataset::open(&args.dataset)?;
    if !to_stdout {
        let path = Directory::check(&args.to)?;
        if is_inside(&dataset, &path) {
            return Err(Error::Usage(format!(
                "{} lies inside the dataset; export to another place",
                args.to
            )));
        }
    }
    dataset.require_known_columns().await?;
    let session = QuerySession::open_in_order(&dataset).await?;
    let events = export::read(&session, args.condition.as_deref()).await?;
    let exported = if to_stdout {
        let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
        export::to_stream(events, args.format.into(), &mut out).await?
    } else {
        export::to_directory(events, args.format.into(), &Directory::create(&args.to)?).await?
    };
    summarise(exported, &args);
    Ok(Exit::Done)
}

/// On stderr: stdout may hold the events.
fn summarise(exported: Exported, args: &ExportArgs) {
    let Exported { events, files } = exported;
    let plural = |number: u64| if number == 1 { "" } else { "s" };
    match (events, &args.condition) {
        (0, Some(_)) => eprintln!("trailhouse: the condition holds for no event"),
        (0, None) => eprintln!("trailhouse: there are no events"),
        _ if files == 0 => eprintln!("exported {events} event{}", plural(events)),
        _ => {
            eprintln!(
                "exported {events} event{} in {files} file{} to {}",
                plural(events),
                plural(files),
                args.to
            );
        }
    }
}

/// Whether a path, of which some may not be there yet, lies in the dataset.
fn is_inside(dataset: &Dataset, path: &Path) -> bool {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
    there.is_some_and(|path| dataset.contains(&path.display().to_string()))
}

impl From<EventFormat> for Format {
    fn from(format: EventFormat) -> Self {
        match format {
            EventFormat::Records => Self::Records,
            EventFormat::Ndjson => Self::Ndjson,
        }
    }
}
