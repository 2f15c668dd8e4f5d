//! Where the pieces of a task come together: in the order of the objects, whichever thread was first.
//!
//! Order is what makes a run reproducible: which copy of an event stays, and which partitions are closed early,
//! follow from the input alone. A piece that comes before its turn waits here; a thread whose piece would make too
//! many wait, waits itself, and the threads that hand pieces over also encode the partitions that were closed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use hashbrown::HashSet;
use tokio::runtime::Handle;

use super::Error;
use super::memory::MemoryShares;
use super::piece::{Piece, Verdict};
use crate::dataset::{
    DATA_FILE, Dataset, FILTER_SEGMENT_BYTES, Group, KnownEvents, NewFile, RejectFile, RejectId, StoredReject,
};
use crate::read::ObjectFailure;
use crate::report::{EventCounts, Report};
use crate::write::{self, ClosedPartition, FanOut};

/// Rejects are written when they take this much memory.
const REJECT_FILE_BYTES: usize = 16 << 20;

/// Rejects of a task that are named; the others are counted, and stored like these.
const NAMED_REJECTS: usize = 100;

/// The place of a piece: object, and number within the object.
type Turn = (usize, u32);

/// A task under construction, shared by its threads.
pub(super) struct Assembly<'a> {
    dataset: &'a Dataset,
    /// How the names of its files begin, behind what kind they are of.
    stem: &'a str,
    /// How many objects the task has.
    objects: usize,
    memory: MemoryShares,
    /// For the store, which is asynchronous.
    runtime: Handle,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    turn: Turn,
    waiting: BTreeMap<Turn, Piece>,
    waiting_bytes: usize,
    known: KnownEvents,
    /// Whether events are being forgotten.
    forgetting: bool,
    fan_out: FanOut,
    closed: VecDeque<ClosedPartition>,
    /// Bytes of rows in closed partitions that are not yet written.
    closing_bytes: usize,
    all_closed: bool,
    rejects: Vec<StoredReject>,
    reject_bytes: usize,
    /// Bytes of the data files' filters that are not yet stored.
    filter_bytes: usize,
    /// Ids of the rejects there were before, once one came along.
    known_rejects: Option<HashSet<RejectId>>,
    outcome: Outcome,
    error: Option<Error>,
}

/// What a task brought.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The data files, by path.
    pub files: Vec<NewFile>,
    /// Files of rejects.
    pub reject_files: usize,
    /// Objects that were read to their end, by their place in the task.
    pub finished: Vec<usize>,
    /// Its share of the run's report.
    pub report: Report,
    /// Objects that could not be read to their end.
    pub failures: Vec<ObjectFailure>,
    /// Where the first rejects are.
    pub rejects: Vec<RejectNote>,
}

/// Where a reject is and why it is one: all that may be said of it aloud.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{object}, event {index} at byte {offset}: {reason}")]
pub struct RejectNote {
    /// The log object.
    pub object: String,
    /// Position among the object's events and rejects, from 0.
    pub index: u64,
    /// Where it begins in the inflated object.
    pub offset: u64,
    /// Why, and where exactly.
    pub reason: String,
}

impl From<&StoredReject> for RejectNote {
    fn from(reject: &StoredReject) -> Self {
        Self {
            object: reject.object.clone(),
            index: reject.event_index,
            offset: reject.byte_offset,
            reason: reject.explanation(),
        }
    }
}

impl State {
    fn close(&mut self, partitions: Vec<ClosedPartition>) {
        self.closing_bytes += partitions.iter().map(|partition| partition.bytes).sum::<usize>();
        self.closed.extend(partitions);
    }
}

