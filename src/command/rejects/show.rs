//! `trailhouse rejects DATASET show`: one reject, with its content. The one place where log content is printed
//! because it is at fault: the user has asked for just that.

use std::io::Write;

use super::excerpt::{self, Place};
use crate::cli::RejectsShowArgs;
use crate::dataset::{Dataset, StoredReject};
use crate::error::{Error, Exit};

pub(super) async fn run(dataset: &Dataset, args: RejectsShowArgs) -> Result<Exit, Error> {
    let reject = dataset.find_reject(&args.id).await?;
    let mut out = std::io::stdout().lock();
    let written =
        if args.raw { out.write_all(&reject.raw) } else { describe(&reject, args.context, &mut out) };
    written.and_then(|()| out.flush()).map_err(Error::Output)?;
    Ok(Exit::Done)
}

fn describe(reject: &StoredReject, context_bytes: usize, out: &mut impl Write) -> std::io::Result<()> {
    let StoredReject { object, event_index, byte_offset, raw, .. } = reject;
    writeln!(out, "reject   {}", reject.id())?;
    writeln!(out, "object   {}", excerpt::escape(object.as_bytes()))?;
    writeln!(
        out,
        "place    event {event_index} of the object, from its byte {byte_offset} on, {} bytes",
        raw.len()
    )?;
    writeln!(out, "reason   {}: {}", reject.reason.code(), reject.explanation())?;
    let fault = reject.fault();
    if let Some((_, at)) = fault {
        let Place { line, column } = Place::of(raw, at);
        writeln!(out, "fault    line {line}, column {column} of the reject")?;
    }
    writeln!(out)?;
    out.write_all(excerpt::excerpt(raw, fault, context_bytes).as_bytes())
}
