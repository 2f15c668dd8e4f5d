//! The steps of `convert`, one by one and all of them together, over made-up logs.
//!
//! `cargo bench --bench steps [-- decode|build|encode|convert]`; `--save-baseline NAME` and `--baseline NAME` compare two
//! versions of the program. What the times are worth depends on what else the machine does: see docs/BENCHMARKS.md.

// What goes wrong here is not to be handled, but to be seen.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use trailhouse::convert::{self, Progress, Settings};
use trailhouse::dataset::Dataset;
use trailhouse::decode::{Decoder, Event, Step};
use trailhouse::filter::Filter;
use trailhouse::generate::{self, Options};
use trailhouse::source::Location;
use trailhouse::table::{EventKey, flatten};
use trailhouse::write::{self, ClosedPartition, FanOut, PartitionedRows};

const EVENTS: u64 = 20_000;

/// Log objects on disk, and inflated.
struct Logs {
    directory: tempfile::TempDir,
    objects: Vec<(String, Vec<u8>)>,
}

impl Logs {
    fn generate() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let options = Options { events: EVENTS, ..Options::default() };
        generate::generate(&options, directory.path(), &|_| {}).expect("made-up logs");
        let files = walkdir::WalkDir::new(directory.path().join("AWSLogs")).sort_by_file_name();
        let files = files.into_iter().map(|entry| entry.expect("a readable directory").into_path());
        let objects = files.filter(|path| path.is_file()).map(|path| inflate(&path)).collect();
        Self { directory, objects }
    }

    fn bytes(&self) -> u64 {
        self.objects.iter().map(|(_, content)| content.len() as u64).sum()
    }

    fn source(&self) -> String {
        self.directory.path().join("AWSLogs").display().to_string()
    }

    /// Shows each event to `take`.
    fn decode(&self, mut take: impl FnMut(&str, &Event<'_>)) {
        for (name, content) in &self.objects {
            let mut decoder = Decoder::new();
            loop {
                match decoder.step(content, true) {
                    Step::Event(event) => take(name, &event),
                    Step::End => break,
                    other => panic!("made-up logs are sound: {other:?}"),
                }
            }
        }
    }

    fn rows(&self) -> PartitionedRows {
        let mut rows = PartitionedRows::default();
        self.decode(|name, event| {
            let row = flatten(event, name);
            rows.push(&row, EventKey::new(event, &row));
        });
        rows
    }

    fn partitions(&self) -> Vec<ClosedPartition> {
        let mut fan_out = FanOut::new(usize::MAX);
        fan_out.absorb(self.rows(), 0, |_, keys| vec![true; keys.len()]);
        fan_out.close_all()
    }
}

fn inflate(path: &Path) -> (String, Vec<u8>) {
    let mut content = Vec::new();
    let file = std::fs::File::open(path).expect("a made-up log object");
    std::io::copy(&mut flate2::read::MultiGzDecoder::new(file), &mut content).expect("sound gzip");
    (path.display().to_string(), content)
}

fn steps(criterion: &mut Criterion) {
    let logs = Logs::generate();
    let mut group = criterion.benchmark_group("steps");
    group.throughput(Throughput::Bytes(logs.bytes())).sampling_mode(SamplingMode::Flat).sample_size(20);
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            logs.decode(|_, event| {
                black_box(event);
            });
        });
    });
    group.bench_function("build", |bencher| bencher.iter(|| black_box(logs.rows())));
    let partitions = logs.partitions();
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            for partition in &partitions {
                black_box(write::encode(partition, "part").expect("rows of the table"));
            }
        });
    });
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let settings = settings(&logs.source());
    group.bench_function("convert", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().expect("a temporary directory"),
            |target| {
                let place = target.path().to_str().expect("a temporary directory with a name");
                let dataset = Dataset::create(place).expect("a new dataset");
                let converted = runtime.block_on(convert::run(&dataset, &settings, &Progress::default()));
                assert_eq!(converted.expect("a conversion").report.events.written, EVENTS);
                target
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn settings(source: &str) -> Settings {
    Settings {
        sources: vec![Location::parse(source).expect("a path")],
        filter: Filter::default(),
        memory_limit_bytes: 512 << 20,
        object_limit_bytes: u64::MAX,
        redact: false,
        commit_every_bytes: u64::MAX,
        reprocess: false,
        threads: std::thread::available_parallelism().map_or(1, Into::into),
        fetches: 64,
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
