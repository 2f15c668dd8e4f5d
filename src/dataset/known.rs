//! Which events are already there.
//!
//! Copies of an event share its time and its source, so they lie in partitions of one day and one service, whatever the
//! region: what is known is kept for each such [`Group`]. Of the data files that were there before, the log tells the times; a
//! file that may hold one of the events' times is asked by its bloom filter for their ids; one that may hold an id is read for
//! times and ids; and only one that does hold one of them, for all that tells its rows apart.
//!
//! What comes along is remembered by its keys, until there are too many of them. Then those of the groups that nobody has asked
//! about for the longest time are forgotten, as soon as the rows are in files, which can be asked like all others.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use hashbrown::{HashMap, HashSet};

use super::known_file::KnownFile;
use super::{Dataset, Error, Head, NewFile, StoredFile};
use crate::partition::PartitionKey;
use crate::table::{EventKey, SomeRows};
use crate::write::PartitionedRows;

/// The events known so far.
#[derive(Debug)]
pub struct KnownEvents {
    dataset: Dataset,
    head: Head,
    groups: HashMap<Group, KnownGroup>,
    /// How many pieces have been asked about.
    pieces: u64,
    limit_bytes: usize,
    /// As of when it was last seen that nobody wrote any of the events that came along.
    met: Option<Head>,
}

/// The partitions of one day and one service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    date: Option<NaiveDate>,
    service: String,
}

impl Group {
    /// The group of a partition.
    pub fn of(partition: &PartitionKey) -> Self {
        Self { date: partition.date(), service: partition.service().to_owned() }
    }

    /// The directory that holds its partitions.
    fn directory(partition: &PartitionKey) -> String {
        let directories = partition.to_string();
        directories.rsplit_once('/').map_or_else(String::new, |(directory, _)| directory.to_owned())
    }
}

/// What is known of a group.
#[derive(Debug, Default)]
struct KnownGroup {
    /// The files that were there before.
    stored: Vec<KnownFile>,
    /// Files that were written since, whose keys were forgotten.
    written: Vec<KnownFile>,
    /// The events that came along since.
    new: HashSet<EventKey>,
    /// The last piece that had rows of it.
    asked: u64,
    /// The first and the last time that was asked about; the last is the greatest there is for rows without one.
    times: Option<(i64, i64)>,
}

impl KnownGroup {
    fn files(&mut self) -> impl Iterator<Item = &mut KnownFile> {
        self.stored.iter_mut().chain(&mut self.written)
    }

    fn memory_size(&self) -> usize {
        let files = self.stored.iter().chain(&self.written).map(KnownFile::memory_size);
        files.sum::<usize>() + self.new.allocation_size()
    }

    /// What of it is known of files' events, which may be forgotten at any time: it can be read again.
    fn read_size(&self) -> usize {
        self.stored.iter().chain(&self.written).map(KnownFile::read_size).sum()
    }

    fn note_times(&mut self, rows: SomeRows<'_>) {
        for (time, ..) in rows.sort_keys() {
            let (first, last) = self.times.get_or_insert((time, time));
            (*first, *last) = (time.min(*first), time.max(*last));
        }
    }

    /// Whether a file may hold an event that came along.
    fn may_share(&self, file: &StoredFile) -> bool {
        match (self.times, file.times) {
            (None, _) => false,
            (Some((_, i64::MAX)), _) | (_, None) => true,
            (Some((first, last)), Some((others_first, others_last))) => {
                first <= others_last && others_first <= last
            }
        }
    }
}

impl KnownEvents {
    /// Knows what counts in the dataset as of `head`, and should take about `limit_bytes`.
    pub fn new(dataset: &Dataset, head: &Head, limit_bytes: usize) -> Self {
        let (dataset, head) = (dataset.clone(), head.clone());
        Self { dataset, head, groups: HashMap::new(), pieces: 0, limit_bytes, met: None }
    }

    /// Looks up what the files say of these rows' events, so that they can be [taken in](Self::insert).
    ///
    /// # Errors
    /// If a data file cannot be read.
    pub async fn look_up(&mut self, rows: &PartitionedRows) -> Result<(), Error> {
        self.pieces += 1;
        for (partition, rows) in rows.partitions() {
            let head = &self.head;
            let group = self.groups.entry(Group::of(partition)).or_insert_with(|| {
                let stored = head.files().below(&Group::directory(partition));
                KnownGroup { stored: stored.map(KnownFile::new).collect(), ..KnownGroup::default() }
            });
            group.asked = self.pieces;
            group.note_times(rows);
            for file in group.files() {
                file.look_up(&self.dataset, rows).await?;
            }
        }
        Ok(())
    }

