//! The generator keeps its promises: the same bytes for the same seed, true counts, real proportions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::GzDecoder;
use serde_json::Value;
use serde_json::value::RawValue;

use super::plan::Plan;
use super::random::{Dice, Purpose, mix};
use super::truth::Tally;
use super::world::World;
use super::{Error, Options, Truth, generate, object};

/// A folder of its own for each test, removed when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("generate-{}-{number}", std::process::id())))
    }

    fn generate(&self, options: &Options) -> Truth {
        generate(options, &self.0, &|_| {}).unwrap()
    }

    /// All files with their bytes, by path below the folder.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.strip_prefix(&self.0).unwrap().to_owned(), fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The elements of an inflated object, as text.
fn elements(body: &str) -> Vec<String> {
    assert!(body.starts_with(r#"{"Records":["#) && body.ends_with("]}"));
    let records = &body[r#"{"Records":"#.len()..body.len() - 1];
    let records: Vec<&RawValue> = serde_json::from_str(records).unwrap();
    records.iter().map(|record| record.get().to_owned()).collect()
}

fn options(events: u64) -> Options {
    Options { events, seed: 7, ..Options::default() }
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn random_numbers_stay_the_same() {
    let mut dice = Dice::new(7, Purpose::Event, 1);
    assert_eq!([dice.bits(), dice.bits()], [4498478702221118451, 9318383133145287178]);
    assert_eq!(mix(&[7, 1, 2]), 14620295412296454508);
}

#[test]
fn same_seed_same_bytes() {
    let options = Options { duplicate_percent: 3.0, damaged_percent: 1.0, ..options(2_000) };
    let (first, second, other) = (Folder::new(), Folder::new(), Folder::new());
    let truth = first.generate(&options);
    assert_eq!(truth, second.generate(&options));
    assert!(first.files() == second.files());
    other.generate(&Options { seed: 8, ..options });
    assert!(first.files() != other.files());

    let json = serde_json::to_string_pretty(&truth).unwrap() + "\n";
    assert_eq!(String::from_utf8_lossy(&first.files()[Path::new("truth.json")]), json);
    let ratio = truth.inflated_bytes as f64 / truth.compressed_bytes as f64;
    assert!((7.0..10.5).contains(&ratio), "ratio {ratio}");
}

#[test]
fn keys_are_in_cloudtrails_form() {
    let folder = Folder::new();
    folder.generate(&Options { files: Some(40), duplicate_percent: 10.0, ..options(1_000) });
    let mut late = 0;
    for (path, bytes) in folder.files().into_iter().filter(|(path, _)| path.starts_with("AWSLogs")) {
        let path = path.to_string_lossy().into_owned();
        let parts: Vec<&str> = path.split('/').collect();
        let [_, account, "CloudTrail", region, year, month, day, name] = parts[..] else { panic!("{path}") };
        let rest = name.strip_prefix(&format!("{account}_CloudTrail_{region}_{year}{month}{day}T")).unwrap();
        assert_eq!(rest.len(), "1205Z_0123456789abcdef.json.gz".len());
        let mut body = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut body).unwrap();
        for element in elements(&body) {
            let event: Value = serde_json::from_str(&element).unwrap();
            assert_eq!(text(&event, "/awsRegion"), region);
            assert_eq!(text(&event, "/recipientAccountId"), account);
            let happened = &text(&event, "/eventTime")[..10];
            assert!(("2025-03-01".."2025-03-04").contains(&happened));
            late += u64::from(happened != format!("{year}-{month}-{day}"));
        }
    }
    assert!(late > 0, "no event was delivered on the day after");
}

/// Twenty thousand events, not compressed: that takes most of the time in a debug build.
#[test]
fn events_are_true_distinct_and_of_all_kinds() {
    let options = Options {
        // Enough objects for the smallest region to have one.
        files: Some(60),
        duplicate_percent: 2.0,
        damaged_percent: 0.5,
        ..options(20_000)
    };
    let (world, plan) = (World::new(options.seed), Plan::new(&options));
    let mut tally = Tally::default();
    let mut all = Vec::new();
    for object in &plan.objects {
        let body = object::body(&world, &plan, object, &mut tally);
        all.extend(elements(std::str::from_utf8(&body).unwrap()));
    }
    let truth = tally.into_truth(&options);
    let counts = truth.events;
    assert_eq!(all.len() as u64, counts.read);
    assert_eq!(counts.read, counts.written + counts.duplicates + counts.rejected);
    assert_eq!(counts.written + counts.rejected, 20_000);
    assert!((300..500).contains(&counts.duplicates), "{counts:?}");
    assert!((60..140).contains(&counts.rejected), "{counts:?}");
    assert_eq!(truth.partitions.iter().map(|partition| partition.events).sum::<u64>(), counts.written);
    let totals = &truth.totals;
    for sums in [&totals.principal_kind, &totals.credential_type, &totals.event_type, &totals.read_only] {
        assert_eq!(sums.values().sum::<u64>(), counts.written);
    }

    // Copies are equal byte for byte, so a set of texts holds each event once.
    let distinct: BTreeSet<&String> =
        all.iter().filter(|element| element.contains("recipientAccountId")).collect();
    assert_eq!(distinct.len() as u64, counts.written);
    let mut ids = BTreeSet::new();
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for &element in &distinct {
        assert!(!element.contains("${"), "a placeholder was left: {element}");
        let event: Value = serde_json::from_str(element).unwrap();
        assert!(ids.insert(text(&event, "/eventID").to_owned()), "eventID occurs twice: {element}");
        for (what, pointer) in [
            ("type", "/userIdentity/type"),
            ("source", "/eventSource"),
            ("region", "/awsRegion"),
            ("account", "/recipientAccountId"),
            ("category", "/eventCategory"),
        ] {
            seen.entry(what).or_default().insert(text(&event, pointer).to_owned());
        }
    }
    let types = "AWSAccount AWSService AssumedRole Directory FederatedUser IAMUser IdentityCenterUser Role Root \
                 SAMLUser Unknown WebIdentityUser";
    for kind in types.split(' ') {
        assert!(seen["type"].contains(kind), "no {kind} among {:?}", seen["type"]);
    }
    assert!(seen["source"].len() > 25);
    assert_eq!(seen["region"].len(), 9);
    assert_eq!(seen["account"].len(), 4);
    assert!(seen["account"].iter().any(|account| account.starts_with('0')));
    assert!(
        ["Management", "Data", "NetworkActivity", "Insight"]
            .iter()
            .all(|name| seen["category"].contains(*name))
    );

    let mut sizes: Vec<usize> = distinct.iter().map(|element| element.len()).collect();
    sizes.sort_unstable();
    let (median, high) = (sizes[sizes.len() / 2], sizes[sizes.len() * 95 / 100]);
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((1_100..1_500).contains(&median), "median {median}");
    assert!((1_200..1_500).contains(&mean), "mean {mean}");
    assert!((1_800..3_000).contains(&high), "95th percentile {high}");
    let errors = totals.is_error as f64 / counts.written as f64;
    assert!((0.04..0.08).contains(&errors), "errors {errors}");
}

#[test]
fn few_files_and_many_files() {
    for files in [1, 7, 50] {
        let plan = Plan::new(&Options { files: Some(files), ..options(50) });
        assert_eq!(plan.objects.len() as u64, files);
        assert_eq!(plan.objects.iter().map(|object| object.events).sum::<u64>(), 50);
        assert!(plan.objects.iter().all(|object| object.events > 0));
    }
    let folder = Folder::new();
    let truth = folder.generate(&Options { files: Some(1), duplicate_percent: 50.0, ..options(50) });
    assert_eq!(truth.objects, 2, "the copies need a later object");
    let none = Folder::new();
    assert_eq!(none.generate(&options(0)).objects, 0);
}

#[test]
fn refuses_what_makes_no_sense() {
    let folder = Folder::new();
    let refused =
        |options: Options| matches!(generate(&options, &folder.0, &|_| {}), Err(Error::Options { .. }));
    assert!(refused(Options { days: 0, ..options(10) }));
    assert!(refused(Options { files: Some(11), ..options(10) }));
    assert!(refused(Options { damaged_percent: f64::NAN, ..options(10) }));
    assert!(refused(Options { damaged_percent: 60.0, duplicate_percent: 60.0, ..options(10) }));
    folder.generate(&options(10));
    assert!(matches!(generate(&options(10), &folder.0, &|_| {}), Err(Error::Occupied { .. })));
}
