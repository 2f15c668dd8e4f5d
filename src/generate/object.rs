//! One log object: its events, its key, its file.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use super::compose::{Place, write_event};
use super::damage::write_stray;
use super::error::Error;
use super::insight::write_insight;
use super::names::{ACCOUNTS, REGIONS};
use super::plan::{Fate, LONGEST_LAG, Object, Plan};
use super::random::{Dice, Purpose, mix};
use super::text::{date, push_alnum, push_stamp};
use super::truth::{Facts, Tally};
use super::world::World;

/// Of 10,000 pairs of neighbouring events, those that are the start and end of an Insight.
const INSIGHTS: u64 = 8;

/// Neighbouring events of which many are alike.
const RUN: u64 = 8;

/// Seconds between an event and its delivery, at 0, 5, 25, 50, 75, 95 and 100 per cent of the events, as
/// measured on real objects.
const LAGS: [(u64, u64); 7] = [(0, 3), (5, 30), (25, 120), (50, 200), (75, 290), (95, 425), (100, 594)];

/// Typical gzip level of log objects.
const LEVEL: u32 = 6;

/// Room for an average object, so that the buffer grows rarely.
const OBJECT_BYTES: usize = 4 << 20;

/// Writes an object below `to` and returns its counts.
pub(super) fn write_object(world: &World, plan: &Plan, object: &Object, to: &Path) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    let body = body(world, plan, object, &mut tally);
    let path = to.join(key(world.seed, object));
    let folder = path.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(Error::write(folder))?;
    // Modification time 0 and no file name: the same events make the same bytes.
    let mut encoder: GzEncoder<Vec<u8>> =
        GzBuilder::new().mtime(0).write(Vec::with_capacity(body.len() / 8), Compression::new(LEVEL));
    let bytes = encoder.write_all(&body).and_then(|()| encoder.finish()).map_err(Error::write(&path))?;
    write_whole(&path, &bytes)?;
    tally.objects = 1;
    tally.inflated_bytes = body.len() as u64;
    tally.compressed_bytes = bytes.len() as u64;
    Ok(tally)
}

/// Writes a file so that it appears under its name only when it is complete.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let temporary = path.with_extension("partial");
    fs::write(&temporary, bytes).map_err(Error::write(&temporary))?;
    fs::rename(&temporary, path).map_err(Error::write(path))
}

/// The object's key, in CloudTrail's form.
fn key(seed: u64, object: &Object) -> String {
    let account = ACCOUNTS[object.account].id;
    let region = REGIONS[object.region].name;
    let mut stamp = Vec::new();
    push_stamp(&mut stamp, object.delivery);
    stamp.push(b'_');
    push_alnum(&mut stamp, 16, &mut Dice::new(seed, Purpose::Plan, object.number + 1));
    let day = date(object.delivery).format("%Y/%m/%d");
    let stamp = String::from_utf8_lossy(&stamp);
    format!("AWSLogs/{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{stamp}.json.gz")
}

/// The inflated object.
pub(super) fn body(world: &World, plan: &Plan, object: &Object, tally: &mut Tally) -> Vec<u8> {
    let mut out = Vec::with_capacity(OBJECT_BYTES);
    out.extend_from_slice(br#"{"Records":["#);
    for index in 0..object.events {
        match plan.fate(object, index) {
            Fate::Damaged => {
                write_stray(&mut out, &mut event_dice(world.seed, object, index));
                tally.rejected();
            }
            Fate::Delivered | Fate::Redelivered => {
                tally.written(&write_one(&mut out, world, plan, object, index));
            }
        }
        out.push(b',');
    }
    for &source in &object.copies_of {
        let original = &plan.objects[source];
        for index in (0..original.events).filter(|&index| plan.fate(original, index) == Fate::Redelivered) {
            write_one(&mut out, world, plan, original, index);
            out.push(b',');
            tally.duplicate();
        }
    }
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.extend_from_slice(b"]}");
    out
}

/// Writes the event at a place of an object: the same bytes whoever asks.
fn write_one(out: &mut Vec<u8>, world: &World, plan: &Plan, object: &Object, index: u64) -> Facts {
    let mut dice = event_dice(world.seed, object, index);
    let second = event_time(plan, object, index, &mut dice);
    let scene = mix(&[world.seed, object.number]);
    let run = mix(&[scene, index / RUN]);
    let place = Place { account: object.account, region: object.region, second, scene, run };
    let pair = mix(&[world.seed, Purpose::Insight as u64, object.number, index / 2]);
    if pair % 10_000 < INSIGHTS && index | 1 < object.events {
        write_insight(out, place, pair, index.is_multiple_of(2), &mut dice)
    } else {
        write_event(out, world, place, &mut dice)
    }
}

fn event_dice(seed: u64, object: &Object, index: u64) -> Dice {
    // No object holds 2^32 events: it would be a thousand times what CloudTrail allows.
    Dice::new(seed, Purpose::Event, object.number << 32 | index)
}

/// When the event happened: the lags of an object's events run from the longest to the shortest, give or
/// take.
fn event_time(plan: &Plan, object: &Object, index: u64, dice: &mut Dice) -> i64 {
    let last = object.events.saturating_sub(1);
    let moved = dice.between(index.saturating_sub(object.disorder), (index + object.disorder).min(last));
    let late = object.events - moved;
    // Thousandths of a per cent keep neighbouring events apart.
    let share = late * 100_000 / object.events.max(1);
    let segment = LAGS[1..LAGS.len() - 1].iter().filter(|&&(percent, _)| percent * 1000 < share).count();
    let ((low, from), (high, to)) = (LAGS[segment], LAGS[segment + 1]);
    let lag = from + (to - from) * (share - low * 1000).min((high - low) * 1000) / ((high - low) * 1000);
    // The objects delivered after the last midnight hold events of the last day only.
    let overshoot = (object.delivery - plan.end + 1).max(0);
    let lag = (lag as i64).max(overshoot + lag as i64 * (LONGEST_LAG - overshoot) / LONGEST_LAG);
    (object.delivery - lag).clamp(plan.start, plan.end - 1)
}
