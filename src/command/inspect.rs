//! `trailhouse inspect`: what a dataset holds.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::io::Write as _;

use bytesize::ByteSize;
use chrono::SecondsFormat;

use super::report;
use crate::cli::InspectArgs;
use crate::dataset::{Content, Dataset, Share, Summary};
use crate::error::{Error, Exit};

/// Services and regions that are named; the others are counted.
const NAMED: usize = 12;

/// Days that are drawn one by one; more of them are drawn by month, and more of these by year.
const BARS: usize = 45;

/// The longest bar.
const BAR_WIDTH: u64 = 40;

pub(super) async fn run(args: InspectArgs) -> Result<Exit, Error> {
    let dataset = Dataset::open(&args.dataset)?;
    let head = dataset.head().await?;
    let summary = dataset.summary(&head).await?;
    report::write(args.format, &summary, |out| {
        write!(out, "{}", Text { name: &args.dataset, summary: &summary })
    })?;
    Ok(Exit::Done)
}

/// A summary in words and bars.
struct Text<'a> {
    name: &'a str,
    summary: &'a Summary,
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { version, total, first, last, days, services, regions, objects, rejects } = self.summary;
        match version {
            Some(version) => writeln!(f, "dataset  {}, version {version}", self.name)?,
            None => writeln!(f, "dataset  {}, nothing committed yet", self.name)?,
        }
        let Content { events, files, bytes } = total;
        writeln!(f, "events   {events} in {files} files, {}", ByteSize(*bytes))?;
        if let (Some(first), Some(last)) = (first, last) {
            let time = |time: &chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
            writeln!(f, "time     {} to {}", time(first), time(last))?;
        }
        writeln!(f, "objects  {objects} converted")?;
        writeln!(f, "rejects  {rejects}")?;
        table(f, "service", services)?;
        table(f, "region", regions)?;
        bars(f, days)
    }
}

fn table(f: &mut fmt::Formatter<'_>, column: &str, shares: &[Share<String>]) -> fmt::Result {
    if shares.is_empty() {
        return Ok(());
    }
    let named = &shares[..shares.len().min(NAMED)];
    let width = named.iter().map(|share| share.value.len()).max().unwrap_or_default().max(24);
    writeln!(f, "\n{column:<width$} {:>12} {:>8} {:>11}", "events", "files", "size")?;
    for Share { value, content: Content { events, files, bytes } } in named {
        writeln!(f, "{value:<width$} {events:>12} {files:>8} {:>11}", ByteSize(*bytes).to_string())?;
    }
    match shares.len() - named.len() {
        0 => Ok(()),
        more => writeln!(f, "and {more} more"),
    }
}

/// Events by day, month or year, whichever makes few enough bars.
fn bars(f: &mut fmt::Formatter<'_>, days: &[Share<Option<chrono::NaiveDate>>]) -> fmt::Result {
    let by = |format: &str| {
        let mut bars = BTreeMap::<String, u64>::new();
        for Share { value, content } in days {
            let label = value.map_or_else(|| "unknown".to_owned(), |day| day.format(format).to_string());
            *bars.entry(label).or_default() += content.events;
        }
        bars
    };
    let bars = ["%Y-%m-%d", "%Y-%m"].iter().map(|format| by(format)).find(|bars| bars.len() <= BARS);
    let bars = bars.unwrap_or_else(|| by("%Y"));
    let most = bars.values().max().copied().unwrap_or_default().max(1);
    for (position, (label, events)) in bars.iter().enumerate() {
        if position == 0 {
            writeln!(f)?;
        }
        // What there is can be seen, however little it is.
        let length = (events * BAR_WIDTH).div_ceil(most) as usize;
        writeln!(f, "{label:<10} {events:>12} {}", "█".repeat(length))?;
    }
    Ok(())
}
