//! The main job: log objects to a dataset.
//!
//! [`run`] is the whole way on one screen. A [`Plan`] lists the objects that are new, and groups them into tasks; `driver`
//! runs them: `task` turns objects into data files, `settle` commits them. Here the outcomes are added up and proven to
//! be complete. [`retry()`] gives what was rejected another chance.

mod assembly;
mod driver;
mod memory;
mod piece;
mod plan;
mod progress;
mod retry;
mod settle;
mod task;

use std::collections::VecDeque;
use std::time::Instant;

pub use assembly::{Outcome, RejectNote};
pub use memory::SMALLEST_LIMIT_BYTES;
pub use plan::{Plan, Planned, PlannedObject, Task};
pub use progress::{Progress, Snapshot};
pub use retry::{Retried, Retry, Unfit, retry};

use crate::dataset::{self, Dataset};
use crate::filter::Filter;
use crate::read::ObjectFailure;
use crate::report::{Report, Unreconciled};
use crate::source::{self, Location};
use crate::write;
use driver::{Driver, Performed};

/// What a run is to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the log objects are.
    pub sources: Vec<Location>,
    /// Which events are asked for.
    pub filter: Filter,
    /// Memory the run may take, at least [`SMALLEST_LIMIT_BYTES`].
    pub memory_limit_bytes: usize,
    /// What one object may inflate to.
    pub object_limit_bytes: u64,
    /// Take known secrets out of events.
    pub redact: bool,
    /// A task takes up to so many bytes of log objects, as stored.
    pub commit_every_bytes: u64,
    /// Convert what is in once more.
    pub reprocess: bool,
    /// Threads that decode and encode.
    pub threads: usize,
    /// Objects fetched at a time over a network.
    pub fetches: usize,
}

/// Why a run could not go on. What is wrong with single objects or events does not end a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The dataset cannot be read or written.
    #[error(transparent)]
    Dataset(#[from] dataset::Error),
    /// A partition could not be encoded.
    #[error(transparent)]
    Encode(#[from] write::Error),
    /// Another run is at the very same work.
    #[error("{who} does the same just now; wait until it is done")]
    Busy {
        /// Which process.
        who: String,
    },
    /// A thread came to an end before its work did.
    #[error("a worker thread failed; its message is above")]
    Abandoned,
    /// The counts do not add up.
    #[error("the run does not reconcile, please report this: {0}")]
    Unreconciled(#[from] Unreconciled),
}

/// What a run did, and what it could not do.
#[derive(Debug, Default)]
pub struct Conversion {
    /// The counts, reconciled.
    pub report: Report,
    /// Directories and objects that could not be listed.
    pub unlisted: Vec<source::Error>,
    /// Objects that could not be read to their end.
    pub failures: Vec<ObjectFailure>,
    /// Where the first rejects are.
    pub rejects: Vec<RejectNote>,
}

/// Converts log objects into data files of `dataset`.
///
/// Must be called on a multi-threaded tokio runtime.
///
/// # Errors
/// [`Error`] if the dataset cannot be written or the counts do not add up.
pub async fn run(dataset: &Dataset, settings: &Settings, progress: &Progress) -> Result<Conversion, Error> {
    let start = Instant::now();
    let mut driver = Driver::start(dataset, settings, progress).await?;
    let mut plan = Plan::new(settings, dataset, driver.ledger()).await;
    let mut conversion = Conversion::default();
    let mut busy = VecDeque::new();
    while let Some(task) = plan.next_task().await {
        progress.plan(task.objects.len() as u64, task.bytes());
        match driver.perform(task).await? {
            Performed::Done(outcome) => conversion.add(*outcome),
            Performed::Busy(task) => busy.push_back(task),
        }
    }
    // What nobody else did went first. Now the others are waited for, and what they leave is done.
    while let Some(task) = busy.pop_front() {
        match driver.perform(task).await? {
            Performed::Done(outcome) => conversion.add(*outcome),
            Performed::Busy(task) => {
                busy.push_back(task);
                driver.wait().await?;
            }
        }
    }
    conversion.close(plan.planned);
    conversion.report.elapsed = start.elapsed();
    conversion.report.reconcile()?;
    Ok(conversion)
}

impl Conversion {
    /// Adds what a task did.
    fn add(&mut self, outcome: Outcome) {
        self.report.add(&outcome.report);
        self.failures.extend(outcome.failures);
        self.rejects.extend(outcome.rejects);
    }

    /// Adds what was planned, now that all of it is.
    fn close(&mut self, planned: Planned) {
        self.report.add_plan(planned.listed, planned.skipped, planned.changed);
        self.unlisted = planned.failures;
    }
}
