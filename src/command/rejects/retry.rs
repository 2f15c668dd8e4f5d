//! `trailhouse rejects DATASET retry`

use std::io::{Read as _, Write as _};
use std::path::Path;

use super::excerpt::Place;
use super::selection;
use crate::cli::RejectsRetryArgs;
use crate::command::report;
use crate::convert::{self, Retried, Retry, Unfit};
use crate::dataset::{Dataset, Selection};
use crate::error::{Error, Exit};

/// Rejects are taken up file by file, and files are small: there is no need to choose.
const MEMORY_LIMIT_BYTES: usize = 512 << 20;

/// Single rejects are named on stderr up to this many.
const NAMED: usize = 20;

pub(super) async fn run(dataset: &Dataset, args: RejectsRetryArgs) -> Result<Exit, Error> {
    if args.from.is_some() && args.ids.len() != 1 {
        return Err(Error::Usage("--from FILE stands for one reject: name just one ID".to_owned()));
    }
    let ids = dataset.resolve_rejects(&args.ids).await?;
    let edited = args.from.as_deref().map(read).transpose()?;
    let selection = Selection { ids, ..selection(args.filter) };
    let retry = Retry { selection, edited, memory_limit_bytes: MEMORY_LIMIT_BYTES };
    let retried = convert::retry(dataset, &retry).await?;
    if let (Some(unfit), Some(from), Some(edited)) = (retried.unfit, &args.from, &retry.edited) {
        eprintln!("trailhouse: {} is not taken: {}", from.display(), explain(unfit, edited));
    }
    name_remaining(&retried, dataset);
    report::write(args.report, &retried.report, |out| writeln!(out, "{}", retried.report))?;
    Ok(if retried.report.rejects.remaining > 0 { Exit::Rejects } else { Exit::Done })
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut content).map(|_| content)
    } else {
        std::fs::read(file)
    };
    read.map_err(|source| Error::File { action: "read", file: file.display().to_string(), source })
}

fn explain(unfit: Unfit, edited: &[u8]) -> String {
    match unfit {
        Unfit::Rejected { at, .. } => {
            let Place { line, column } = Place::of(edited, at);
            format!("{unfit} at line {line}, column {column}")
        }
        _ => unfit.to_string(),
    }
}

fn name_remaining(retried: &Retried, dataset: &Dataset) {
    let counts = &retried.report.rejects;
    if counts.tried == 0 {
        eprintln!("trailhouse: no rejects to try in {}", dataset.name());
    }
    for (id, note) in retried.remaining.iter().take(NAMED) {
        eprintln!("trailhouse: {id} stays a reject: {note}");
    }
    let rejected = retried.report.events.rejected;
    if rejected > NAMED as u64 {
        eprintln!("trailhouse: {} more stay rejects", rejected - NAMED as u64);
    }
}
