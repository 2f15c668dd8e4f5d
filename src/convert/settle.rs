//! From what a task has written to a version of the dataset.
//!
//! A task's duplicates are told by the dataset as it stood when the task began. Should another run commit meanwhile, the
//! task's files are still right unless that run wrote one of its events: then the task is done again, on top of what is
//! there now.

use super::Error;
use super::assembly::Outcome;
use crate::dataset::{self, Claim, Commit, Dataset, Head, KnownEvents, LedgerEntry, NewVersion};

/// What became of what a task wrote.
#[derive(Debug)]
pub(super) enum Settled {
    /// It counts; this is the dataset now.
    Committed(Head),
    /// It holds what the dataset, which is this by now, holds too. All that the task wrote is deleted.
    Overlaps(Head),
}

/// Commits what a task that began at `head` has written, and `objects` as being in.
///
/// # Errors
/// If the dataset cannot be read or written, or another run has given this one up for dead.
pub(super) async fn settle(
    dataset: &Dataset,
    claim: &Claim,
    head: &Head,
    outcome: &Outcome,
    known: &mut KnownEvents,
    objects: Vec<LedgerEntry>,
) -> Result<Settled, Error> {
    let version = NewVersion {
        added: outcome.files.clone(),
        objects,
        stem: claim.stem().to_owned(),
        has_rejects: outcome.reject_files > 0,
        ..NewVersion::default()
    };
    if version.is_empty() {
        return Ok(Settled::Committed(head.clone()));
    }
    let mut head = head.clone();
    loop {
        match dataset.commit(&head, &version).await? {
            Commit::Done(head) => return Ok(Settled::Committed(head)),
            Commit::Overtaken(newer) => head = newer,
        }
        if !claim.is_held().await? {
            return Err(dataset::Error::GivenUp.into());
        }
        if known.meets(&head).await? {
            tracing::info!(stem = claim.stem(), "another run wrote some of these events: once more");
            claim.clear(&head).await?;
            return Ok(Settled::Overlaps(head));
        }
    }
}
