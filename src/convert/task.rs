//! Running one task on this machine: log objects in, data files and counts out.
//!
//! One thread of the runtime fetches ahead; as many threads as there are cores decode, and encode partitions as
//! they close. See [`super::assembly`] for how they come together.

use std::sync::{Mutex, PoisonError};

use futures::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::assembly::{Assembly, Outcome};
use super::memory::MemoryShares;
use super::piece::ObjectConverter;
use super::plan::Task;
use super::progress::Progress;
use super::{Error, Settings};
use crate::dataset::{Dataset, Head, KnownEvents};
use crate::source::{self, Fetched};

/// Objects being fetched at a time from a local disk: a few keep the threads busy.
const LOCAL_FETCHES: usize = 16;

/// Converts the objects of `task` and writes the data files, whose names begin with `stem`, to `dataset`. They do not
/// count before they are committed on top of `head`.
///
/// # Errors
/// If the dataset cannot be written. What is wrong with single objects is part of the outcome.
pub(super) async fn run(
    task: &Task,
    stem: &str,
    dataset: &Dataset,
    head: &Head,
    settings: &Settings,
    progress: &Progress,
) -> Result<(Outcome, KnownEvents), Error> {
    let memory = MemoryShares::of(settings.memory_limit_bytes);
    let known = KnownEvents::new(dataset, head, memory.known);
    let assembly = Assembly::new(dataset, stem, task.objects.len(), memory, known, Handle::current());
    let (sender, receiver) = mpsc::channel::<Arrived>(LOCAL_FETCHES);
    let receiver = Mutex::new(receiver);
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            for _ in 0..settings.threads {
                scope.spawn(|| work(task, settings, progress, &assembly, &receiver));
            }
            Handle::current().block_on(fetch_all(task, settings.fetches, memory.fetched, sender));
        });
    });
    assembly.into_outcome()
}

/// An object that has been fetched, or could not be.
struct Arrived {
    index: usize,
    fetched: Result<Fetched, source::Error>,
    /// Held until the object is decoded, to bound what is fetched ahead.
    permit: Option<tokio::sync::OwnedSemaphorePermit>,
}

/// Fetches the task's objects in order, several at a time, and no more bytes than `budget_bytes` ahead. Over a network, where
/// most of the time is spent waiting for the first byte, as many as `remote_fetches` at a time.
async fn fetch_all(task: &Task, remote_fetches: usize, budget_bytes: usize, sender: mpsc::Sender<Arrived>) {
    const UNIT: usize = 1 << 10;
    let budget = budget_bytes / UNIT;
    let semaphore = std::sync::Arc::new(tokio::sync::Semaphore::new(budget));
    let fetches = task.objects.iter().enumerate().map(|(index, planned)| {
        let units = (planned.object.size as usize / UNIT + 1).min(budget) as u32;
        let semaphore = semaphore.clone();
        async move {
            let permit = semaphore.acquire_many_owned(units).await.ok();
            Arrived { index, fetched: source::fetch(&planned.object).await, permit }
        }
    });
    let remote = task.objects.iter().any(|planned| planned.object.is_remote());
    let mut arriving =
        futures::stream::iter(fetches).buffered(if remote { remote_fetches } else { LOCAL_FETCHES });
    while let Some(arrived) = arriving.next().await {
        if sender.send(arrived).await.is_err() {
            return;
        }
    }
}

/// What each thread does: decode objects as they arrive, then help to write the partitions.
fn work(
    task: &Task,
    settings: &Settings,
    progress: &Progress,
    assembly: &Assembly<'_>,
    receiver: &Mutex<mpsc::Receiver<Arrived>>,
) {
    let _guard = GiveUpOnPanic(assembly);
    let mut converter = ObjectConverter::new(settings, progress);
    let next = || receiver.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
    let mut wanted = true;
    while wanted && let Some(Arrived { index, fetched, permit }) = next() {
        let mut part = 0;
        converter.convert(&task.objects[index], fetched, |piece| {
            wanted = assembly.hand_over((index, part), piece);
            part += 1;
            wanted
        });
        drop(permit);
    }
    if !wanted {
        // What is still on its way is let go, so that the fetching side does not wait for room.
        receiver.lock().unwrap_or_else(PoisonError::into_inner).close();
        while next().is_some() {}
    }
    assembly.finish();
}

/// Tells the other threads if this one panics; the panic itself goes on when the threads are joined.
struct GiveUpOnPanic<'a>(&'a Assembly<'a>);

impl Drop for GiveUpOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.give_up();
        }
    }
}