impl<'a> Assembly<'a> {
    pub(super) fn new(
        dataset: &'a Dataset,
        stem: &'a str,
        objects: usize,
        memory: MemoryShares,
        known: KnownEvents,
        runtime: Handle,
    ) -> Self {
        let state = State {
            turn: (0, 0),
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            known,
            forgetting: false,
            fan_out: FanOut::new(memory.open),
            closed: VecDeque::new(),
            closing_bytes: 0,
            all_closed: objects == 0,
            rejects: Vec::new(),
            reject_bytes: 0,
            filter_bytes: 0,
            known_rejects: None,
            outcome: Outcome::default(),
            error: None,
        };
        Self { dataset, stem, objects, memory, runtime, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Takes a piece, now or when its turn comes, and writes partitions that were closed. `false` if the task has
    /// failed and more pieces are not wanted.
    pub(super) fn hand_over(&self, turn: Turn, piece: Piece) -> bool {
        let mut state = self.lock();
        let bytes = piece.memory_size();
        while state.error.is_none() && state.turn != turn && state.waiting_bytes > self.memory.waiting {
            state = self.write_or_wait(state);
        }
        while state.error.is_none()
            && state.turn == turn
            && state.fan_out.memory_size() + state.closing_bytes > self.memory.rows
        {
            state = self.write_or_wait(state);
        }
        while state.error.is_none() && state.forgetting {
            state = self.write_or_wait(state);
        }
        state.waiting.insert(turn, piece);
        state.waiting_bytes += bytes;
        while state.error.is_none()
            && let Some(piece) = {
                let turn = state.turn;
                state.waiting.remove(&turn)
            }
        {
            state.waiting_bytes -= piece.memory_size();
            if let Err(error) = self.absorb(&mut state, piece) {
                state.error = Some(error);
            }
            state = self.forget_events(state);
        }
        self.changed.notify_all();
        while state.error.is_none() && !state.closed.is_empty() {
            state = self.write_or_wait(state);
        }
        state.error.is_none()
    }

    /// Makes room if too many events are known: their partitions are closed and, once the rows are in files, the events
    /// forgotten. Until then nobody takes a piece in.
    fn forget_events<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let leaving = state.known.leaving();
        if leaving.is_empty() {
            return state;
        }
        let closed = state.fan_out.close_those(|partition| leaving.contains(&Group::of(partition)));
        state.close(closed);
        state.forgetting = true;
        self.changed.notify_all();
        while state.error.is_none() && state.closing_bytes > 0 {
            state = self.write_or_wait(state);
        }
        let State { known, outcome, .. } = &mut *state;
        known.forget(&leaving, &outcome.files);
        state.forgetting = false;
        self.changed.notify_all();
        state
    }

    /// Writes closed partitions until all pieces are in and all partitions written, or the task has failed.
    pub(super) fn finish(&self) {
        let mut state = self.lock();
        while state.error.is_none() && !(state.all_closed && state.closed.is_empty()) {
            state = self.write_or_wait(state);
        }
        self.changed.notify_all();
    }

    /// The task's outcome, once all threads have finished, and the events that are known by then.
    pub(super) fn into_outcome(self) -> Result<(Outcome, KnownEvents), Error> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.error {
            return Err(error);
        }
        let mut outcome = state.outcome;
        outcome.files.sort_unstable();
        Ok((outcome, state.known))
    }

