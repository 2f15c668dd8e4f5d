//! The steps of `convert` that take its time, one at a time and without the program around them, for a profiler to count.
//!
//! `trailhouse-instructions STEP DIRECTORY` goes through the `.json.gz` objects of a directory: `inflate` gets at their bytes,
//! `decode` finds events there, `build` makes packed rows of these, `encode` makes Parquet files of the rows. A step does those
//! before it, too; what is counted of it alone is the difference. Rounds may be given behind the directory, to see seconds instead.

use std::error::Error;
use std::io::Read as _;
use std::time::Instant;

use trailhouse_instructions::decode::{Decoder, Step};
use trailhouse_instructions::table::{EventKey, flatten};
use trailhouse_instructions::write::{self, FanOut, PartitionedRows};

/// The program's own allocator: growing buffers costs what it makes it cost.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Until {
    Inflated,
    Decoded,
    Built,
    Encoded,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let until = match arguments.next().as_deref() {
        Some("inflate") => Until::Inflated,
        Some("decode") => Until::Decoded,
        Some("build") => Until::Built,
        Some("encode") => Until::Encoded,
        _ => return Err("name a step: inflate, decode, build or encode".into()),
    };
    let directory = arguments.next().ok_or("name a directory of log objects")?;
    let rounds: Option<usize> = arguments.next().map(|rounds| rounds.parse()).transpose()?;
    let objects = inflated(&directory)?;
    if objects.is_empty() {
        return Err(format!("there are no .json.gz files below {directory}").into());
    }
    let mut seconds = Vec::new();
    for _ in 0..rounds.unwrap_or(1) {
        let start = Instant::now();
        let (events, bytes) = run(&objects, until)?;
        seconds.push(start.elapsed().as_secs_f64());
        if rounds.is_none() {
            println!("{events} events, {bytes} bytes written");
        }
    }
    seconds.sort_unstable_by(f64::total_cmp);
    if rounds.is_some() {
        println!("{:.3} s at least, {:.3} s in the middle", seconds[0], seconds[seconds.len() / 2]);
    }
    Ok(())
}

/// Names and contents, in the order of the names.
fn inflated(directory: &str) -> Result<Vec<(String, Vec<u8>)>, Box<dyn Error>> {
    let mut objects = Vec::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let path = entry?.into_path();
        let Some(name) = path.to_str().filter(|name| name.ends_with(".json.gz")) else { continue };
        let mut content = Vec::new();
        flate2::read::MultiGzDecoder::new(std::fs::File::open(name)?).read_to_end(&mut content)?;
        objects.push((name.to_owned(), content));
    }
    Ok(objects)
}

/// How many events there were, and bytes of files.
fn run(objects: &[(String, Vec<u8>)], until: Until) -> Result<(usize, usize), Box<dyn Error>> {
    let (mut events, mut fan_out, mut usual_bytes) = (0, FanOut::new(usize::MAX), 0);
    for (name, content) in objects.iter().filter(|_| until > Until::Inflated) {
        let (mut decoder, mut rows) = (Decoder::new(), PartitionedRows::with_capacity(usual_bytes));
        loop {
            match decoder.step(content, true) {
                Step::Event(event) => {
                    events += 1;
                    if until >= Until::Built {
                        let row = flatten(&event, name);
                        rows.push(&row, EventKey::new(&event, &row));
                    }
                }
                Step::Reject(_) | Step::LookAlike(_) => {}
                Step::End => break,
                _ => return Err(format!("{name} is no sound log object").into()),
            }
        }
        usual_bytes = rows.packed_size() / 8 * 9;
        fan_out.absorb(rows, 0, |_, keys| vec![true; keys.len()]);
    }
    let mut bytes = 0;
    if until == Until::Encoded {
        for partition in fan_out.close_all() {
            bytes += write::encode(&partition, "part")?.content.len();
        }
    }
    Ok((events, bytes))
}
