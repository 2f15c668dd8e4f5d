//! The campaign: log files of `fixtures/` damaged at random, again and again.
//!
//! However a file is damaged: nothing panics, every byte is in an event, in a reject or around them, and
//! `read = events + rejects`. Where one stretch was damaged, every event that it does not touch is still there.
//!
//! `cargo test` tries a few thousand damages; `scripts/damage` any number, on all cores.

#![allow(unreachable_pub, dead_code, reason = "the fuzz targets are crates of their own")]

use std::collections::HashSet;
use std::fmt;
use std::io::Read as _;
use std::ops::{AddAssign, Range};
use std::path::Path;
use std::{fs, panic};

use flate2::read::MultiGzDecoder;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use trailhouse::table::{PackedRows, flatten};

use crate::accounting::{Account, Found, account, decode};

/// Events of a file; larger fixtures are cut into several files.
const FILE_EVENTS: usize = 6;

/// Bytes by which JSON hangs together.
const TELLING: &[u8] = br#"{}[]",:\ 0en"#;

/// A log file before it is damaged.
#[derive(Debug)]
pub struct Healthy {
    name: String,
    object: Vec<u8>,
    /// Where its events lie; of those that are texts within the JSON, the record around the text is what is damaged.
    events: Vec<Range<usize>>,
    account: Account,
}

/// What was done to a file, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Damages.
    pub damages: u64,
    /// Files decoded.
    pub files: u64,
    /// Bytes decoded.
    pub bytes: u64,
    /// Events that came out.
    pub events: u64,
    /// Rejects that came out.
    pub rejects: u64,
    /// Files of which nothing was read, since their first byte was damaged and no event is whole.
    pub foreign: u64,
    /// Events that no damage touched, each of which was found again (files with one damage).
    pub untouched: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.damages += other.damages;
        self.files += other.files;
        self.bytes += other.bytes;
        self.events += other.events;
        self.rejects += other.rejects;
        self.foreign += other.foreign;
        self.untouched += other.untouched;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { damages, files, bytes, events, rejects, foreign, untouched } = self;
        writeln!(f, "{damages} damages in {files} files of {} bytes on average", bytes / files.max(&1))?;
        writeln!(
            f,
            "{} read = {events} events + {rejects} rejects; {foreign} files foreign",
            events + rejects
        )?;
        write!(f, "{untouched} events not touched by the only damage of their file, all found")
    }
}

impl Healthy {
    fn new(name: String, object: Vec<u8>) -> Self {
        let found = decode(&object, |_| {});
        let account = account(&object, &found);
        let place = |found: &Found| match found {
            Found::Event { text, offset, .. } => Some(*offset as usize..*offset as usize + text.len())
                .filter(|place| object.get(place.clone()) == Some(text.as_bytes())),
            _ => None,
        };
        Self { name, events: found.iter().filter_map(place).collect(), account, object }
    }

    /// Cuts a large file into several of a few elements each, broken ones included.
    fn cut(name: &str, object: Vec<u8>) -> Vec<Self> {
        let found = decode(&object, |_| {});
        if found.len() <= FILE_EVENTS {
            return vec![Self::new(name.to_owned(), object)];
        }
        let texts: Vec<&[u8]> = found
            .iter()
            .filter_map(|found| match found {
                Found::Event { text, .. } => Some(text.as_bytes()),
                Found::Reject { bytes, .. } => Some(&bytes[..]),
                _ => None,
            })
            .collect();
        let part = |(number, texts): (usize, &[&[u8]])| {
            let object = [&br#"{"Records":["#[..], &texts.join(&b","[..]), b"]}"].concat();
            Self::new(format!("{name}, part {number}"), object)
        };
        texts.chunks(FILE_EVENTS).enumerate().map(part).collect()
    }
}

/// The log files below a directory, in the order of their names.
pub fn healthy_files(directory: &Path) -> Vec<Healthy> {
    let mut entries: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        let name = path.display().to_string();
        if path.is_dir() {
            files.extend(healthy_files(&path));
        } else if name.ends_with(".gz") {
            let mut object = Vec::new();
            MultiGzDecoder::new(fs::File::open(&path).unwrap()).read_to_end(&mut object).unwrap();
            files.extend(Healthy::cut(&name, object));
        } else if name.ends_with(".json") && !name.ends_with("truth.json") {
            files.extend(Healthy::cut(&name, fs::read(&path).unwrap()));
        }
    }
    files
}

/// One damage: the bytes of a range replaced by others.
#[derive(Debug, Clone)]
struct Damage {
    place: Range<usize>,
    by: Vec<u8>,
}

