//! What converting cannot be faster than: reading log objects, inflating them, and looking at each byte of their JSON once.
//!
//! `floor DIRECTORY` prints a line of JSON for each floor and number of threads: the median of the
//! rounds' seconds, and the mean of the seconds that the processors worked. `inflate` is libdeflate into a buffer that is used
//! again, of the size that the gzip trailer says; `inflate+parse` adds simd-json's tape, the fastest parse that still tells each
//! value from the next.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use libdeflater::Decompressor;
use walkdir::WalkDir;

const ROUNDS: usize = 7;

#[derive(Clone, Copy, PartialEq)]
enum Floor {
    Inflate,
    InflateAndParse,
}

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let directory = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let directory = directory.ok_or("name a directory of log objects")?;
    let mut objects = Vec::new();
    for entry in WalkDir::new(&directory) {
        let path = entry?.into_path();
        if path.to_str().is_some_and(|path| path.ends_with(".json.gz")) {
            objects.push(path);
        }
    }
    if objects.is_empty() {
        return Err(format!("there are no .json.gz files below {directory}").into());
    }
    for (floor, name) in [(Floor::Inflate, "inflate"), (Floor::InflateAndParse, "inflate+parse")] {
        for threads in [1, 2] {
            // Not counted: it fills the page cache.
            run(&objects, floor, threads)?;
            let before = processor_seconds()?;
            let mut seconds = Vec::new();
            let mut bytes = 0;
            for _ in 0..ROUNDS {
                let start = Instant::now();
                bytes = run(&objects, floor, threads)?;
                seconds.push(start.elapsed().as_secs_f64());
            }
            seconds.sort_unstable_by(f64::total_cmp);
            let line = serde_json::json!({
                "floor": name,
                "threads": threads,
                "objects": objects.len(),
                "bytes": bytes,
                "seconds": seconds[ROUNDS / 2],
                "cpu_seconds": (processor_seconds()? - before) / ROUNDS as f64,
            });
            println!("{line}");
        }
    }
    Ok(())
}

/// Goes through all objects once; how many bytes they inflate to.
fn run(objects: &[PathBuf], floor: Floor, threads: usize) -> Result<usize, Failure> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(objects, &next, floor))).collect();
        workers.into_iter().map(|worker| worker.join().map_err(|_| "a thread panicked")?).sum()
    })
}

fn work(objects: &[PathBuf], next: &AtomicUsize, floor: Floor) -> Result<usize, Failure> {
    let (mut inflater, mut inflated, mut total) = (Decompressor::new(), Vec::new(), 0);
    let mut buffers = simd_json::Buffers::default();
    while let Some(object) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
        let stored = fs::read(object)?;
        let size = stored.last_chunk::<4>().map(|size| u32::from_le_bytes(*size) as usize);
        inflated.resize(size.ok_or("an empty object")?, 0);
        total += inflater.gzip_decompress(&stored, &mut inflated)?;
        if floor == Floor::InflateAndParse {
            simd_json::to_tape_with_buffers(&mut inflated, &mut buffers)?;
        }
    }
    Ok(total)
}

/// What all threads of this process have worked so far.
fn processor_seconds() -> Result<f64, Failure> {
    /// As `sysconf(_SC_CLK_TCK)` gives it on every Linux.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    // `utime` and `stime`, by proc(5) the 14th and 15th; the second, a name, may hold blanks.
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        behind_name.split_whitespace().skip(11).take(2).map_while(|ticks| ticks.parse::<u64>().ok()).sum();
    Ok(ticks as f64 / TICKS_PER_SECOND)
}
