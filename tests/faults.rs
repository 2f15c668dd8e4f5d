//! Every single call to the store fails once, in every way: what comes of it, when the work is done again, is what would have
//! come of it without.
//!
//! In this process, through a store that fails when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::runtime::Runtime;
use trailhouse::convert::{self, Conversion, Progress, Settings};
use trailhouse::dataset::{Compaction, Dataset};
use trailhouse::filter::Filter;
use trailhouse::source::Location;

use crate::harness::{Dir, event, log_file};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// Nothing was done.
    Refused,
    /// It was done, and the answer was lost.
    AnswerLost,
    /// Nothing was done, nor is anything from then on: the process has died, or the store is gone.
    DiedBefore,
    /// It was done, and nothing is from then on.
    DiedBehind,
}

const FAULTS: [Fault; 4] = [Fault::Refused, Fault::AnswerLost, Fault::DiedBefore, Fault::DiedBehind];

/// When what fails; shared by the stores of a dataset.
#[derive(Debug)]
struct Plan {
    at: usize,
    fault: Fault,
    calls: AtomicUsize,
    struck: AtomicBool,
    /// What was read.
    read: Mutex<BTreeSet<String>>,
}

/// What becomes of a call.
enum Verdict {
    Pass,
    Refuse,
    LoseAnswer,
}

impl Plan {
    fn new(at: usize, fault: Fault) -> Arc<Self> {
        let (calls, struck, read) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::default());
        Arc::new(Self { at, fault, calls, struck, read })
    }

    /// `dataset` by this plan.
    fn through(self: &Arc<Self>, dataset: &Dataset) -> Dataset {
        let wrap = |store| Arc::new(FaultyStore { store, plan: self.clone() }) as Arc<dyn ObjectStore>;
        dataset.clone().through(wrap).unwrap()
    }

    fn next(&self) -> Verdict {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let died = matches!(self.fault, Fault::DiedBefore | Fault::DiedBehind);
        if call == self.at {
            self.struck.store(true, Ordering::SeqCst);
        }
        match call {
            call if call < self.at => Verdict::Pass,
            call if call > self.at => {
                if died {
                    Verdict::Refuse
                } else {
                    Verdict::Pass
                }
            }
            _ if matches!(self.fault, Fault::AnswerLost | Fault::DiedBehind) => Verdict::LoseAnswer,
            _ => Verdict::Refuse,
        }
    }
}

#[derive(Debug)]
struct FaultyStore {
    store: Arc<dyn ObjectStore>,
    plan: Arc<Plan>,
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faulty {}", self.store)
    }
}

fn fault() -> object_store::Error {
    object_store::Error::Generic { store: "faulty", source: "a fault was asked for".into() }
}

