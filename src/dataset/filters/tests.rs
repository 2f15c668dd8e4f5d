//! Segments as they come, are merged, and go, and what is known of files meanwhile.

use bytes::Bytes;
use object_store::ObjectMeta;
use parquet::bloom_filter::Sbbf;

use super::*;
use crate::dataset::checksum::Checksum;
use crate::dataset::{Dataset, StoredFile, Valued};
use crate::partition::PartitionKey;

/// A data file by its number. There need not be any.
fn stored(number: usize) -> StoredFile {
    let partition = PartitionKey::parse(&format!("date=2025-03-{:02}/service=s3/region=r", day(number)));
    let meta = ObjectMeta {
        location: Path::from(format!("{number}.parquet")),
        last_modified: chrono::DateTime::UNIX_EPOCH,
        size: 1,
        e_tag: None,
        version: None,
    };
    StoredFile {
        meta,
        partition: partition.unwrap(),
        rows: None,
        times: None,
        ordered: false,
        valued: Valued::default(),
        checksum: Some(Checksum::of(&number.to_le_bytes())),
    }
}

fn day(number: usize) -> usize {
    number / 40 % 28 + 1
}

/// Its filters: each column holds the number, but for one that holds nothing and one of which nothing is known.
fn filters(number: usize) -> FileFilters {
    let file = stored(number);
    let mut filter = Sbbf::new_with_num_of_bytes(64);
    filter.insert(number.to_string().as_str());
    let mut packed = 64_u32.to_le_bytes().to_vec();
    filter.write_bitset(&mut packed).unwrap();
    let mut columns = vec![Some(Bytes::from(packed)); COLUMNS.len()];
    (columns[1], columns[2]) = (Some(Bytes::new()), None);
    FileFilters {
        day: file.partition.date().map(|day| day.to_epoch_days()),
        checksum: file.checksum.unwrap(),
        columns,
    }
}

fn dataset() -> (tempfile::TempDir, Dataset) {
    let dir = tempfile::tempdir().unwrap();
    let dataset = Dataset::create(dir.path().to_str().unwrap()).unwrap();
    (dir, dataset)
}

/// Merges all segments but those of work that is not committed.
async fn merge(dataset: &Dataset) {
    dataset.merge_filters(&Head::default()).await.unwrap();
}

async fn put(dataset: &Dataset, stem: &str, numbers: std::ops::Range<usize>) -> Path {
    dataset.put_filters(stem, numbers.map(filters).collect()).await.unwrap().unwrap()
}

