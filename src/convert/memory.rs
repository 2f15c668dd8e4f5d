//! How a run's memory limit is shared out.
//!
//! | what | share of the limit, less [`FIXED_BYTES`] |
//! |---|---|
//! | rows of open partitions, and the events known | 45 % |
//! | of these, the events known | 15 % |
//! | those, and the rows of partitions being written | 65 % |
//! | objects fetched and not yet decoded | 10 % |
//! | pieces decoded and waiting for their turn | 10 % |
//!
//! The rest is for what a thread has in hand: an inflated object, a batch of columns, an encoded file.

/// Taken by the program itself, whatever it does.
const FIXED_BYTES: usize = 48 << 20;

/// Below this there is no room to work in.
pub const SMALLEST_LIMIT_BYTES: usize = 96 << 20;

/// The shares of a memory limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemoryShares {
    /// Rows of open partitions.
    pub(super) open: usize,
    /// Events known, of the same share.
    pub(super) known: usize,
    /// Rows of open partitions and of those being written.
    pub(super) rows: usize,
    /// Objects fetched.
    pub(super) fetched: usize,
    /// Pieces out of turn.
    pub(super) waiting: usize,
}

impl MemoryShares {
    pub(super) fn of(limit_bytes: usize) -> Self {
        let percent = |share| limit_bytes.max(SMALLEST_LIMIT_BYTES).saturating_sub(FIXED_BYTES) / 100 * share;
        Self {
            open: percent(45),
            known: percent(15),
            rows: percent(65),
            fetched: percent(10),
            waiting: percent(10),
        }
    }
}
