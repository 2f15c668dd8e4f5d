//! `trailhouse vacuum`: what is not needed goes.

use std::time::Duration;

use bytesize::ByteSize;
use chrono::TimeDelta;

use super::report;
use crate::cli::VacuumArgs;
use crate::dataset::{Dataset, Vacuumed};
use crate::error::{Error, Exit};

/// Queries and runs that are under way may need what the versions of so long a time need.
const SAFE: Duration = Duration::from_secs(3600);

pub(super) async fn run(args: VacuumArgs) -> Result<Exit, Error> {
    if args.retention < SAFE && !args.force {
        return Err(Error::Usage(format!(
            "--retention {} would take files away from queries and runs that are under way; if there are none, add --force",
            humantime::format_duration(args.retention)
        )));
    }
    let too_long = |_| Error::Usage("--retention is longer than time itself".to_owned());
    let retention = TimeDelta::from_std(args.retention).map_err(too_long)?;
    let vacuumed = Dataset::open(&args.dataset)?.vacuum(retention, args.dry_run).await?;
    report::write(args.report, &vacuumed, |out| write_text(out, &vacuumed, args.dry_run))?;
    Ok(Exit::Done)
}

fn write_text(out: &mut impl std::io::Write, vacuumed: &Vacuumed, dry_run: bool) -> std::io::Result<()> {
    let Vacuumed { first_version, data_files, other_files, bytes, kept } = vacuumed;
    let done = if dry_run { "would go" } else { "deleted " };
    writeln!(out, "{done} {data_files} data files and {other_files} others, {}", ByteSize(*bytes))?;
    if *kept > 0 {
        writeln!(out, "kept     {kept} files of earlier versions")?;
    }
    if let Some(version) = first_version {
        writeln!(out, "versions from {version} on can be queried")?;
    }
    Ok(())
}
