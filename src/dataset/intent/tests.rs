//! Claims: taken once, given up for good, and what becomes of their names.

use super::*;
use crate::dataset::{DATA_FILE, LedgerEntry, NewFile};
use crate::decode::{Decoder, Step};
use crate::table::{EventKey, flatten};
use crate::write::{self, FanOut, PartitionedRows};

/// Writes a data file of one event, as the work named `stem` would.
async fn write(dataset: &Dataset, stem: &str) -> NewFile {
    let object = br#"{"eventVersion":"1.08","eventName":"x","eventSource":"s3.amazonaws.com"}"#;
    let mut decoder = Decoder::new();
    let Step::Event(event) = decoder.step(object, true) else { panic!("an event") };
    let mut rows = PartitionedRows::default();
    let row = flatten(&event, "log");
    rows.push(&row, EventKey::new(&event, &row));
    let mut fan_out = FanOut::new(usize::MAX);
    fan_out.absorb(rows, 0, |_, keys| vec![true; keys.len()]);
    let closed = fan_out.close_all().remove(0);
    dataset.put_data_file(write::encode(&closed, &format!("{DATA_FILE}{stem}")).unwrap()).await.unwrap()
}

async fn claim(dataset: &Dataset, head: &Head) -> Box<Claim> {
    match dataset.claim(head, "task").await.unwrap() {
        Claimed::Mine(claim, _) => claim,
        Claimed::Theirs(who) => panic!("claimed by {who}"),
    }
}

fn dataset() -> (tempfile::TempDir, Dataset) {
    let dir = tempfile::tempdir().unwrap();
    let dataset = Dataset::create(dir.path().to_str().unwrap()).unwrap();
    (dir, dataset)
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_claimed_once() {
    let (_dir, dataset) = dataset();
    let head = dataset.head().await.unwrap();
    let mine = claim(&dataset, &head).await;
    assert_eq!(mine.stem(), "task-0");
    let Claimed::Theirs(who) = dataset.claim(&head, "task").await.unwrap() else { panic!("claimed twice") };
    assert!(who.starts_with("process "), "{who}");
    // Its owner lives: nothing is cleared away.
    let file = write(&dataset, mine.stem()).await;
    let head = dataset.recover(head).await.unwrap();
    assert_eq!(dataset.listed_files(None).await.unwrap().len(), 1);

    let version = NewVersion { added: vec![file], ..NewVersion::default() };
    assert!(matches!(dataset.commit(&head, &version).await.unwrap(), Commit::Done(_)));
    mine.release().await.unwrap();
    // Names that count are not used again, even by those who do not know yet that they count.
    let Claimed::Mine(next, by_now) = dataset.claim(&head, "task").await.unwrap() else { panic!("free") };
    assert_eq!((next.stem(), by_now.version()), ("task-1", Some(0)));
}

/// A run that was thought dead wakes up: what it wrote is gone, and it cannot commit it.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_not_heard_of_is_given_up_for_good() {
    let (dir, dataset) = dataset();
    let head = dataset.head().await.unwrap();
    let sleeper = claim(&dataset, &head).await;
    let file = write(&dataset, sleeper.stem()).await;
    // It works on another machine, and has not renewed its claim for an hour.
    let path = dir.path().join(sleeper.path.as_ref());
    let elsewhere =
        std::fs::read_to_string(&path).unwrap().replace("\"machine\": \"", "\"machine\": \"another ");
    std::fs::write(&path, elsewhere).unwrap();
    let recovered = dataset.recover(head.clone()).await.unwrap();
    assert!(sleeper.is_held().await.unwrap(), "it may have paused");
    assert_eq!(dataset.listed_files(None).await.unwrap().len(), 1);
    let intent = std::fs::File::options().write(true).open(&path).unwrap();
    intent.set_modified(intent.metadata().unwrap().modified().unwrap() - Duration::from_secs(3600)).unwrap();

    let recovered = dataset.recover(recovered).await.unwrap();
    assert_eq!(dataset.listed_files(None).await.unwrap().len(), 0);
    let version = NewVersion { added: vec![file], ..NewVersion::default() };
    let Commit::Overtaken(newer) = dataset.commit(&head, &version).await.unwrap() else {
        panic!("it has committed files that are gone")
    };
    assert_eq!(newer.version(), recovered.version());
    assert!(!sleeper.is_held().await.unwrap());
    // Whoever does the work now uses other names than it would.
    assert_eq!(claim(&dataset, &newer).await.stem(), "task-1");
}

fn object(name: &str) -> LedgerEntry {
    LedgerEntry {
        object: name.to_owned(),
        size: 1,
        modified: chrono::DateTime::UNIX_EPOCH,
        e_tag: None,
        filter: String::new(),
    }
}

/// As by somebody who does not know that it was done, and whose segment was taken into another since.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_found_out() {
    let (_dir, dataset) = dataset();
    let mut head = dataset.head().await.unwrap();
    let file = write(&dataset, "task-0").await;
    let work = |number: usize, added: &[NewFile]| NewVersion {
        added: added.to_vec(),
        objects: vec![object(&number.to_string())],
        stem: format!("task-{number}"),
        ..NewVersion::default()
    };
    for version in [work(0, &[file]), work(1, &[])] {
        let before = head;
        let Commit::Done(done) = dataset.commit(&before, &version).await.unwrap() else { panic!("alone") };
        let other = work(7, &[]);
        let Commit::Done(newest) = dataset.commit(&done, &other).await.unwrap() else { panic!("alone") };
        let Commit::Done(again) = dataset.commit(&before, &version).await.unwrap() else {
            panic!("it was done")
        };
        assert_eq!((again.version(), again.files().len()), (newest.version(), 1));
        let Commit::Overtaken(_) = dataset.commit(&before, &work(3, &[])).await.unwrap() else {
            panic!("this was not done")
        };
        head = newest;
    }
}

/// Another run brings the files together before whoever committed them knows that it did, or does the work again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_replaced_did_count() {
    let (_dir, dataset) = dataset();
    let before = dataset.head().await.unwrap();
    let first = claim(&dataset, &before).await;
    let version = NewVersion {
        added: vec![write(&dataset, first.stem()).await],
        objects: vec![object("a")],
        stem: first.stem().to_owned(),
        ..NewVersion::default()
    };
    let Commit::Done(head) = dataset.commit(&before, &version).await.unwrap() else { panic!("alone") };
    let replacing = NewVersion {
        added: vec![write(&dataset, "other-1").await],
        removed: head.files().iter().collect(),
        ..NewVersion::default()
    };
    let Commit::Done(head) = dataset.commit(&head, &replacing).await.unwrap() else { panic!("alone") };
    let Commit::Done(again) = dataset.commit(&before, &version).await.unwrap() else { panic!("it was done") };
    assert_eq!((again.version(), again.files().len()), (head.version(), 1));
    // What clears up behind it leaves the file that earlier versions need, and nobody writes over it.
    first.clear(&again).await.unwrap();
    assert_eq!(dataset.listed_files(None).await.unwrap().len(), 2);
    let stem = first.stem().to_owned();
    first.release().await.unwrap();
    assert_ne!(claim(&dataset, &before).await.stem(), stem);
    assert_eq!(dataset.check(1).await.unwrap().objects, 1);
}
