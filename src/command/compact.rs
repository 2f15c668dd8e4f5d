//! `trailhouse compact`: small files come together.

use bytesize::ByteSize;
use chrono::{DateTime, TimeDelta, Utc};

use super::{check_order, report, threads};
use crate::cli::CompactArgs;
use crate::dataset::{Compacted, Compaction, Dataset, Files};
use crate::error::{Error, Exit};

pub(super) async fn run(args: CompactArgs) -> Result<Exit, Error> {
    check_order(args.since, args.until)?;
    // A day counts if any time of it is meant.
    let end = |until: DateTime<Utc>| (until - TimeDelta::microseconds(1)).date_naive().succ_opt();
    let compaction = Compaction {
        days: args.since.map(|since| since.date_naive())..args.until.and_then(end),
        target_bytes: args.target_size.as_u64(),
        // On a machine of 32 bits the limit is what can be addressed.
        memory_limit_bytes: usize::try_from(args.memory_limit.as_u64()).unwrap_or(usize::MAX),
        threads: threads(args.threads),
        dry_run: args.dry_run,
    };
    let compacted = Dataset::open(&args.dataset)?.compact(&compaction).await?;
    report::write(args.report, &compacted, |out| write_text(out, &args.dataset, &compacted))?;
    Ok(Exit::Done)
}

fn write_text(out: &mut impl std::io::Write, name: &str, compacted: &Compacted) -> std::io::Result<()> {
    let Compacted { version, partitions, replaced, written, duplicates } = compacted;
    if replaced.count == 0 {
        return writeln!(out, "{name} has no files that could be brought together");
    }
    let Files { count, bytes, rows } = replaced;
    let Some(written) = written else {
        return writeln!(
            out,
            "would bring together {rows} events in {count} files, {}, of {partitions} partitions",
            ByteSize(*bytes)
        );
    };
    writeln!(
        out,
        "replaced {rows} events in {count} files, {}, of {partitions} partitions",
        ByteSize(*bytes)
    )?;
    writeln!(
        out,
        "written  {} events in {} files, {}",
        written.rows,
        written.count,
        ByteSize(written.bytes)
    )?;
    if *duplicates > 0 {
        writeln!(out, "copies   {duplicates} left out")?;
    }
    if let Some(version) = version {
        writeln!(out, "version  {version}")?;
    }
    writeln!(out, "`trailhouse vacuum {name}` deletes the files that were replaced, in time")
}
