//! The reconciliation of a run: what was read, and what became of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytesize::ByteSize;
use serde::Serialize;
use serde::ser::Serializer;

use crate::decode::LookAlike;

/// Why an object was not converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// It is in already, as it is.
    Known,
    /// Its key proves that it holds nothing that was asked for.
    Filtered,
    /// Delivered by another service into the same bucket.
    OtherService,
    /// Neither JSON nor named like a log file.
    NotLog,
    /// It holds no events, but something of this kind.
    LookAlike(LookAlike),
}

impl SkipReason {
    /// The code that reports use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Filtered => "filtered",
            Self::OtherService => "other_service",
            Self::NotLog => "not_log",
            Self::LookAlike(kind) => kind.code(),
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known => "converted before",
            Self::Filtered => "outside the filters",
            Self::OtherService => "logs of other services",
            Self::NotLog => "no logs",
            Self::LookAlike(kind) => return kind.fmt(f),
        })
    }
}

/// Objects by what became of them: `listed = converted + skipped + failed`.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct ObjectCounts {
    /// Found in the sources.
    pub listed: u64,
    /// Read to their end.
    pub converted: u64,
    /// Not opened, or found to be no logs.
    pub skipped: u64,
    /// Not read, or not to their end. Events before the break are converted.
    pub failed: u64,
    /// Of those that were read: in already, but with another content, or for other events of theirs.
    pub changed: u64,
    /// Why objects were skipped.
    #[serde(serialize_with = "by_code")]
    pub skipped_by_reason: BTreeMap<SkipReason, u64>,
}

/// Events by what became of them: `read = written + duplicates + rejected`.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct EventCounts {
    /// Found in the objects and within the filters.
    pub read: u64,
    /// Written to data files.
    pub written: u64,
    /// Known already.
    pub duplicates: u64,
    /// Kept verbatim among the rejects.
    pub rejected: u64,
    /// Found in the objects, but outside the filters; not counted as read.
    pub filtered: u64,
}

/// Data files.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct FileCounts {
    /// Number of them.
    pub written: u64,
    /// Their size.
    pub bytes: u64,
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct InputCounts {
    /// As stored.
    pub compressed_bytes: u64,
    /// After decompression.
    pub inflated_bytes: u64,
}

/// The report of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Log objects.
    pub objects: ObjectCounts,
    /// Events.
    pub events: EventCounts,
    /// What was found in the objects that only looks like events, and is not counted as read.
    #[serde(serialize_with = "by_code")]
    pub look_alikes: BTreeMap<LookAlike, u64>,
    /// Data files.
    pub files: FileCounts,
    /// Bytes read.
    pub input: InputCounts,
    /// Wall time.
    #[serde(rename = "elapsed_seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
    /// Which trailhouse it was.
    pub version: Version,
}

/// What is counted under a code.
trait Coded: Copy {
    fn code(self) -> &'static str;
}

impl Coded for SkipReason {
    fn code(self) -> &'static str {
        self.code()
    }
}

impl Coded for LookAlike {
    fn code(self) -> &'static str {
        self.code()
    }
}

fn by_code<K: Coded, S: Serializer>(counts: &BTreeMap<K, u64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(key, count)| (key.code(), count)))
}

fn seconds<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((elapsed.as_secs_f64() * 1000.0).round() / 1000.0)
}

/// Rejects by what became of them: `tried = resolved + remaining`.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct RejectCounts {
    /// Read again.
    pub tried: u64,
    /// Wholly events now.
    pub resolved: u64,
    /// Still rejects, if only in part.
    pub remaining: u64,
}

/// The report of a retry.
#[derive(Debug, Clone, Serialize, Default)]
pub struct RetryReport {
    /// The rejects that were there.
    pub rejects: RejectCounts,
    /// What was found in them.
    pub events: EventCounts,
    /// Data files.
    pub files: FileCounts,
    /// Wall time.
    #[serde(rename = "elapsed_seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
    /// Which trailhouse it was.
    pub version: Version,
}

/// The version of trailhouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Version(pub &'static str);

impl Default for Version {
    /// This one.
    fn default() -> Self {
        Self(env!("CARGO_PKG_VERSION"))
    }
}

/// A run's counts do not add up, which would be a bug: something was lost or invented.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unreconciled {
    /// Events.
    #[error("{} events read, but {} written + {} duplicates + {} rejected", .0.read, .0.written, .0.duplicates, .0.rejected)]
    Events(EventCounts),
    /// Objects.
    #[error("{} objects listed, but {} converted + {} skipped + {} failed", .0.listed, .0.converted, .0.skipped, .0.failed)]
    Objects(ObjectCounts),
    /// Rejects.
    #[error("{} rejects tried, but {} resolved + {} remaining", .0.tried, .0.resolved, .0.remaining)]
    Rejects(RejectCounts),
}