    /// Which of the events, all of one partition, were not known; from now on they are. They must have been looked up.
    pub fn insert(&mut self, partition: &PartitionKey, keys: &[EventKey]) -> Vec<bool> {
        let group = self.groups.entry(Group::of(partition)).or_default();
        let KnownGroup { stored, written, new, .. } = group;
        let is_stored = |key: &EventKey| stored.iter().chain(written.iter()).any(|file| file.holds(key));
        keys.iter().map(|key| !is_stored(key) && new.insert(*key)).collect()
    }

    /// Whether another run has meanwhile written, as `newer` shows, an event that was taken for new here.
    ///
    /// # Errors
    /// If a data file cannot be read.
    pub async fn meets(&mut self, newer: &Head) -> Result<bool, Error> {
        for file in newer.files().since(self.head.files()) {
            let Some(group) = self.groups.get_mut(&Group::of(&file.partition)) else { continue };
            if self.met.as_ref().is_some_and(|met| met.has_file(&file.meta.location))
                || !group.may_share(&file)
            {
                continue;
            }
            let mut theirs = KnownFile::new(file);
            if !group.new.is_empty() {
                theirs.read(&self.dataset).await?;
                if theirs.keys().any(|key| group.new.contains(key)) {
                    return Ok(true);
                }
            }
            for ours in group.written.iter_mut() {
                if !ours.overlaps(&theirs) {
                    continue;
                }
                theirs.read(&self.dataset).await?;
                ours.read(&self.dataset).await?;
                if theirs.keys().any(|key| ours.holds(key)) {
                    return Ok(true);
                }
                ours.forget();
            }
        }
        self.met = Some(newer.clone());
        Ok(false)
    }

    /// Memory held, in bytes.
    pub fn memory_size(&self) -> usize {
        let groups = self.groups.values().map(KnownGroup::memory_size).sum::<usize>();
        groups + self.groups.capacity() * size_of::<(Group, KnownGroup)>()
    }

    /// Forgets what can be read again, if what is known takes more memory than it should; and says which groups are to be
    /// [forgotten](Self::forget) besides.
    pub fn leaving(&mut self) -> BTreeSet<Group> {
        let read: usize = self.groups.values().map(KnownGroup::read_size).sum();
        let new: usize = self.groups.values().map(|group| group.new.allocation_size()).sum();
        if read + new > self.limit_bytes {
            let goal = self.limit_bytes.saturating_sub(new) / 2;
            for key in self.longest_unasked(read.saturating_sub(goal), KnownGroup::read_size) {
                if let Some(group) = self.groups.get_mut(&key) {
                    group.files().for_each(KnownFile::forget);
                }
            }
        }
        match new > self.limit_bytes {
            true => self.longest_unasked(new - self.limit_bytes / 2, |group| group.new.allocation_size()),
            false => BTreeSet::new(),
        }
    }

    /// The groups nobody has asked about for the longest time, as many as have that `size` together.
    fn longest_unasked(&self, mut excess: usize, size: impl Fn(&KnownGroup) -> usize) -> BTreeSet<Group> {
        let mut groups: Vec<(u64, &Group, usize)> =
            self.groups.iter().map(|(key, group)| (group.asked, key, size(group))).collect();
        groups.retain(|(.., size)| *size > 0);
        groups.sort_unstable();
        let chosen = groups.into_iter().take_while(|(.., size)| {
            let chosen = excess > 0;
            excess = excess.saturating_sub(*size);
            chosen
        });
        chosen.map(|(_, group, _)| group.clone()).collect()
    }

