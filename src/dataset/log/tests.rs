//! The log, read at once and version by version, and what checkpoints make of it.

use parquet::basic::Compression;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;

use super::*;
use crate::dataset::checksum::Checksum;
use crate::dataset::{Commit, DATA_FILE, Dataset, Head, NewFile, StoredFile, Valued};
use crate::partition::PartitionKey;
use crate::write::DataFile;

/// What the log is told of a data file. There need not be any.
fn new_file(number: u64) -> NewFile {
    let (day, region) = (number % 3 + 1, ["eu-west-1", "us-east-1"][number as usize % 2]);
    let directories = format!("date=2025-03-0{day}/service=s3/region={region}");
    let time = |second: u64| format!("2025-03-0{day}T00:00:{second:02}.000Z");
    let statistics = serde_json::json!({
        "numRecords": number, "minValues": {"event_time": time(1)}, "maxValues": {"event_time": time(number % 50 + 1)},
        "nullCount": {"event_time": 0, "error_code": number / 2 * 2, "user_identity_arn": 1},
    });
    let file = DataFile {
        path: format!("{directories}/{DATA_FILE}task-{number}-0000.parquet"),
        partition: PartitionKey::parse(&directories).unwrap(),
        rows: number,
        bytes: 1000 + number,
    };
    let modified = DateTime::from_timestamp_millis(1_750_000_000_000 + number.cast_signed()).unwrap();
    let checksum = Checksum::parse(&format!("{number:064}")).unwrap();
    NewFile { file, statistics: statistics.to_string(), checksum, modified, filters: None }
}

type Told = (String, PartitionKey, u64, DateTime<Utc>, Option<u64>, Option<(i64, i64)>, bool, Valued);

fn told(file: StoredFile) -> Told {
    let StoredFile { meta, partition, rows, times, ordered, valued, checksum: _ } = file;
    (meta.location.to_string(), partition, meta.size, meta.last_modified, rows, times, ordered, valued)
}

fn all(head: &Head) -> Vec<Told> {
    head.files().iter().map(told).collect()
}

fn dataset() -> (tempfile::TempDir, Dataset) {
    let dir = tempfile::tempdir().unwrap();
    let dataset = Dataset::create(dir.path().to_str().unwrap()).unwrap();
    (dir, dataset)
}

/// A version that brings four files, and every third one replaces two that were there.
async fn next(dataset: &Dataset, head: &Head) -> Head {
    let number = head.version().map_or(0, |version| version + 1);
    let removed: Vec<StoredFile> = head.files().iter().take(if number % 3 == 2 { 2 } else { 0 }).collect();
    let added = (0..4).map(|file| new_file(number * 4 + file)).collect();
    match dataset.commit(head, &NewVersion { added, removed, ..NewVersion::default() }).await.unwrap() {
        Commit::Done(head) => head,
        Commit::Overtaken(_) => panic!("alone"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_read_at_once_is_as_it_came() {
    let (dir, dataset) = dataset();
    let mut head = dataset.head().await.unwrap();
    let (first, mut versions) = (next(&dataset, &head).await, Vec::new());
    head = first.clone();
    for version in 1..24 {
        head = next(&dataset, &head).await;
        assert_eq!(head.version(), Some(version));
        versions.push(all(&head));
        assert_eq!(all(&dataset.head().await.unwrap()), all(&head), "version {version}");
    }
    let expected: Vec<Told> = (0..4).map(|file| told(StoredFile::from(&new_file(file)))).collect();
    assert!(expected.iter().all(|file| all(&first).contains(file)));
    // Also for who has slept, and as of earlier versions.
    assert_eq!(all(&dataset.refreshed(&first).await.unwrap()), all(&head));
    for (files, version) in versions.into_iter().zip(1..) {
        let then = dataset.data_files(Moment::Version(version)).await.unwrap();
        assert_eq!(then.into_iter().map(told).collect::<Vec<_>>(), files, "version {version}");
    }
    let log = head.log().unwrap();
    let checksums = dataset.log.checksums(log).await.unwrap();
    assert_eq!(checksums.len(), head.files().len());
    for file in head.files().iter() {
        let checksum = format!("{:064}", file.meta.size - 1000);
        assert_eq!(checksums.get(&file.meta.location), Some(&checksum));
    }
    let removed = dataset.log.removed(log).await.unwrap();
    assert_eq!(removed.len() + head.files().len(), 24 * 4);
    assert!(removed.iter().all(|path| !head.has_file(path)));

    let checkpoint = dir.path().join("_delta_log/00000000000000000019.checkpoint.parquet");
    let checkpoint = SerializedFileReader::new(std::fs::File::open(checkpoint).unwrap()).unwrap();
    let columns = checkpoint.metadata().row_group(0).columns();
    assert!(columns.iter().all(|column| matches!(column.compression(), Compression::ZSTD(_))));
}

/// Who has slept for so long that the versions behind its own are forgotten finds the latest, and puts nothing in their place.
#[tokio::test(flavor = "multi_thread")]
async fn versions_that_are_forgotten_are_not_taken_again() {
    let (dir, dataset) = dataset();
    let asleep = next(&dataset, &dataset.head().await.unwrap()).await;
    let mut head = asleep.clone();
    for _ in 0..12 {
        head = next(&dataset, &head).await;
    }
    let commit = |version: u64| dir.path().join(format!("_delta_log/{version:020}.json"));
    (0..9).for_each(|version| std::fs::remove_file(commit(version)).unwrap());
    assert_eq!(all(&dataset.refreshed(&asleep).await.unwrap()), all(&head));
    let version = NewVersion { added: vec![new_file(1000)], ..NewVersion::default() };
    match dataset.commit(&asleep, &version).await.unwrap() {
        Commit::Overtaken(newer) => assert_eq!((newer.version(), all(&newer)), (Some(12), all(&head))),
        Commit::Done(_) => panic!("another was faster"),
    }
    assert!(!commit(1).exists());
}
