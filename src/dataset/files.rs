//! The data files that count, packed: a dataset may have hundreds of thousands of them, and who writes to it knows them all.
//!
//! They are kept by day, each day as one text of paths and a few numbers for each file: 104 bytes and what its path takes below
//! the day, some 170 altogether. Days that a version does not touch are shared with the version before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::DateTime;
use hashbrown::{HashMap, HashSet};
use object_store::ObjectMeta;
use object_store::path::Path;

use super::StoredFile;
use super::checksum::Checksum;
use super::statistics::Told;
use super::valued::Valued;
use crate::partition::Partitions;

/// The data files of a version, in the order of their paths.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    /// By the first directory of their paths, with its slash.
    days: BTreeMap<Arc<str>, Arc<Day>>,
    count: usize,
}

/// The files below one directory, in the order of their paths.
#[derive(Debug, Default)]
struct Day {
    /// All paths below the directory, one behind the other.
    paths: String,
    files: Vec<Packed>,
}

/// What is kept of a file beside its path.
#[derive(Debug, Clone, Copy)]
struct Packed {
    /// Where its path ends.
    end: usize,
    bytes: u64,
    modified_millis: i64,
    rows: Option<u64>,
    times: Option<(i64, i64)>,
    ordered: bool,
    valued: Valued,
    checksum: Option<Checksum>,
}

impl From<&StoredFile> for Packed {
    fn from(file: &StoredFile) -> Self {
        let StoredFile { meta, rows, times, ordered, valued, checksum, .. } = file;
        let (bytes, modified_millis) = (meta.size, meta.last_modified.timestamp_millis());
        let (rows, times, ordered) = (*rows, *times, *ordered);
        Self { end: 0, bytes, modified_millis, rows, times, ordered, valued: *valued, checksum: *checksum }
    }
}

/// What versions of the log have changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    removed: HashSet<Path>,
    added: HashMap<Path, StoredFile>,
}

impl Changes {
    /// A file counts from now on.
    pub(super) fn add(&mut self, file: StoredFile) {
        self.removed.remove(&file.meta.location);
        self.added.insert(file.meta.location.clone(), file);
    }

    /// A file counts no more.
    pub(super) fn remove(&mut self, path: Path) {
        self.added.remove(&path);
        self.removed.insert(path);
    }
}

/// The day of a path and what follows. Data files lie in directories.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.find('/').map_or(0, |slash| slash + 1))
}

impl Day {
    fn push(&mut self, path: &str, packed: Packed) {
        self.paths.push_str(path);
        self.files.push(Packed { end: self.paths.len(), ..packed });
    }

    fn push_file(&mut self, path: &str, file: &StoredFile) {
        self.push(path, Packed::from(file));
    }

