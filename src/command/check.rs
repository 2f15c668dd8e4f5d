//! `trailhouse check`: is all as the log says?

use bytesize::ByteSize;

use super::{report, threads};
use crate::cli::CheckArgs;
use crate::dataset::{Dataset, Inspection};
use crate::error::{Error, Exit};

pub(super) async fn run(args: CheckArgs) -> Result<Exit, Error> {
    let dataset = Dataset::open(&args.dataset)?;
    let inspection = dataset.check(threads(args.threads)).await?;
    report::write(args.report, &inspection, |out| write_text(out, &args.dataset, &inspection))?;
    Ok(if inspection.findings.is_empty() { Exit::Done } else { Exit::Failed })
}

fn write_text(out: &mut impl std::io::Write, name: &str, inspection: &Inspection) -> std::io::Result<()> {
    let Inspection { version, files, rows, bytes, objects, rejects, leftovers, in_progress, findings } =
        inspection;
    for finding in findings {
        writeln!(out, "{} {}", finding.file, finding.fault)?;
    }
    match version {
        Some(version) => writeln!(out, "dataset  {name}, version {version}")?,
        None => writeln!(out, "dataset  {name}, nothing committed yet")?,
    }
    writeln!(out, "read     {rows} events in {files} files, {}", ByteSize(*bytes))?;
    writeln!(out, "objects  {objects} converted")?;
    writeln!(out, "rejects  {rejects}")?;
    if *in_progress > 0 {
        writeln!(out, "running  {in_progress} files are being written by other runs")?;
    }
    if *leftovers > 0 {
        writeln!(
            out,
            "left     {leftovers} files of earlier versions; `trailhouse vacuum {name}` deletes them in time"
        )?;
    }
    match findings.len() {
        0 => writeln!(out, "all is well"),
        1 => writeln!(out, "1 thing is wrong"),
        count => writeln!(out, "{count} things are wrong"),
    }
}
