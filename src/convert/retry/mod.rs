//! Rejects tried again: what now reads as events goes into the dataset, as if it had always done so.
//!
//! Each file of rejects is a task of its own. Its data files are committed first; then the file is replaced by what is
//! still to be kept, or removed, in one step. Killed before that step, the same retry does the same again, and the events
//! of the first try are recognised. Nothing is lost at any moment, and nothing doubled in the end.

mod reading;

use std::time::Instant;

use hashbrown::HashSet;
use object_store::path::Path;
use tokio::runtime::Handle;

use super::Error;
use super::assembly::{Assembly, Outcome, RejectNote};
use super::memory::MemoryShares;
use super::piece::{ObjectEnd, Piece, Verdict};
use super::settle::{Settled, settle};
use crate::dataset::{Claim, Claimed, Dataset, Head, KnownEvents, RejectId, Selection, StoredReject};
use crate::report::{EventCounts, FileCounts, RetryReport};
use crate::table::{EventKey, flatten};
use reading::{Finding, Reading};

pub use reading::Unfit;

/// What to try again.
#[derive(Debug, Clone)]
pub struct Retry {
    /// Which rejects.
    pub selection: Selection,
    /// Read this in place of what is stored. Taken only if all of it makes sense: else the reject stays.
    pub edited: Option<Vec<u8>>,
    /// Memory the retry may take, at least [`SMALLEST_LIMIT_BYTES`](super::SMALLEST_LIMIT_BYTES).
    pub memory_limit_bytes: usize,
}

/// What a retry did.
#[derive(Debug, Default)]
pub struct Retried {
    /// The counts, reconciled.
    pub report: RetryReport,
    /// The first rejects that remain of those tried.
    pub remaining: Vec<(RejectId, RejectNote)>,
    /// Why the edited bytes were not taken.
    pub unfit: Option<Unfit>,
}

/// Remaining rejects that are named; the others are counted, and stored like these.
const NAMED_REJECTS: usize = 100;

/// Tries stored rejects again.
///
/// Must be called on a multi-threaded tokio runtime.
///
/// # Errors
/// [`Error`] if the dataset cannot be read or written, or the counts do not add up.
pub async fn retry(dataset: &Dataset, retry: &Retry) -> Result<Retried, Error> {
    let start = Instant::now();
    let mut retried = Retried::default();
    let mut tried = HashSet::new();
    let mut head = dataset.recover(dataset.head().await?).await?;
    for file in dataset.reject_files().await? {
        let stored = dataset.read_rejects(&file).await?;
        if stored.iter().any(|reject| retry.selection.admits(reject)) {
            retry_file(dataset, &mut head, retry, &file, stored, &mut tried, &mut retried).await?;
        }
    }
    retried.report.elapsed = start.elapsed();
    retried.report.reconcile()?;
    Ok(retried)
}

/// Tries what is selected of one file of rejects.
async fn retry_file(
    dataset: &Dataset,
    head: &mut Head,
    retry: &Retry,
    file: &Path,
    stored: Vec<StoredReject>,
    tried: &mut HashSet<RejectId>,
    retried: &mut Retried,
) -> Result<(), Error> {
    let mut attempts = Vec::new();
    let mut remaining = Vec::new();
    for reject in &stored {
        if !retry.selection.admits(reject) {
            remaining.push(reject.clone());
            continue;
        }
        let attempt = Attempt::new(reject, retry.edited.as_deref());
        let left = attempt.remaining();
        // One that is stored twice is tried once, and resolved twice.
        if tried.insert(reject.id()) {
            retried.count(&attempt, &left);
            attempts.push(attempt);
        }
        remaining.extend(left);
    }

    let task = task_id(file, &attempts);
    let outcome = write(dataset, head, &task, &attempts, retry.memory_limit_bytes).await?;
    drop(attempts);
    retried.report.add(&outcome.report.events, outcome.report.files);
    tracing::info!(file = file.as_ref(), task, files = outcome.files.len(), "tried again");
    if remaining != stored {
        dataset.replace_rejects(file, &remaining).await?;
    }
    Ok(())
}

impl Retried {
    fn count(&mut self, attempt: &Attempt<'_>, left: &[StoredReject]) {
        let kept = left.len() as u64;
        self.report.rejects.tried += 1;
        self.report.rejects.resolved += u64::from(left.is_empty());
        self.report.rejects.remaining += u64::from(!left.is_empty());
        self.report.add(
            &EventCounts { read: kept, rejected: kept, ..EventCounts::default() },
            FileCounts::default(),
        );
        let unnamed = NAMED_REJECTS.saturating_sub(self.remaining.len());
        self.remaining
            .extend(left.iter().take(unnamed).map(|reject| (reject.id(), RejectNote::from(reject))));
        self.unfit = self.unfit.or(attempt.unfit);
    }
}

/// A reject that is tried again.
struct Attempt<'a> {
    reject: &'a StoredReject,
    reading: Reading<'a>,
    edited: bool,
    /// Why the edit is not taken.
    unfit: Option<Unfit>,
}

