//! `trailhouse convert`

use std::io::Write as _;
use std::sync::Arc;

use super::{check_order, progress, report, threads};
use crate::cli::ConvertArgs;
use crate::convert::{self, Conversion, Progress, Settings};
use crate::dataset::Dataset;
use crate::error::{Error, Exit};
use crate::filter::Filter;
use crate::query::harmless;
use crate::report::{Report, SkipReason};
use crate::source::Location;

/// Single objects and events are named on stderr up to this many.
const NAMED: usize = 20;

pub(super) async fn run(args: ConvertArgs) -> Result<Exit, Error> {
    let settings = settings(&args)?;
    let dataset = Dataset::create(&args.to)?;

    let progress = Arc::new(Progress::default());
    let bar = progress::Bar::start(progress.clone());
    let conversion = convert::run(&dataset, &settings, &progress).await;
    bar.stop();

    let conversion = conversion?;
    explain(&conversion, &args);
    report::write(args.report, &conversion.report, |out| writeln!(out, "{}", conversion.report))?;
    Ok(exit(&conversion, args.allow_rejects))
}

fn settings(args: &ConvertArgs) -> Result<Settings, Error> {
    check_order(args.since, args.until)?;
    let sources = args.sources.iter().map(|typed| Location::parse(typed)).collect::<Result<Vec<_>, _>>()?;
    let filter = Filter {
        since: args.since,
        until: args.until,
        accounts: args.accounts.clone(),
        regions: args.regions.clone(),
        services: args.services.clone(),
    };
    // On a machine of 32 bits the limit is what can be addressed.
    let memory_limit_bytes = usize::try_from(args.memory_limit.as_u64()).unwrap_or(usize::MAX);
    let object_limit_bytes = args.max_object_size.as_u64();
    Ok(Settings {
        sources,
        filter,
        memory_limit_bytes,
        object_limit_bytes,
        redact: args.redact,
        reprocess: args.reprocess,
        commit_every_bytes: args.commit_every.as_u64(),
        threads: threads(args.threads),
        fetches: usize::from(args.fetches),
    })
}

/// Says on stderr what could not be converted, and what to do about it.
fn explain(conversion: &Conversion, args: &ConvertArgs) {
    for error in &conversion.unlisted {
        eprintln!("trailhouse: {}", harmless(&error.to_string()));
    }
    for failure in conversion.failures.iter().take(NAMED) {
        eprintln!("trailhouse: {}", harmless(&failure.to_string()));
    }
    if conversion.failures.len() > NAMED {
        eprintln!("trailhouse: {} more objects failed", conversion.failures.len() - NAMED);
    }
    for reject in conversion.rejects.iter().take(NAMED) {
        eprintln!("trailhouse: rejected {}", harmless(&reject.to_string()));
    }
    let rejected = conversion.report.events.rejected;
    if rejected > NAMED as u64 {
        eprintln!("trailhouse: {} more events rejected", rejected - NAMED as u64);
    }
    if rejected > 0 {
        eprintln!("trailhouse: rejects are kept verbatim; `trailhouse rejects {} list` counts them", args.to);
    }
    if !conversion.failures.is_empty() || !conversion.unlisted.is_empty() || conversion.report.events.read > 0
    {
        return;
    }
    // Nothing went wrong, and nothing was done: the user will want to know why.
    let sources = args.sources.join(" ");
    let Report { objects, events, .. } = &conversion.report;
    let known = objects.skipped_by_reason.get(&SkipReason::Known).copied().unwrap_or_default();
    match (objects.converted, events.filtered) {
        (0, _) if known > 0 => {
            eprintln!("trailhouse: nothing new in {sources}; --reprocess converts what is in once more");
        }
        (0, _) => eprintln!("trailhouse: no log objects to convert in {sources}"),
        (_, 0) => eprintln!("trailhouse: no events in {sources}"),
        (..) => eprintln!("trailhouse: no events in {sources} are within the filters"),
    }
}

fn exit(conversion: &Conversion, allow_rejects: bool) -> Exit {
    if !conversion.failures.is_empty() || !conversion.unlisted.is_empty() {
        Exit::Failed
    } else if conversion.report.events.rejected > 0 && !allow_rejects {
        Exit::Rejects
    } else {
        Exit::Done
    }
}