impl FaultyStore {
    async fn call<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        match self.plan.next() {
            Verdict::Pass => call.await,
            Verdict::Refuse => Err(fault()),
            Verdict::LoseAnswer => {
                call.await.ok();
                Err(fault())
            }
        }
    }

    /// A listing fails before its first entry, or behind its last.
    fn listing<T: Send + 'static>(
        &self,
        listing: BoxStream<'static, Result<T>>,
    ) -> BoxStream<'static, Result<T>> {
        match self.plan.next() {
            Verdict::Pass => listing,
            Verdict::Refuse => futures::stream::once(async { Err(fault()) }).boxed(),
            Verdict::LoseAnswer => listing.chain(futures::stream::once(async { Err(fault()) })).boxed(),
        }
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.call(self.store.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.call(self.store.put_multipart_opts(location, options)).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.plan.read.lock().unwrap().insert(location.to_string());
        self.call(self.store.get_opts(location, options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.plan.read.lock().unwrap().insert(location.to_string());
        self.call(self.store.get_ranges(location, ranges)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (store, plan) = (self.store.clone(), self.plan.clone());
        let delete = move |location: Result<Path>| {
            let one = Self { store: store.clone(), plan: plan.clone() };
            async move {
                let location = location?;
                let path = location.clone();
                let deleting = async {
                    let only = futures::stream::once(async { Ok(path) }).boxed();
                    one.store.delete_stream(only).try_collect::<Vec<_>>().await
                };
                one.call(deleting).await.map(|_| location)
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(self.store.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(self.store.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.call(self.store.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.call(self.store.copy_opts(from, to, options)).await
    }
}

/// What is done, one after another.
#[derive(Debug, Clone, Copy)]
enum Step {
    Convert,
    Compact,
    Vacuum,
}

const STEPS: [Step; 4] = [Step::Convert, Step::Compact, Step::Vacuum, Step::Convert];

async fn convert(dataset: &Dataset, logs: &FilePath) -> std::result::Result<Conversion, Failure> {
    let settings = Settings {
        sources: vec![Location::parse(logs.to_str().unwrap())?],
        filter: Filter::default(),
        memory_limit_bytes: 128 << 20,
        object_limit_bytes: 1 << 30,
        redact: false,
        // Each object by itself, so that there is something to compact.
        commit_every_bytes: 1,
        reprocess: false,
        threads: 2,
        fetches: 64,
    };
    Ok(convert::run(dataset, &settings, &Progress::default()).await?)
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Does all of it, up to the first error. Whether there was none.
async fn work(dataset: &Dataset, logs: &FilePath) -> std::result::Result<(), Failure> {
    for step in STEPS {
        match step {
            Step::Convert => {
                convert(dataset, logs).await?;
            }
            Step::Compact => {
                let compaction = Compaction {
                    days: None..None,
                    target_bytes: 1 << 20,
                    memory_limit_bytes: 128 << 20,
                    threads: 2,
                    dry_run: false,
                };
                dataset.compact(&compaction).await?;
            }
            Step::Vacuum => {
                dataset.vacuum(TimeDelta::zero(), false).await?;
            }
        }
    }
    Ok(())
}

/// Lets the owners of all claims be dead: processes end, which this one does not.
fn bury_owners(trail: &FilePath) {
    let Ok(intents) = fs::read_dir(trail.join("_trailhouse/intents")) else { return };
    for intent in intents {
        let path = intent.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let mut claim: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            claim["owner"]["started"] = "1".into();
            fs::write(&path, claim.to_string()).unwrap();
        }
    }
}

/// Rows by what is told by them, and what else is there.
fn state(runtime: &Runtime, dataset: &Dataset) -> (u64, u64, u64) {
    let found = runtime.block_on(dataset.check(1)).unwrap();
    assert_eq!(found.findings, []);
    assert_eq!((found.in_progress, found.leftovers), (0, 0));
    (found.rows, found.objects, found.rejects)
}

#[test]
fn every_call_fails_once() {
    let dir = Dir::new();
    for part in 0..2 {
        let mut events: Vec<String> = (part * 3..part * 3 + 5).map(|n| event(n, "s3", "r")).collect();
        events.push(format!("{{\"no event\":{part}}}"));
        dir.write(&format!("logs/{part}.json"), log_file(&events));
    }
    let logs = dir.path("logs");
    let runtime = Runtime::new().unwrap();
    let attempt = |name: &str, at: usize, fault: Fault| {
        let trail = dir.path(name);
        let sound = Dataset::create(trail.to_str().unwrap()).unwrap();
        let plan = Plan::new(at, fault);
        let faulty = plan.through(&sound);
        let done = runtime.block_on(work(&faulty, &logs)).is_ok();
        let calls = plan.calls.load(Ordering::SeqCst);
        bury_owners(&trail);
        // Once more, and all is well.
        runtime.block_on(work(&sound, &logs)).unwrap();
        runtime.block_on(sound.vacuum(TimeDelta::zero(), false)).unwrap();
        let state = state(&runtime, &sound);
        let struck = plan.struck.load(Ordering::SeqCst);
        fs::remove_dir_all(&trail).unwrap();
        (state, calls, struck, done)
    };
    let (expected, calls, struck, done) = attempt("none", usize::MAX, Fault::Refused);
    assert_eq!((expected, struck, done), ((8, 2, 2), false, true));

    // A prime, so that in the course of the faults every kind of call has its turn.
    let stride = if std::env::var_os("EVERY_CALL").is_some() { 1 } else { 7 };
    let faults: Vec<(usize, Fault)> =
        (0..calls).flat_map(|at| FAULTS.map(|fault| (at, fault))).step_by(stride).collect();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(BTreeMap::<Fault, usize>::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((at, fault)) = faults.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let (found, _, _, done) = attempt(&format!("{at}-{fault:?}"), *at, *fault);
                    assert_eq!(found, expected, "call {at}: {fault:?}");
                    *failed.lock().unwrap().entry(*fault).or_default() += usize::from(!done);
                }
            });
        }
    });
    // Most faults end the work; without that, this would prove little.
    let failed = failed.into_inner().unwrap();
    println!("{} faults at {calls} calls, ended by {failed:?}", faults.len());
    assert!(FAULTS.iter().all(|fault| failed[fault] > faults.len() / FAULTS.len() / 2), "{failed:?}");
}

/// Of the files that are there, only those are read that may hold one of the events.
#[test]
fn duplicates_are_looked_for_where_they_may_be() {
    let dir = Dir::new();
    let runtime = Runtime::new().unwrap();
    let sound = Dataset::create(dir.path("trail").to_str().unwrap()).unwrap();
    let written_and_read = |name: &str, events: &[String]| {
        let log = dir.write(&format!("{name}.json"), log_file(events));
        let plan = Plan::new(usize::MAX, Fault::Refused);
        let conversion = runtime.block_on(convert(&plan.through(&sound), &log)).unwrap();
        let mut read = plan.read.lock().unwrap().clone();
        read.retain(|path| path.contains("date="));
        let directories = read.into_iter().map(|path| path.rsplit_once('/').unwrap().0.to_owned());
        (conversion.report.events.written, directories.collect::<Vec<_>>())
    };
    let day = 86_400;
    let service = |numbers: Range<u32>, service: &str| -> Vec<String> {
        numbers.map(|n| event(n, service, "r")).collect()
    };
    let first = [service(0..9, "s3"), service(0..9, "sts"), service(day..day + 9, "s3")].concat();
    assert_eq!(written_and_read("first", &first), (27, Vec::new()));
    // The same day and service, at other times.
    assert_eq!(written_and_read("later", &service(100..109, "s3")), (9, Vec::new()));
    // At the same times, another service.
    assert_eq!(written_and_read("other", &service(0..9, "ec2")), (9, Vec::new()));
    // At the same times, and of another region: told by the ids.
    let elsewhere: Vec<String> =
        (0..9).map(|n| event(n, "s3", "q").replace("00000000-0000", &format!("{n}0000000-0000"))).collect();
    let asked = "date=2025-03-01/service=s3/region=r".to_owned();
    assert_eq!(written_and_read("elsewhere", &elsewhere[1..]), (8, vec![asked.clone()]));
    // Copies, and new ones.
    assert_eq!(written_and_read("copies", &service(5..12, "sts")).0, 3);
    assert_eq!(written_and_read("copies of copies", &service(day + 3..day + 5, "s3")).0, 0);
}

/// Services whose names begin with another's lie between its directory's name and what is in it.
#[test]
fn services_whose_names_begin_alike() {
    let dir = Dir::new();
    let services = ["ec2", "ec2-instance-connect", "ec2.x", "ec20", "s3", "s3-outposts"];
    let events: Vec<String> = services.iter().zip(0..).map(|(service, n)| event(n, service, "r")).collect();
    for _ in 0..2 {
        dir.write("log.json", log_file(&events));
        dir.run(&["convert", "log.json", "--to", "trail", "--reprocess"]).succeeds();
    }
    let counts = dir.query("trail", "SELECT count(*) AS n FROM events");
    assert_eq!(counts, [serde_json::json!({"n": services.len()})]);
    dir.run(&["check", "trail"]).succeeds();
}