impl<'a> Attempt<'a> {
    fn new(reject: &'a StoredReject, edited: Option<&'a [u8]>) -> Self {
        let reading = Reading::best(edited.unwrap_or(&reject.raw));
        let unfit = edited.and_then(|_| reading.unfit());
        Self { reject, reading, edited: edited.is_some(), unfit }
    }

    /// Whether events of it go into the dataset.
    fn is_taken(&self) -> bool {
        self.reading.events() > 0 && self.unfit.is_none()
    }

    /// What is to be kept as rejects from now on.
    fn remaining(&self) -> Vec<StoredReject> {
        let mut rejects = Vec::new();
        if self.unfit.is_none() {
            self.each(|finding| {
                if let Finding::Reject(reject) = finding {
                    rejects.push(StoredReject::new(&self.reject.object, &reject));
                }
            });
        }
        if self.is_taken() {
            return rejects;
        }
        // Without any event it stays in one piece, whatever it is made of. This version may know better why.
        match rejects.into_iter().next() {
            Some(StoredReject { reason, detail, .. }) if !self.edited => {
                vec![StoredReject { reason, detail, ..self.reject.clone() }]
            }
            _ => vec![self.reject.clone()],
        }
    }

    /// The rows of its events.
    fn piece(&self) -> Piece {
        let mut piece = Piece::default();
        if self.is_taken() {
            self.each(|finding| {
                if let Finding::Event(event) = finding {
                    let row = flatten(&event, &self.reject.object);
                    piece.rows.push(&row, EventKey::new(&event, &row));
                }
            });
        }
        let inflated_bytes = self.reject.raw.len() as u64;
        piece.end = Some(ObjectEnd { verdict: Verdict::Converted, compressed_bytes: 0, inflated_bytes });
        piece
    }

    /// Goes through what is found, with the index and offsets it has in the log object.
    fn each(&self, mut found: impl FnMut(Finding<'_>)) {
        let index = self.reject.event_index;
        let offset = |within: u64| self.reject.byte_offset + within;
        self.reading.each(|finding| {
            found(match finding {
                Finding::Event(mut event) => {
                    (event.index, event.offset) = (index, offset(event.offset));
                    Finding::Event(event)
                }
                Finding::Reject(mut reject) => {
                    (reject.index, reject.offset) = (index, offset(reject.offset));
                    Finding::Reject(reject)
                }
            });
        });
    }
}

/// Writes the events of `attempts` to data files and commits them on top of `head`.
async fn write(
    dataset: &Dataset,
    head: &mut Head,
    task: &str,
    attempts: &[Attempt<'_>],
    memory_limit_bytes: usize,
) -> Result<Outcome, Error> {
    if !attempts.iter().any(Attempt::is_taken) {
        return Ok(Outcome::default());
    }
    let claim = match dataset.claim(head, task).await? {
        Claimed::Mine(claim, newer) => {
            *head = newer;
            claim
        }
        Claimed::Theirs(who) => return Err(Error::Busy { who }),
    };
    loop {
        match write_once(dataset, head, &claim, attempts, memory_limit_bytes).await {
            Ok((outcome, Settled::Committed(newer))) => {
                *head = newer;
                claim.release().await?;
                return Ok(outcome);
            }
            Ok((_, Settled::Overlaps(newer))) => *head = newer,
            Err(error) => {
                // What cannot be cleared away now will be by the next run.
                if let Err(error) = claim.give_up(head).await {
                    tracing::warn!(%error, "cannot clear away what the retry wrote");
                }
                return Err(error);
            }
        }
    }
}

async fn write_once(
    dataset: &Dataset,
    head: &Head,
    claim: &Claim,
    attempts: &[Attempt<'_>],
    memory_limit_bytes: usize,
) -> Result<(Outcome, Settled), Error> {
    let memory = MemoryShares::of(memory_limit_bytes);
    let known = KnownEvents::new(dataset, head, memory.known);
    let assembly = Assembly::new(dataset, claim.stem(), attempts.len(), memory, known, Handle::current());
    tokio::task::block_in_place(|| {
        let mut pieces = attempts.iter().map(Attempt::piece).enumerate();
        if pieces.all(|(position, piece)| assembly.hand_over((position, 0), piece)) {
            assembly.finish();
        }
    });
    let (outcome, mut known) = assembly.into_outcome()?;
    let settled = settle(dataset, claim, head, &outcome, &mut known, Vec::new()).await?;
    Ok((outcome, settled))
}

/// Names the task by what it tries, so that the same retry writes files of the same names. No task of a conversion
/// has such a name.
fn task_id(file: &Path, attempts: &[Attempt<'_>]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(file.as_ref().as_bytes());
    for attempt in attempts {
        hasher.update(&attempt.reject.id().to_bytes());
        if attempt.edited {
            hasher.update(attempt.reading.text());
        }
    }
    format!("retry-{}", &hasher.finalize().to_hex()[..16])
}
