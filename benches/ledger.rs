//! How long a run takes to learn what is in, of a million log objects; and to tell that each of them is.
//!
//! `cargo bench --bench ledger [-- OBJECTS]`

use std::time::Instant;

use chrono::{DateTime, TimeDelta};
use trailhouse::dataset::{Commit, Dataset, LedgerEntry, NewVersion, Standing};

/// Objects that come with a commit.
const COMMITTED: usize = 5_000;

const ROUNDS: usize = 5;

fn entry(number: usize) -> LedgerEntry {
    let object = format!(
        "s3://trail-of-some-organisation/AWSLogs/o-exampleorgid/111122223333/CloudTrail/eu-central-1/2025/03/01/\
         111122223333_CloudTrail_eu-central-1_20250301T0005Z_{number:016}.json.gz"
    );
    LedgerEntry {
        object,
        size: number as u64 % 50_000,
        modified: DateTime::UNIX_EPOCH + TimeDelta::seconds(number as i64),
        e_tag: Some(format!("\"{number:032x}\"")),
        filter: String::new(),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let objects: usize = asked.unwrap_or(1_000_000);
    let directory = tempfile::tempdir()?;
    let place = directory.path().to_str().ok_or("the temporary directory has no name")?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let dataset = Dataset::create(place)?;
        let mut head = dataset.head().await?;
        let start = Instant::now();
        for first in (0..objects).step_by(COMMITTED) {
            let version = NewVersion {
                objects: (first..objects.min(first + COMMITTED)).map(entry).collect(),
                stem: format!("{first:016x}-0"),
                ..NewVersion::default()
            };
            let Commit::Done(newer) = dataset.commit(&head, &version).await? else {
                return Err("nobody else is here".into());
            };
            head = newer;
        }
        println!("{objects} objects committed, {COMMITTED} at a time: {:.1?}", start.elapsed());
        let mut loads = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            head = Dataset::open(place)?.head().await?;
            loads.push(start.elapsed());
        }
        loads.sort_unstable();
        let memory = head.ledger().memory_size() / 1024 / 1024;
        println!("loaded: {:.0?} (median of {ROUNDS}), {memory} MiB", loads[ROUNDS / 2]);
        let start = Instant::now();
        let known = (0..objects).filter(|number| head.ledger().standing(&entry(*number)) == Standing::Known);
        assert_eq!(known.count(), objects);
        println!("all of them known: {:.1?}", start.elapsed());
        Ok(())
    })
}