    /// Forgets the events of groups, all of which are in files: the `written` ones, or those that were there before.
    pub fn forget(&mut self, leaving: &BTreeSet<Group>, written: &[NewFile]) {
        let mut files: BTreeMap<Group, Vec<KnownFile>> = BTreeMap::new();
        for file in written {
            let group = Group::of(&file.file.partition);
            if leaving.contains(&group) {
                files.entry(group).or_default().push(KnownFile::new(StoredFile::from(file)));
            }
        }
        for key in leaving {
            if let Some(group) = self.groups.get_mut(key) {
                group.new = HashSet::new();
                group.written = files.remove(key).unwrap_or_default();
                group.stored.iter_mut().for_each(KnownFile::forget);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::dataset::{Commit, DATA_FILE, NewVersion};
    use crate::decode::{Decoder, Step};
    use crate::table::flatten;
    use crate::write::{self, FanOut};

    /// Event number `n`: some of them without an id, or without a time, or of a name that is none.
    fn event(n: u32) -> String {
        let time = match n % 11 {
            0 => format!("2025-03-01 at {n}"),
            _ => format!("2025-03-0{}T00:{:02}:{:02}Z", n / 600 % 3 + 1, n / 60 % 10, n % 60),
        };
        let id = if n.is_multiple_of(7) { String::new() } else { format!(r#""eventID":"id-{}","#, n / 2) };
        let name = if n.is_multiple_of(13) { format!("[{n}]") } else { format!(r#""name {n}""#) };
        let (source, region) = (["s3", "sts"][n as usize % 2], ["r", "q"][n as usize % 2]);
        format!(
            r#"{{"eventVersion":"1.08",{id}"eventTime":"{time}","eventName":{name},"eventSource":"{source}.amazonaws.com","awsRegion":"{region}"}}"#
        )
    }

    fn rows(events: &[u32]) -> PartitionedRows {
        let mut rows = PartitionedRows::default();
        for n in events {
            let text = event(*n);
            let mut decoder = Decoder::new();
            let Step::Event(event) = decoder.step(text.as_bytes(), true) else { panic!("an event") };
            let row = flatten(&event, "log");
            rows.push(&row, EventKey::new(&event, &row));
        }
        rows
    }

    struct Writer {
        dataset: Dataset,
        known: KnownEvents,
        fan_out: FanOut,
        files: Vec<NewFile>,
        written: usize,
    }

    impl Writer {
        fn new(dataset: &Dataset, head: &Head) -> Self {
            Self {
                dataset: dataset.clone(),
                known: KnownEvents::new(dataset, head, 0),
                fan_out: FanOut::new(usize::MAX),
                files: Vec::new(),
                written: 0,
            }
        }

        async fn take(&mut self, events: &[u32]) {
            let rows = rows(events);
            self.known.look_up(&rows).await.unwrap();
            let (known, written) = (&mut self.known, &mut self.written);
            self.fan_out.absorb(rows, 0, |partition, keys| {
                let are_new = known.insert(partition, keys);
                *written += are_new.iter().filter(|new| **new).count();
                are_new
            });
        }

        async fn close(&mut self, is_meant: impl Fn(&PartitionKey) -> bool, stem: &str) {
            for closed in self.fan_out.close_those(is_meant) {
                let encoded = write::encode(&closed, &format!("{DATA_FILE}{stem}")).unwrap();
                self.files.push(self.dataset.put_data_file(encoded).await.unwrap());
            }
        }

        async fn forget(&mut self, stem: &str) {
            let leaving = self.known.leaving();
            self.close(|partition| leaving.contains(&Group::of(partition)), stem).await;
            self.known.forget(&leaving, &self.files);
        }
    }

    async fn commit(dataset: &Dataset, head: &Head, added: Vec<NewFile>) -> Head {
        let version = NewVersion { added, ..NewVersion::default() };
        match dataset.commit(head, &version).await.unwrap() {
            Commit::Done(head) => head,
            Commit::Overtaken(_) => panic!("alone"),
        }
    }

    fn dataset() -> (tempfile::TempDir, Dataset) {
        let dir = tempfile::tempdir().unwrap();
        let dataset = Dataset::create(dir.path().to_str().unwrap()).unwrap();
        (dir, dataset)
    }

    /// However little is remembered, and however often it is forgotten.
    #[tokio::test(flavor = "multi_thread")]
    async fn each_event_is_new_once() {
        let (_dir, dataset) = dataset();
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut head = dataset.head().await.unwrap();
        let mut events = std::collections::HashSet::new();
        for stem in ["task-0", "task-1", "task-2"] {
            let mut writer = Writer::new(&dataset, &head);
            let before = events.len();
            for _ in 0..12 {
                let first = random.random_range(0..1500);
                let piece: Vec<u32> = (0..40).map(|_| first + random.random_range(0..200)).collect();
                writer.take(&piece).await;
                events.extend(piece);
                assert_eq!(writer.written, events.len() - before);
                if random.random_range(0..3) == 0 {
                    writer.forget(stem).await;
                    assert!(writer.known.memory_size() < 40_000, "{}", writer.known.memory_size());
                }
            }
            writer.close(|_| true, stem).await;
            head = commit(&dataset, &head, writer.files).await;
        }
        let found = dataset.check(1).await.unwrap();
        assert_eq!((found.rows, &found.findings[..]), (events.len() as u64, &[][..]));
    }

    /// What another run has written meanwhile is met, whether the events are still remembered or in files already: by its id,
    /// by its whole record, and by that without a time.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_others_wrote_meanwhile_is_met() {
        for (theirs, is_met) in [(40, false), (700, false), (13, true), (7, true), (11, true), (1, true)] {
            for forgets in [false, true] {
                let (_dir, dataset) = dataset();
                let head = dataset.head().await.unwrap();
                let mut ours = Writer::new(&dataset, &head);
                ours.take(&(0..40).collect::<Vec<_>>()).await;
                if forgets {
                    ours.forget("task-0").await;
                    assert!(ours.known.groups.values().all(|group| group.new.is_empty()));
                }
                let mut other = Writer::new(&dataset, &head);
                other.take(&[theirs, 50]).await;
                other.close(|_| true, "task-1").await;
                let newer = commit(&dataset, &head, other.files).await;
                assert_eq!(ours.known.meets(&newer).await.unwrap(), is_met, "{theirs} {forgets}");
            }
        }
    }
}
