//! Randomness that is the same on every machine.
//!
//! Only the raw ChaCha8 stream is used, which is documented never to change; every helper on top of it is
//! integer arithmetic written here, because `rand`'s own distributions may change between releases and
//! floating-point `exp` and `ln` differ between platforms.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is used for. Streams of different purposes never overlap.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Accounts' names, principals, addresses: everything that outlives one object.
    World = 1,
    /// Which objects there are.
    Plan = 2,
    /// One event; the stream number holds the object and the place in it.
    Event = 3,
    /// A pair of Insight events; the stream number holds the object and the pair.
    Insight = 4,
}

/// A source of random numbers with the draws the generator needs.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream `number` of the given seed and purpose; streams are independent of each other.
    pub(super) fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = purpose as u8;
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(number);
        Self(rng)
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..end`; 0 if `end` is 0. The bias of the multiplication is below 2^-32 for every use
    /// here.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True in `per_10k` of 10,000 cases.
    pub(super) fn chance(&mut self, per_10k: u64) -> bool {
        self.below(10_000) < per_10k
    }

    /// One element of a slice that is not empty.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

/// Indices drawn in proportion to whole-number weights.
#[derive(Debug, Clone)]
pub(super) struct Weighted {
    cumulative: Vec<u64>,
}

impl Weighted {
    /// A table over the given weights, in their order.
    pub(super) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut sum = 0;
        let cumulative = weights.into_iter().map(|weight| {
            sum += weight;
            sum
        });
        Self { cumulative: cumulative.collect() }
    }

    /// Zipf's law: the element of rank r has a weight of about 1 / (r + 2), so that the first is popular but
    /// does not swallow everything.
    pub(super) fn zipf(len: usize) -> Self {
        Self::new((0..len as u64).map(|rank| 1_000_000 / (rank + 2)))
    }

    /// A random index.
    pub(super) fn pick(&self, dice: &mut Dice) -> usize {
        self.at(dice.bits())
    }

    /// The index at `share` / 2^64 of the whole weight.
    pub(super) fn at(&self, share: u64) -> usize {
        self.at_first(self.cumulative.len(), share)
    }

    /// The index at `share` / 2^64 of the weight of the first `len`.
    pub(super) fn at_first(&self, len: usize, share: u64) -> usize {
        let total = self.cumulative[..len].last().copied().unwrap_or(0);
        let weight = ((u128::from(share) * u128::from(total)) >> 64) as u64;
        self.cumulative.partition_point(|&sum| sum <= weight)
    }
}

/// A well-mixed function of its parts: for values that several events must agree on without talking to each
/// other, such as the key id of a role's session in a given hour.
pub(super) fn mix(parts: &[u64]) -> u64 {
    let mut state = 0x9E37_79B9_7F4A_7C15; // 2^64 / golden ratio, as in SplitMix64
    for &part in parts {
        state = finish(state ^ part).wrapping_add(0x9E37_79B9_7F4A_7C15);
    }
    finish(state)
}

/// The finishing step of SplitMix64 (Steele, Lea, Flood 2014).
fn finish(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
