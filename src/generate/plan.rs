//! Which log objects there are: when each is delivered, for which account and region, with how many events.
//!
//! The plan is made first and is small. An object's events follow from the plan and the seed alone, so
//! objects can be written in any order and on any thread, and a copy of an event can be made without looking
//! at the original.

use chrono::NaiveDate;

use super::Options;
use super::names::{ACCOUNTS, REGIONS};
use super::random::{Dice, Purpose, Weighted, mix};
use super::text::DAY;

/// One log object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) number: u64,
    pub(super) account: usize,
    pub(super) region: usize,
    /// Unix time of delivery, a whole number of five minutes.
    pub(super) delivery: i64,
    /// Events delivered for the first time.
    pub(super) events: u64,
    /// How far from their order in time events may stand, in places.
    pub(super) disorder: u64,
    /// Objects whose redelivered events this one holds too.
    pub(super) copies_of: Vec<usize>,
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fate {
    Delivered,
    /// Delivered a second time, in another object.
    Redelivered,
    /// Replaced by something that is no event.
    Damaged,
}

/// All objects, in the order of delivery.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) objects: Vec<Object>,
    /// First moment and the moment after the last.
    pub(super) start: i64,
    pub(super) end: i64,
    seed: u64,
    /// Of 2^32 events.
    damaged: u64,
    redelivered: u64,
}

/// Events per object when no number of files is given: a five-minute object of a busy account.
const EVENTS_PER_OBJECT: u64 = 1000;

/// Sizes of objects, relative to the average: most are small, a few are several times as large.
const SIZES: [u64; 10] = [12, 25, 40, 55, 70, 90, 115, 145, 190, 258];

/// Activity by hour of the day (UTC): nights are quiet but not silent, and Europe's and America's working
/// hours overlap in the afternoon.
const HOURS: [u64; 24] =
    [18, 16, 15, 14, 14, 16, 24, 38, 52, 58, 56, 52, 56, 70, 80, 82, 78, 72, 66, 56, 46, 38, 30, 22];

/// CloudTrail delivers about every five minutes.
const DELIVERY_STEP: i64 = 300;

/// The longest time between an event and its delivery, in seconds.
pub(super) const LONGEST_LAG: i64 = 600;

impl Plan {
    /// Plans the objects for options that have been checked.
    pub(super) fn new(options: &Options) -> Self {
        let mut dice = Dice::new(options.seed, Purpose::Plan, 0);
        let start = (options.start - NaiveDate::default()).num_seconds();
        let end = start + i64::from(options.days) * DAY;
        let count = options.files.unwrap_or(options.events.div_ceil(EVENTS_PER_OBJECT)).min(options.events);
        let mut plan = Self {
            objects: Vec::new(),
            start,
            end,
            seed: options.seed,
            damaged: share(options.damaged_percent),
            redelivered: share(options.duplicate_percent),
        };
        let times = plan.times(count, options.days, &mut dice);
        let sizes = sizes(options.events, &times, &mut dice);
        for (number, (delivery, events)) in times.into_iter().zip(sizes).enumerate() {
            plan.objects.push(object(number as u64, delivery, events, &mut dice));
        }
        if plan.redelivered > 0 {
            plan.redeliver(&mut dice);
        }
        plan
    }

    /// What becomes of an event. The first element of an object is never damaged: readers tell by it what
    /// kind of object they have before them.
    pub(super) fn fate(&self, object: &Object, index: u64) -> Fate {
        let draw = mix(&[self.seed, object.number, index, 7]) >> 32;
        if draw < self.damaged && index > 0 {
            Fate::Damaged
        } else if draw >= (1 << 32) - self.redelivered {
            Fate::Redelivered
        } else {
            Fate::Delivered
        }
    }

    /// Delivery times, ascending, spread over the days by activity. The last object of a day is delivered
    /// after midnight, so that some events of every day lie in the next day's folder.
    fn times(&self, count: u64, days: u32, dice: &mut Dice) -> Vec<i64> {
        let hours = Weighted::new(HOURS);
        let days = u64::from(days);
        let mut times = Vec::new();
        for day in 0..days {
            let (first, next) = (count * day / days, count * (day + 1) / days);
            let midnight = self.start + day as i64 * DAY;
            for place in 0..next - first {
                let share = (u128::from(place) << 64) / u128::from(next - first);
                let hour = hours.at(share as u64) as i64;
                let second = midnight + hour * 3600 + dice.below(3600) as i64;
                // Early enough for all its events to lie in the day it is counted for, or nearly.
                let delivery = second.max(self.start + LONGEST_LAG);
                times.push(delivery - delivery.rem_euclid(DELIVERY_STEP));
            }
            if next - first > 1 {
                times.pop();
                times.push(midnight + DAY + DELIVERY_STEP);
            }
        }
        times.sort_unstable();
        times
    }

    /// Gives each redelivered event a later object of the same account and region to lie in, making one where
    /// there is none.
    fn redeliver(&mut self, dice: &mut Dice) {
        for source in 0..self.objects.len() {
            let original = self.objects[source].clone();
            let redelivered = |index| self.fate(&original, index) == Fate::Redelivered;
            if !(0..original.events).any(redelivered) {
                continue;
            }
            let later = self.objects.iter().skip(source + 1).position(|object| {
                (object.account, object.region) == (original.account, original.region)
                    && object.delivery > original.delivery
            });
            let target = match later {
                Some(distance) => source + 1 + distance,
                None => {
                    let number = self.objects.len() as u64;
                    // CloudTrail tries again for hours after it could not deliver.
                    let delay = dice.between(12, 72) as i64 * DELIVERY_STEP;
                    self.objects.push(Object {
                        number,
                        delivery: original.delivery + delay,
                        events: 0,
                        copies_of: Vec::new(),
                        ..original
                    });
                    self.objects.len() - 1
                }
            };
            self.objects[target].copies_of.push(source);
        }
    }
}

/// A percentage in parts of 2^32.
fn share(percent: f64) -> u64 {
    (percent / 100.0 * (1_u64 << 32) as f64) as u64
}

fn object(number: u64, delivery: i64, events: u64, dice: &mut Dice) -> Object {
    let lanes =
        ACCOUNTS.iter().flat_map(|account| REGIONS.iter().map(move |region| account.weight * region.weight));
    let lanes = Weighted::new(lanes);
    // The golden ratio's multiples fill the unit interval evenly, so every region gets its share of every
    // day.
    let lane = lanes.at((number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    Object {
        number,
        account: lane / REGIONS.len(),
        region: lane % REGIONS.len(),
        delivery,
        events,
        // Two of five real objects are sorted; the others are disordered a little, or thoroughly.
        disorder: *dice.pick(&[0, 0, 8, 60, events]),
        copies_of: Vec::new(),
    }
}

/// Splits the events over the objects: at least one each, the rest by size and by the hour's activity.
fn sizes(events: u64, times: &[i64], dice: &mut Dice) -> Vec<u64> {
    let weights: Vec<u64> = times
        .iter()
        .map(|time| dice.pick(&SIZES) * (HOURS[(time.rem_euclid(DAY) / 3600) as usize] + 30))
        .collect();
    let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    let rest = u128::from(events - times.len() as u64);
    let mut sum = 0;
    let mut given = 0;
    let split = weights.iter().map(|&weight| {
        sum += u128::from(weight);
        let share = rest * sum / total.max(1) - given;
        given += share;
        share as u64 + 1
    });
    split.collect()
}