    fn path(&self, number: usize) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.files[before].end);
        &self.paths[start..self.files[number].end]
    }

    fn sorted(&self) -> Self {
        let mut order: Vec<usize> = (0..self.files.len()).collect();
        order.sort_unstable_by_key(|number| self.path(*number));
        let mut sorted = Self {
            paths: String::with_capacity(self.paths.len()),
            files: Vec::with_capacity(self.files.len()),
        };
        order.into_iter().for_each(|number| sorted.push(self.path(number), self.files[number]));
        sorted
    }

    /// Where the first file lies whose path is not less.
    fn first_from(&self, path: &str) -> usize {
        let (mut low, mut high) = (0, self.files.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.path(middle) < path {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    /// The files whose paths begin like that.
    fn below(&self, directory: &str) -> impl Iterator<Item = usize> {
        let start = self.first_from(directory);
        (start..self.files.len()).take_while(move |number| self.path(*number).starts_with(directory))
    }

    /// A file as it was packed: nothing but what lies in a partition ever is.
    fn unpacked(&self, day: &str, number: usize, partitions: &mut Partitions) -> Option<StoredFile> {
        let Packed { bytes, modified_millis, rows, times, ordered, valued, checksum, .. } =
            self.files[number];
        let path = format!("{day}{}", self.path(number));
        let (directories, _) = path.rsplit_once('/')?;
        let partition = partitions.parse(directories)?.clone();
        // It was a path before.
        let location = Path::parse(&path).unwrap_or_else(|_| Path::from(path));
        let last_modified = DateTime::from_timestamp_millis(modified_millis).unwrap_or_default();
        let meta = ObjectMeta { location, last_modified, size: bytes, e_tag: None, version: None };
        Some(StoredFile { meta, partition, rows, times, ordered, valued, checksum })
    }

    fn iter(&self, name: &str) -> impl Iterator<Item = StoredFile> {
        let mut partitions = Partitions::default();
        (0..self.files.len()).filter_map(move |number| self.unpacked(name, number, &mut partitions))
    }
}

impl Files {
    /// None.
    pub(super) const fn none() -> Self {
        Self { days: BTreeMap::new(), count: 0 }
    }

    /// The files in the order of their paths.
    pub(super) fn iter(&self) -> impl Iterator<Item = StoredFile> {
        self.days.iter().flat_map(|(name, day)| day.iter(name))
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The files below a directory: of a partition, or of a day and a service.
    pub(super) fn below<'a>(&'a self, directory: &str) -> impl Iterator<Item = StoredFile> + use<'a> {
        // Names that go on behind the directory's own come before what lies in it: `-` and `.` before `/`.
        let directory = format!("{directory}/");
        let (name, rest) = split(&directory);
        let found = self.days.get_key_value(name).map(|(name, day)| {
            let numbers: Vec<usize> = day.below(rest).collect();
            let mut partitions = Partitions::default();
            numbers.into_iter().filter_map(move |number| day.unpacked(name, number, &mut partitions))
        });
        found.into_iter().flatten()
    }

    /// Whether a file is among them.
    pub(super) fn contain(&self, path: &Path) -> bool {
        let (name, rest) = split(path.as_ref());
        self.days.get(name).is_some_and(|day| {
            let found = day.first_from(rest);
            found < day.files.len() && day.path(found) == rest
        })
    }

    /// Whether the name of one is `meant`.
    pub(super) fn any_name(&self, meant: impl Fn(&str) -> bool) -> bool {
        let name = |day: &Day, number| meant(day.path(number).rsplit('/').next().unwrap_or_default());
        self.days.values().any(|day| (0..day.files.len()).any(|number| name(day, number)))
    }

    /// Those that are not among the files of an `earlier` version.
    pub(super) fn since(&self, earlier: &Self) -> impl Iterator<Item = StoredFile> {
        let changed = self
            .days
            .iter()
            .filter(|(name, day)| earlier.days.get(*name).is_none_or(|before| !Arc::ptr_eq(before, day)));
        changed.flat_map(|(name, day)| day.iter(name)).filter(|file| !earlier.contain(&file.meta.location))
    }

    /// What they are when versions have changed them.
    pub(super) fn changed(&self, changes: &Changes) -> Self {
        let Changes { removed, added } = changes;
        let mut files: Vec<&StoredFile> = added.values().collect();
        files.sort_unstable_by_key(|file| &file.meta.location);
        let touched: BTreeSet<&str> =
            removed.iter().chain(added.keys()).map(|path| split(path.as_ref()).0).collect();
        let mut changed = self.clone();
        for name in touched {
            let mut day = Day::default();
            if let Some(before) = changed.days.remove(name) {
                changed.count -= before.files.len();
                for number in 0..before.files.len() {
                    let path = Path::from(format!("{name}{}", before.path(number)));
                    // A file that is added again is as it says last.
                    if !removed.contains(&path) && !added.contains_key(&path) {
                        day.push(before.path(number), before.files[number]);
                    }
                }
            }
            let start = files.partition_point(|file| file.meta.location.as_ref() < name);
            let of_day =
                files[start..].iter().take_while(|file| file.meta.location.as_ref().starts_with(name));
            of_day.for_each(|file| day.push_file(split(file.meta.location.as_ref()).1, file));
            changed.insert(name, &day);
        }
        changed
    }

    fn insert(&mut self, name: &str, day: &Day) {
        if !day.files.is_empty() {
            self.count += day.files.len();
            self.days.insert(name.into(), Arc::new(day.sorted()));
        }
    }
}

/// Files that come in any order.
#[derive(Debug, Default)]
pub(super) struct Packing {
    days: BTreeMap<String, Day>,
}

impl Packing {
    /// One more.
    pub(super) fn push(&mut self, file: &StoredFile) {
        self.put(file.meta.location.as_ref(), Packed::from(file));
    }

    /// One more, by what the log says of it; trailhouse wrote it if there is a `checksum`. Its path is that of a file in a
    /// partition.
    pub(super) fn push_told(
        &mut self,
        path: &str,
        bytes: i64,
        modified_millis: i64,
        told: Told,
        checksum: Option<&str>,
    ) {
        let Told { rows, times, all_timed, valued } = told;
        let (bytes, ordered) = (bytes.cast_unsigned(), checksum.is_some() && all_timed);
        let checksum = checksum.and_then(Checksum::parse);
        self.put(path, Packed { end: 0, bytes, modified_millis, rows, times, ordered, valued, checksum });
    }

    fn put(&mut self, path: &str, packed: Packed) {
        let (name, rest) = split(path);
        match self.days.get_mut(name) {
            Some(day) => day.push(rest, packed),
            None => self.days.entry(name.to_owned()).or_default().push(rest, packed),
        }
    }

    /// Those of another as well.
    pub(super) fn append(&mut self, other: Self) {
        for (name, day) in other.days {
            match self.days.get_mut(&name) {
                Some(before) => {
                    (0..day.files.len()).for_each(|number| before.push(day.path(number), day.files[number]));
                }
                None => drop(self.days.insert(name, day)),
            }
        }
    }

    /// All of them.
    pub(super) fn finish(self) -> Files {
        let mut files = Files::none();
        self.days.into_iter().for_each(|(name, day)| files.insert(&name, &day));
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::PartitionKey;

    fn file(path: &str, bytes: u64) -> StoredFile {
        let location = Path::from(path);
        let partition = PartitionKey::parse(path.rsplit_once('/').unwrap().0).unwrap();
        let last_modified = DateTime::from_timestamp_millis(1_700_000_000_000 + bytes.cast_signed()).unwrap();
        let meta = ObjectMeta { location, last_modified, size: bytes, e_tag: None, version: None };
        let (rows, times) = (Some(bytes * 2), Some((1, bytes.cast_signed())));
        let valued = Valued::new(bytes, [Some(0), Some(bytes), None, Some(1), None, None, None]);
        let checksum = Some(Checksum::of(path.as_bytes()));
        StoredFile { meta, partition, rows, times, ordered: bytes.is_multiple_of(2), valued, checksum }
    }

    const PATHS: [&str; 6] = [
        "date=2025-03-02/service=s3/region=us-east-1/part-b-0-0000.parquet",
        "date=2025-03-01/service=s3/region=us-east-1/part-a-0-0001.parquet",
        "date=unknown/service=s3/region=unknown/part-a-0-0002.parquet",
        "date=2025-03-01/service=s3-object-lambda/region=us-east-1/part-a-0-0003.parquet",
        "date=2025-03-01/service=s3/region=eu-west-1/part-a-0-0004.parquet",
        "date=2025-03-01/service=s3/region=us-east-1/part-b-1-0000.parquet",
    ];

    fn packed(paths: &[&str]) -> Files {
        let mut packing = Packing::default();
        paths.iter().enumerate().for_each(|(number, path)| packing.push(&file(path, number as u64)));
        packing.finish()
    }

    fn paths(files: impl Iterator<Item = StoredFile>) -> Vec<String> {
        files.map(|file| file.meta.location.to_string()).collect()
    }

    fn sorted(paths: &[&str]) -> Vec<String> {
        let mut paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        paths.sort_unstable();
        paths
    }

    #[test]
    fn files_come_back_as_they_were_in_the_order_of_their_paths() {
        let files = packed(&PATHS);
        assert_eq!(files.len(), PATHS.len());
        assert_eq!(paths(files.iter()), sorted(&PATHS));
        for found in files.iter() {
            let number = PATHS.iter().position(|path| *path == found.meta.location.as_ref()).unwrap();
            let StoredFile { meta, partition, rows, times, ordered, valued, checksum } =
                file(PATHS[number], number as u64);
            assert_eq!((found.meta, found.partition), (meta, partition));
            assert_eq!((found.rows, found.times, found.ordered), (rows, times, ordered));
            assert_eq!((found.valued, found.checksum), (valued, checksum));
        }
        assert!(files.any_name(|name| name == "part-b-1-0000.parquet"));
        assert!(!files.any_name(|name| name.starts_with("service=")));
    }

    #[test]
    fn pieces_come_together() {
        let mut whole = Packing::default();
        for (number, path) in PATHS.iter().enumerate() {
            let mut piece = Packing::default();
            piece.push(&file(path, number as u64));
            whole.append(piece);
        }
        let (whole, at_once) = (whole.finish(), packed(&PATHS));
        assert_eq!(paths(whole.iter()), paths(at_once.iter()));
        let sizes = |files: &Files| files.iter().map(|file| file.meta.size).collect::<Vec<_>>();
        assert_eq!(sizes(&whole), sizes(&at_once));
    }

    #[test]
    fn files_are_found_by_path_and_directory() {
        let files = packed(&PATHS);
        let none = "date=2025-03-01/service=s3/region=us-east-1/part-a-0-0000.parquet";
        assert!(PATHS.iter().all(|path| files.contain(&Path::from(*path))));
        for path in [none, "date=2025-03-03/service=s3/region=us-east-1/part-b-0-0000.parquet", "x"] {
            assert!(!files.contain(&Path::from(path)), "{path}");
        }
        assert_eq!(paths(files.below("date=2025-03-01/service=s3")), sorted(&[PATHS[1], PATHS[4], PATHS[5]]));
        assert_eq!(paths(files.below("date=unknown")), [PATHS[2]]);
        assert_eq!(files.below("date=2025-03-01/service=s").count(), 0);
        assert_eq!(files.below("date=2025-03-04/service=s3").count(), 0);
    }

    #[test]
    fn versions_share_the_days_they_do_not_touch() {
        let before = packed(&PATHS[..3]);
        let mut changes = Changes::default();
        [file(PATHS[4], 7), file(PATHS[2], 8), file(PATHS[5], 1)]
            .into_iter()
            .for_each(|file| changes.add(file));
        [PATHS[1], PATHS[2], PATHS[3], PATHS[5]]
            .into_iter()
            .for_each(|path| changes.remove(Path::from(path)));
        changes.add(file(PATHS[2], 9));
        let after = before.changed(&changes);
        assert_eq!(paths(after.iter()), sorted(&[PATHS[0], PATHS[4], PATHS[2]]));
        assert_eq!(after.len(), 3);
        assert_eq!(after.iter().map(|file| file.meta.size).collect::<Vec<_>>(), [7, 0, 9]);
        assert_eq!(paths(after.since(&before)), [PATHS[4]]);
        assert_eq!(after.since(&after).count(), 0);
        let day = "date=2025-03-02/";
        assert!(Arc::ptr_eq(&before.days[day], &after.days[day]));
        let mut gone = Changes::default();
        after.iter().for_each(|file| gone.remove(file.meta.location));
        let none = after.changed(&gone);
        assert_eq!((none.len(), none.days.len()), (0, 0));
    }
}
