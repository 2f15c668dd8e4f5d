//! `trailhouse generate`

use std::io::Write as _;

use crate::cli::GenerateArgs;
use crate::error::{Error, Exit};
use crate::generate::{self, Options};

pub(super) fn run(args: &GenerateArgs) -> Result<Exit, Error> {
    let options = Options {
        events: args.events,
        seed: args.seed,
        files: args.files,
        start: args.start,
        days: args.days,
        duplicate_percent: args.duplicates,
        damaged_percent: args.damaged,
    };
    let truth = generate::generate(&options, &args.to, &|_| {})?;
    writeln!(
        std::io::stdout(),
        "{} log objects with {} events; convert them with\n  trailhouse convert {} --to DATASET\n\
         and compare with what must be found: {}",
        truth.objects,
        truth.events.read,
        args.to.join("AWSLogs").display(),
        args.to.join("truth.json").display(),
    )
    .map_err(Error::Output)?;
    Ok(Exit::Done)
}
