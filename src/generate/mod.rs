//! Realistic made-up CloudTrail log objects, to try the converter on.
//!
//! The objects are those of a made-up organisation: four accounts, nine regions, some two hundred roles,
//! people and users, who call about forty services over a few days. Shapes and proportions follow real
//! trails; contents are invented. The same [`Options`] make the same bytes on every machine, as long as the
//! program and its compression library stay the same version.
//!
//! ```text
//! Options --plan--> Object: account, region, delivery time, number of events
//!         --world--> names, principals, addresses, catalog of services
//! Object, index --compose | insight | damage--> one element of `Records`, and what must be found in it
//! ```
//!
//! An event depends on the seed, its object's number and its place in it, and on nothing else. Therefore
//! objects are written on all cores in any order, and redelivered events need not be remembered.
//!
//! Memory: each thread holds one object, inflated and compressed, of a few MB.

mod addresses;
mod agents;
mod call;
mod callers;
mod catalog;
mod compose;
mod damage;
mod error;
mod identity;
mod ids;
mod insight;
mod names;
mod object;
mod plan;
mod principals;
mod random;
mod render;
mod sessions;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod truth;
mod visitors;
mod world;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use chrono::{Datelike, NaiveDate};

pub use error::Error;
use plan::Plan;
use truth::Tally;
pub use truth::{EventCounts, PartitionCount, Totals, Truth, TruthOptions};
use world::World;

/// What to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Distinct events, damaged ones included.
    pub events: u64,
    /// Decides everything that is random.
    pub seed: u64,
    /// Number of objects; about one for each thousand events if not given. Where duplicates find no later
    /// object of their account and region, one is added.
    pub files: Option<u64>,
    /// The first day (UTC) on which events happen.
    pub start: NaiveDate,
    /// The number of days. Objects delivered just after the last midnight lie in the folder of the day after.
    pub days: u32,
    /// Share of the events that are delivered a second time, byte for byte, in another, later object.
    pub duplicate_percent: f64,
    /// Share of the events that are replaced by valid JSON that is no CloudTrail event.
    pub damaged_percent: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            events: 100_000,
            seed: 0,
            files: None,
            // Any day does; this one keeps the dates of all made-up datasets the same.
            start: NaiveDate::from_ymd_opt(2025, 3, 1).unwrap_or_default(),
            days: 3,
            duplicate_percent: 0.0,
            damaged_percent: 0.0,
        }
    }
}

/// Name of the file that says what was generated.
const TRUTH_FILE: &str = "truth.json";

/// Writes log objects below `to/AWSLogs`, and `to/truth.json` when all are written. `progress` is called with
/// the number of elements written so far, once for each object.
///
/// # Errors
///
/// When the options make no sense, when generated objects lie below `to` already, or when a file cannot be
/// written.
pub fn generate(options: &Options, to: &Path, progress: &dyn Fn(u64)) -> Result<Truth, Error> {
    check(options)?;
    for occupied in [to.join("AWSLogs"), to.join(TRUTH_FILE)] {
        if occupied.exists() {
            return Err(Error::Occupied { path: occupied });
        }
    }
    std::fs::create_dir_all(to).map_err(Error::write(to))?;
    let world = World::new(options.seed);
    let plan = Plan::new(options);
    let truth = write_objects(&world, &plan, to, progress)?.into_truth(options);
    let mut json = serde_json::to_vec_pretty(&truth).map_err(|error| Error::write(to)(error.into()))?;
    json.push(b'\n');
    object::write_whole(&to.join(TRUTH_FILE), &json)?;
    Ok(truth)
}

/// Writes all objects on all cores. The first error stops the others after their current object.
fn write_objects(world: &World, plan: &Plan, to: &Path, progress: &dyn Fn(u64)) -> Result<Tally, Error> {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(plan.objects.len());
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some(object) = plan.objects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Nobody listens any more after an error.
                    if sender.send(object::write_object(world, plan, object, to)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut total = Tally::default();
        for written in receiver {
            total.add(written?);
            progress(total.events.read);
        }
        Ok(total)
    })
}

fn check(options: &Options) -> Result<(), Error> {
    let percentages = [options.duplicate_percent, options.damaged_percent];
    let reason = if options.days == 0 {
        "no days to put them in"
    } else if percentages.iter().any(|percent| !(0.0..=100.0).contains(percent)) {
        "a percentage is not between 0 and 100"
    } else if percentages.iter().sum::<f64>() > 100.0 {
        "duplicate and damaged events together are more than all"
    } else if options.files == Some(0) && options.events > 0 {
        "no files to put them in"
    } else if options.files.is_some_and(|files| files > options.events) {
        "more files than events"
    } else if !(1970..=9000).contains(&options.start.year()) || options.days > 100_000 {
        "the days are outside the years 1970 to 9000"
    } else {
        return Ok(());
    };
    Err(Error::Options { reason })
}
