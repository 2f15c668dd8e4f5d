//! How far a run is, for whoever wants to show it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that grow as a run goes on.
#[derive(Debug, Default)]
pub struct Progress {
    total_objects: AtomicU64,
    total_bytes: AtomicU64,
    objects: AtomicU64,
    bytes: AtomicU64,
    events: AtomicU64,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Objects to convert, as far as they have been listed; 0 at the beginning.
    pub total_objects: u64,
    /// Bytes to read, as stored.
    pub total_bytes: u64,
    /// Objects read.
    pub objects: u64,
    /// Bytes read, as stored.
    pub bytes: u64,
    /// Events found.
    pub events: u64,
}

impl Progress {
    pub(super) fn plan(&self, objects: u64, bytes: u64) {
        self.total_objects.fetch_add(objects, Ordering::Relaxed);
        self.total_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_events(&self, events: u64) {
        self.events.fetch_add(events, Ordering::Relaxed);
    }

    pub(super) fn finish_object(&self, bytes: u64) {
        self.objects.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Where the run stands.
    pub fn snapshot(&self) -> Snapshot {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            total_objects: load(&self.total_objects),
            total_bytes: load(&self.total_bytes),
            objects: load(&self.objects),
            bytes: load(&self.bytes),
            events: load(&self.events),
        }
    }
}