    /// In turn: duplicates out, rows to their partitions, counts and rejects to the outcome.
    fn absorb(&self, state: &mut State, mut piece: Piece) -> Result<(), Error> {
        let State { known, fan_out, outcome, .. } = state;
        let events = &mut outcome.report.events;
        let rows = piece.rows.len() as u64;
        self.runtime.block_on(known.look_up(&piece.rows))?;
        let mut written = 0;
        let closed =
            fan_out.absorb(std::mem::take(&mut piece.rows), known.memory_size(), |partition, keys| {
                let are_new = known.insert(partition, keys);
                written += are_new.iter().filter(|new| **new).count() as u64;
                are_new
            });
        *events = EventCounts {
            read: events.read + rows + piece.rejects.len() as u64,
            written: events.written,
            duplicates: events.duplicates + rows - written,
            rejected: events.rejected,
            filtered: events.filtered + piece.filtered,
        };
        state.close(closed);

        for (kind, count) in std::mem::take(&mut piece.look_alikes) {
            *state.outcome.report.look_alikes.entry(kind).or_default() += count;
        }
        state.reject_bytes += piece.reject_bytes;
        let unnamed = NAMED_REJECTS.saturating_sub(state.outcome.rejects.len());
        state.outcome.rejects.extend(piece.rejects.iter().take(unnamed).map(RejectNote::from));
        state.rejects.append(&mut piece.rejects);
        if state.reject_bytes > REJECT_FILE_BYTES {
            self.write_rejects(state)?;
        }

        state.turn.1 += 1;
        if let Some(end) = piece.end {
            if !matches!(end.verdict, Verdict::Failed(_)) {
                state.outcome.finished.push(state.turn.0);
            }
            state.turn = (state.turn.0 + 1, 0);
            let report = &mut state.outcome.report;
            report.input.compressed_bytes += end.compressed_bytes;
            report.input.inflated_bytes += end.inflated_bytes;
            match end.verdict {
                Verdict::Converted => report.objects.converted += 1,
                Verdict::Skipped(reason) => report.skip(reason, 1),
                Verdict::Failed(failure) => {
                    report.objects.failed += 1;
                    state.outcome.failures.push(failure);
                }
            }
        }
        if state.turn.0 == self.objects {
            let closed = state.fan_out.close_all();
            state.close(closed);
            state.all_closed = true;
            self.write_rejects(state)?;
        }
        Ok(())
    }

    fn write_rejects(&self, state: &mut State) -> Result<(), Error> {
        if state.rejects.is_empty() {
            return Ok(());
        }
        let known = match &mut state.known_rejects {
            Some(known) => known,
            none => none.insert(self.runtime.block_on(self.dataset.reject_ids())?),
        };
        state.outcome.report.events.rejected += state.rejects.len() as u64;
        // An object that failed, or has changed, is read again; what is kept of it already is not kept twice.
        state.rejects.retain(|reject| known.insert(reject.id()));
        if !state.rejects.is_empty() {
            let file = RejectFile::encode(&state.rejects, self.stem, state.outcome.reject_files)?;
            self.runtime.block_on(self.dataset.put(&file.path, file.content))?;
            state.outcome.reject_files += 1;
        }
        state.rejects.clear();
        state.reject_bytes = 0;
        Ok(())
    }

    /// Stores the filters of the data files, if those of one more make too many to be held until the task is committed.
    fn put_filters(&self, state: &mut State, more: usize) -> Result<(), Error> {
        state.filter_bytes += more;
        if state.filter_bytes > FILTER_SEGMENT_BYTES {
            self.runtime.block_on(self.dataset.take_filters(self.stem, state.outcome.files.iter_mut()))?;
            state.filter_bytes = 0;
        }
        Ok(())
    }

    /// Writes one closed partition, if there is one; else waits for something to change.
    fn write_or_wait<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let Some(partition) = state.closed.pop_front() else {
            return self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        let written = self.write(&partition);
        let bytes = partition.bytes;
        drop(partition);
        let mut state = self.lock();
        state.closing_bytes -= bytes;
        match written {
            Ok(file) => {
                let filter_bytes = file.filter_bytes();
                let report = &mut state.outcome.report;
                report.events.written += file.file.rows;
                report.files.written += 1;
                report.files.bytes += file.file.bytes;
                state.outcome.files.push(file);
                if let Err(error) = self.put_filters(&mut state, filter_bytes) {
                    state.error = Some(error);
                }
            }
            Err(error) => state.error = Some(error),
        }
        self.changed.notify_all();
        state
    }

    fn write(&self, partition: &ClosedPartition) -> Result<NewFile, Error> {
        let encoded = write::encode(partition, &format!("{DATA_FILE}{}", self.stem))?;
        let written = self.runtime.block_on(self.dataset.put_data_file(encoded))?;
        tracing::debug!(
            path = written.file.path,
            rows = written.file.rows,
            bytes = written.file.bytes,
            "written"
        );
        Ok(written)
    }

    /// Fails the task, so that no thread waits for one that is gone.
    pub(super) fn give_up(&self) {
        self.lock().error.get_or_insert(Error::Abandoned);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked has failed the run by that; the state is only dropped after it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
