//! Tasks one after another, each until it is committed.
//!
//! Only the driver claims and commits; what a task does depends on nothing but its objects and the dataset as it stands
//! when it begins.

use std::sync::Arc;
use std::time::Duration;

use super::assembly::Outcome;
use super::plan::Task;
use super::progress::Progress;
use super::settle::{Settled, settle};
use super::{Error, Settings, task};
use crate::dataset::{Claim, Claimed, Dataset, Head, KnownEvents, Ledger};
use crate::report::SkipReason;

/// How long to wait for other runs before their work is looked at again.
const BUSY_WAIT: Duration = Duration::from_millis(500);

/// What a run knows between tasks.
pub(super) struct Driver<'a> {
    dataset: &'a Dataset,
    head: Head,
    settings: &'a Settings,
    progress: &'a Progress,
    /// Which events are asked for, as the ledger says it.
    filter: String,
}

/// What became of a task.
pub(super) enum Performed {
    /// It is committed, or there was nothing left to do.
    Done(Box<Outcome>),
    /// Another run does it.
    Busy(Task),
}

impl<'a> Driver<'a> {
    /// Clears away what other runs have left half done.
    ///
    /// # Errors
    /// If the dataset cannot be read.
    pub(super) async fn start(
        dataset: &'a Dataset,
        settings: &'a Settings,
        progress: &'a Progress,
    ) -> Result<Self, Error> {
        let head = dataset.recover(dataset.head().await?).await?;
        Ok(Self { dataset, head, settings, progress, filter: settings.filter.fingerprint() })
    }

    /// What need not be converted; nothing of it if all is to be done once more.
    pub(super) fn ledger(&self) -> Arc<Ledger> {
        if self.settings.reprocess { Arc::default() } else { self.head.ledger().clone() }
    }

    /// Converts what is left of a task and commits it.
    ///
    /// # Errors
    /// If the dataset cannot be read or written; then nothing is left of the task.
    pub(super) async fn perform(&mut self, mut task: Task) -> Result<Performed, Error> {
        task.leave_out_known(&self.ledger(), &self.filter);
        let mut outcome = Outcome::default();
        if !task.objects.is_empty() {
            let claim = match self.dataset.claim(&self.head, &task.id).await? {
                Claimed::Mine(claim, head) => {
                    self.head = head;
                    claim
                }
                Claimed::Theirs(who) => {
                    tracing::info!(task.id, who, "converted by another run");
                    return Ok(Performed::Busy(task));
                }
            };
            match self.convert(&mut task, &claim).await {
                Ok(done) => outcome = done,
                Err(error) => {
                    // What cannot be cleared away now will be by the next run.
                    if let Err(error) = claim.give_up(&self.head).await {
                        tracing::warn!(%error, "cannot clear away what the task wrote");
                    }
                    return Err(error);
                }
            }
            claim.release().await?;
        }
        if task.known > 0 {
            outcome.report.skip(SkipReason::Known, task.known);
        }
        Ok(Performed::Done(Box::new(outcome)))
    }

    /// Converts a task that was claimed, again and again if need be, until it is committed.
    async fn convert(&mut self, task: &mut Task, claim: &Claim) -> Result<Outcome, Error> {
        loop {
            task.leave_out_known(&self.ledger(), &self.filter);
            if task.objects.is_empty() {
                return Ok(Outcome::default());
            }
            let (outcome, mut known) = self.run(task, claim).await?;
            let finished =
                outcome.finished.iter().filter_map(|index| task.objects[*index].entry(&self.filter));
            let objects = finished.collect();
            match settle(self.dataset, claim, &self.head, &outcome, &mut known, objects).await? {
                Settled::Committed(head) => {
                    self.head = head;
                    return Ok(outcome);
                }
                Settled::Overlaps(head) => self.head = head,
            }
        }
    }

    async fn run(&self, task: &Task, claim: &Claim) -> Result<(Outcome, KnownEvents), Error> {
        task::run(task, claim.stem(), self.dataset, &self.head, self.settings, self.progress).await
    }

    /// Waits for other runs to get on, and clears away what those leave that have ended.
    ///
    /// # Errors
    /// If the dataset cannot be read.
    pub(super) async fn wait(&mut self) -> Result<(), Error> {
        tokio::time::sleep(BUSY_WAIT).await;
        let head = self.dataset.refreshed(&self.head).await?;
        self.head = self.dataset.recover(head).await?;
        Ok(())
    }
}