impl EventCounts {
    fn add(&mut self, more: &Self) {
        self.read += more.read;
        self.written += more.written;
        self.duplicates += more.duplicates;
        self.rejected += more.rejected;
        self.filtered += more.filtered;
    }

    fn reconcile(&self) -> Result<(), Unreconciled> {
        let complete = self.read == self.written + self.duplicates + self.rejected;
        if complete { Ok(()) } else { Err(Unreconciled::Events(*self)) }
    }
}

impl FileCounts {
    fn add(&mut self, more: Self) {
        self.written += more.written;
        self.bytes += more.bytes;
    }
}

impl RetryReport {
    /// Adds what was found and written.
    pub fn add(&mut self, events: &EventCounts, files: FileCounts) {
        self.events.add(events);
        self.files.add(files);
    }

    /// Proves that nothing was lost.
    ///
    /// # Errors
    /// [`Unreconciled`] if counts do not add up.
    pub fn reconcile(&self) -> Result<(), Unreconciled> {
        self.events.reconcile()?;
        let RejectCounts { tried, resolved, remaining } = self.rejects;
        if tried == resolved + remaining { Ok(()) } else { Err(Unreconciled::Rejects(self.rejects)) }
    }
}

impl Report {
    /// Adds what was listed.
    pub fn add_plan(&mut self, listed: u64, skipped: BTreeMap<SkipReason, u64>, changed: u64) {
        self.objects.listed += listed;
        self.objects.changed += changed;
        for (reason, objects) in skipped {
            self.skip(reason, objects);
        }
    }

    /// Adds what a task did.
    pub fn add(&mut self, task: &Self) {
        self.objects.converted += task.objects.converted;
        self.objects.failed += task.objects.failed;
        for (reason, objects) in &task.objects.skipped_by_reason {
            self.skip(*reason, *objects);
        }
        self.events.add(&task.events);
        for (kind, count) in &task.look_alikes {
            *self.look_alikes.entry(*kind).or_default() += count;
        }
        self.files.add(task.files);
        self.input.compressed_bytes += task.input.compressed_bytes;
        self.input.inflated_bytes += task.input.inflated_bytes;
    }

    /// Proves that nothing was lost.
    ///
    /// # Errors
    /// [`Unreconciled`] if counts do not add up.
    pub fn reconcile(&self) -> Result<(), Unreconciled> {
        self.events.reconcile()?;
        let objects = &self.objects;
        if objects.listed != objects.converted + objects.skipped + objects.failed {
            return Err(Unreconciled::Objects(objects.clone()));
        }
        Ok(())
    }

    pub(crate) fn skip(&mut self, reason: SkipReason, objects: u64) {
        self.objects.skipped += objects;
        *self.objects.skipped_by_reason.entry(reason).or_default() += objects;
    }
}

impl fmt::Display for EventCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "events   {} read = {} written", self.read, self.written)?;
        write!(f, " + {} duplicates + {} rejected", self.duplicates, self.rejected)
    }
}

impl fmt::Display for FileCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "files    {} written, {}", self.written, ByteSize(self.bytes))
    }
}

impl fmt::Display for RetryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rejects, events, files, elapsed, .. } = self;
        let RejectCounts { tried, resolved, remaining } = rejects;
        writeln!(f, "rejects  {tried} tried = {resolved} resolved + {remaining} remaining")?;
        write!(f, "{events}\n{files}\nelapsed  {:.2} s", elapsed.as_secs_f64())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { objects, events, files, input, elapsed, .. } = self;
        write!(f, "objects  {} listed = {} converted", objects.listed, objects.converted)?;
        writeln!(f, " + {} skipped + {} failed", objects.skipped, objects.failed)?;
        if objects.changed > 0 {
            writeln!(
                f,
                "         of these, {} were in with another content or for other events",
                objects.changed
            )?;
        }
        for (reason, count) in &objects.skipped_by_reason {
            writeln!(f, "         skipped: {count} {reason}")?;
        }
        writeln!(f, "{events}")?;
        if events.filtered > 0 {
            writeln!(f, "         {} more outside the filters", events.filtered)?;
        }
        for (kind, count) in &self.look_alikes {
            writeln!(f, "         besides: {count} {kind}")?;
        }
        writeln!(f, "{files}")?;
        writeln!(
            f,
            "input    {}, inflated {}",
            ByteSize(input.compressed_bytes),
            ByteSize(input.inflated_bytes)
        )?;
        let rate = events.read as f64 / elapsed.as_secs_f64().max(1e-3);
        write!(f, "elapsed  {:.2} s, {rate:.0} events/s", elapsed.as_secs_f64())
    }
}