impl Damage {
    fn random(object: &[u8], random: &mut ChaCha8Rng) -> Self {
        let at = random.random_range(0..object.len());
        let byte = |random: &mut ChaCha8Rng| match random.random_range(0..2) {
            0 => TELLING[random.random_range(0..TELLING.len())],
            _ => random.random(),
        };
        match random.random_range(0..100) {
            0..25 => Self { place: at..at + 1, by: vec![object[at] ^ 1 << random.random_range(0..8)] },
            25..50 => Self { place: at..at + 1, by: vec![byte(random)] },
            50..65 => Self { place: at..at, by: vec![byte(random)] },
            65..70 => {
                let mut by = vec![0; random.random_range(2..40)];
                random.fill_bytes(&mut by);
                Self { place: at..at, by }
            }
            70..80 => Self { place: at..at + 1, by: Vec::new() },
            80..90 => {
                let end = at + random.random_range(2..200);
                Self { place: at..end.min(object.len()), by: Vec::new() }
            }
            _ => Self { place: at..object.len(), by: Vec::new() },
        }
    }

    /// Whether an event is as it was, and so are the bytes next to it.
    fn spares(&self, event: &Range<usize>) -> bool {
        self.place.end < event.start || self.place.start > event.end
    }
}

/// An event with the name of the member that it is: what takes the name and more of an envelope away, may take away all
/// that tells the envelope from another event.
fn with_name(object: &[u8], event: Range<usize>) -> Range<usize> {
    let before = object[..event.start].trim_ascii_end().strip_suffix(b":");
    let name = before.and_then(|before| before.trim_ascii_end().strip_suffix(b"\""));
    let start = name.and_then(|name| name.iter().rposition(|byte| *byte == b'"'));
    start.unwrap_or(event.start)..event.end
}

/// Damages one file by chance and checks what comes out of it. The same `seed` does the same.
pub fn damage_one(files: &[Healthy], seed: u64) -> Tally {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let healthy = &files[random.random_range(0..files.len())];
    let count = if random.random_bool(0.5) { 1 } else { random.random_range(2..6) };
    let mut object = healthy.object.clone();
    let mut damages = Vec::new();
    while damages.len() < count && !object.is_empty() {
        let damage = Damage::random(&object, &mut random);
        object.splice(damage.place.clone(), damage.by.iter().copied());
        damages.push(damage);
    }
    match panic::catch_unwind(|| check(healthy, &object, &damages)) {
        Ok(tally) => tally,
        Err(cause) => {
            eprintln!("seed {seed}, {}: {damages:?}", healthy.name);
            if let Some(path) = std::env::var_os("DAMAGED_FILE") {
                fs::write(path, &object).unwrap();
            }
            panic::resume_unwind(cause)
        }
    }
}

fn check(healthy: &Healthy, object: &[u8], damages: &[Damage]) -> Tally {
    let mut rows = PackedRows::default();
    let found = decode(object, |event| rows.push(&flatten(event, "damaged.json")));
    let account = account(object, &found);
    assert_eq!(rows.len() as u64, account.events, "each event is a row");

    let mut tally = Tally {
        damages: damages.len() as u64,
        files: 1,
        bytes: object.len() as u64,
        events: account.events,
        rejects: account.rejects,
        foreign: u64::from(account.foreign),
        untouched: 0,
    };
    if account.foreign {
        let first = object.trim_ascii_start().first();
        assert!(!matches!(first, Some(b'{' | b'[')), "what begins with a bracket is read");
        assert_eq!(tally.events + tally.rejects, 0);
        return tally;
    }
    if account.look_alikes == 0 {
        let added: usize = damages.iter().map(|damage| damage.by.len()).sum();
        assert!(
            account.unclaimed <= healthy.account.unclaimed + added,
            "{} bytes are in no event and no reject, {} in the healthy file",
            account.unclaimed,
            healthy.account.unclaimed
        );
    }
    if let [damage] = damages {
        let texts: HashSet<&[u8]> = found
            .iter()
            .filter_map(|found| match found {
                Found::Event { text, .. } => Some(text.as_bytes()),
                _ => None,
            })
            .collect();
        for place in &healthy.events {
            if !damage.spares(&with_name(&healthy.object, place.clone())) {
                continue;
            }
            let event = &healthy.object[place.clone()];
            assert!(texts.contains(event), "the event at {place:?} is lost, though no damage touched it");
            tally.untouched += 1;
        }
    }
    tally
}

/// Does `damages` damages, beginning with a seed; how many there were and what came of them.
pub fn campaign(files: &[Healthy], damages: u64, seed: u64) -> Tally {
    let mut total = Tally::default();
    let mut seed = seed;
    while total.damages < damages {
        total += damage_one(files, seed);
        seed += 1;
    }
    total
}

#[test]
fn damaged_files_are_accounted_for_to_the_byte() {
    let files = healthy_files(&crate::harness::repository("fixtures"));
    let damages = std::env::var("DAMAGES").map_or(3000, |count| count.parse().unwrap());
    let tally = campaign(&files, damages, 0);
    assert!(tally.damages >= damages && tally.untouched > 0, "{tally}");
}
