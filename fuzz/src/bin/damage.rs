//! `damage DIRECTORY [DAMAGES [SEED]]`: the campaign of `tests/damage.rs` on all cores, with the log files of a directory.

use std::time::Instant;
use std::{env, num, thread};

use trailhouse_fuzz::damage::{Tally, campaign, healthy_files};

/// Seeds of different threads never meet.
const SEEDS_OF_A_THREAD: u64 = 1 << 40;

fn main() {
    let mut args = env::args().skip(1);
    let directory = args.next().expect("a directory of log files");
    let damages: u64 = args.next().map_or(1_000_000, |count| count.parse().expect("a number of damages"));
    let seed: u64 = args.next().map_or(0, |seed| seed.parse().expect("a seed"));
    let files = healthy_files(directory.as_ref());
    let threads = thread::available_parallelism().map_or(1, num::NonZero::get) as u64;
    println!("{} files, {threads} threads, seed {seed}", files.len());

    let start = Instant::now();
    let mut total = Tally::default();
    thread::scope(|scope| {
        let files = &files;
        let share = damages.div_ceil(threads);
        let spawn = |thread| scope.spawn(move || campaign(files, share, seed + thread * SEEDS_OF_A_THREAD));
        let running: Vec<_> = (0..threads).map(spawn).collect();
        for thread in running {
            total += thread.join().expect("no check failed");
        }
    });
    println!("{total}");
    println!("in {:.0} seconds", start.elapsed().as_secs_f64());
}