/// Which of the files may hold a number in a column.
async fn may_hold(lookup: &Lookup, column: usize, number: usize, files: &[StoredFile]) -> Vec<usize> {
    let files: Vec<&StoredFile> = files.iter().collect();
    let found = lookup.may_hold(COLUMNS[column], &[number.to_string()], &files).await;
    found.iter().enumerate().filter(|(_, found)| **found).map(|(number, _)| number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_told_apart_before_and_after_merging() {
    let (_dir, dataset) = dataset();
    for part in 0..5 {
        put(&dataset, MERGED, part * 40..part * 40 + 40).await;
    }
    let files: Vec<StoredFile> = (0..240).map(stored).collect();
    // The last forty have no entry.
    let unknown: Vec<usize> = (200..240).collect();
    for limit_bytes in [0, 3000, 1 << 20] {
        let lookup = dataset.lookup(limit_bytes);
        for number in [7, 150, 7] {
            let found = may_hold(&lookup, 0, number, &files).await;
            assert_eq!((found[0], found[1..].to_vec()), (number, unknown.clone()));
        }
        assert_eq!(may_hold(&lookup, 1, 7, &files).await, unknown);
        assert_eq!(may_hold(&lookup, 2, 7, &files).await.len(), files.len());
        assert_eq!(may_hold(&lookup, 0, 7, &files[..40]).await, [7]);
        assert_eq!(may_hold(&lookup, 0, 150, &files[..40]).await, [0_usize; 0]);
    }
    merge(&dataset).await;
    let merged = dataset.list_filters().await.unwrap();
    assert_eq!(merged.len(), 1);
    let mut entries: Vec<FileFilters> = (0..200).map(filters).collect();
    entries.sort_unstable();
    assert_eq!(dataset.read_filters(&merged[0]).await.unwrap(), entries);
    let found = may_hold(&dataset.lookup(1 << 20), 0, 7, &files).await;
    assert_eq!((found[0], found.len()), (7, 41));
    // Once more, and nothing happens.
    merge(&dataset).await;
    assert_eq!(dataset.list_filters().await.unwrap(), merged);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_or_damaged_denies_nothing() {
    let (dir, dataset) = dataset();
    let paths = [put(&dataset, MERGED, 0..40).await, put(&dataset, MERGED, 40..3000).await];
    let files: Vec<StoredFile> = (0..3000).map(stored).collect();
    let lookup = dataset.lookup(0);
    assert_eq!(may_hold(&lookup, 0, 7, &files).await, [7]);
    // It was known to be there; what there is since is found anew.
    dataset.delete(&paths[1]).await.unwrap();
    assert_eq!(may_hold(&lookup, 0, 7, &files).await.len(), 1 + 2960);
    put(&dataset, MERGED, 100..3000).await;
    assert_eq!(may_hold(&lookup, 0, 7, &files).await.len(), 1 + 60);
    let path = dir.path().join(paths[0].as_ref());
    std::fs::write(&path, "no segment").unwrap();
    assert_eq!(may_hold(&dataset.lookup(0), 0, 7, &files).await.len(), 100);
    // The others are merged all the same.
    put(&dataset, MERGED, 40..3000).await;
    merge(&dataset).await;
    assert_eq!(dataset.list_filters().await.unwrap().len(), 2);
    assert_eq!(may_hold(&dataset.lookup(0), 0, 50, &files).await.len(), 1 + 40);
}

/// Those who merge the same at the same time lose nothing; nor do those who read.
#[tokio::test(flavor = "multi_thread")]
async fn merging_side_by_side_loses_nothing() {
    let (_dir, dataset) = dataset();
    let files: Vec<StoredFile> = (0..200).map(stored).collect();
    for round in 0..20 {
        let mut runs = tokio::task::JoinSet::new();
        for part in 0..10 {
            let first = round * 10 + part;
            put(&dataset, MERGED, first..first + 1).await;
        }
        for _ in 0..4 {
            let (dataset, files) = (dataset.clone(), files.clone());
            runs.spawn(async move {
                merge(&dataset).await;
                let number = round * 10;
                assert!(may_hold(&dataset.lookup(0), 0, number, &files).await.contains(&number));
            });
        }
        runs.join_all().await;
    }
    let found = may_hold(&dataset.lookup(0), 0, 7, &files).await;
    assert_eq!(found, [7]);
    merge(&dataset).await;
    assert!(dataset.list_filters().await.unwrap().len() < 5);
}

/// What is about to be committed is left alone.
#[tokio::test(flavor = "multi_thread")]
async fn segments_of_work_under_way_stay() {
    let (_dir, dataset) = dataset();
    let paths = [put(&dataset, "task-0", 0..1).await, put(&dataset, "retry-task-1", 1..2).await];
    assert_eq!(SegmentName::of(&paths[0]).unwrap().stem, "task-0");
    assert_eq!(SegmentName::of(&paths[1]).unwrap().stem, "retry-task-1");
    put(&dataset, MERGED, 2..3).await;
    put(&dataset, MERGED, 3..4).await;
    merge(&dataset).await;
    let names: Vec<Path> =
        dataset.list_filters().await.unwrap().into_iter().map(|meta| meta.location).collect();
    assert!(names.len() == 3 && paths.iter().all(|path| names.contains(path)), "{names:?}");
    dataset.clear(&Head::default(), &["task-0"]).await.unwrap();
    assert_eq!(dataset.list_filters().await.unwrap().len(), 2);
}
