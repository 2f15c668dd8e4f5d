//! What came for a page, before it is encoded.

use std::cell::RefCell;

use super::range::Range;

/// Values and levels that came since the last page of a chunk.
#[derive(Debug, Default)]
pub(super) struct PageUnderWay {
    pub(super) rows: usize,
    /// Places for values.
    pub(super) levels: usize,
    /// Those of them that have none.
    pub(super) nulls: usize,
    pub(super) definition: Vec<u8>,
    pub(super) repetition: Vec<u8>,
    pub(super) plain: Vec<u8>,
    /// Into the dictionary; or truth values.
    pub(super) indices: Vec<u32>,
    pub(super) range: Range,
}

/// Buffers that have grown beyond this are not kept.
const KEPT_BYTES: usize = 32 << 10;

/// As many pages are kept as there are leaves, or a few more.
const KEPT_PAGES: usize = 100;

thread_local! {
    /// Pages whose buffers have grown: one file after another has about as many rows.
    static KEPT: RefCell<Vec<PageUnderWay>> = const { RefCell::new(Vec::new()) };
}

impl PageUnderWay {
    /// Nothing, perhaps in buffers that were used before.
    pub(super) fn empty() -> Self {
        KEPT.with_borrow_mut(Vec::pop).unwrap_or_default()
    }

    /// Forgets what is in it.
    pub(super) fn clear(&mut self) {
        let Self { definition, repetition, plain, indices, .. } = self;
        [&mut *definition, repetition, plain].into_iter().for_each(Vec::clear);
        indices.clear();
        (self.rows, self.levels, self.nulls, self.range) = (0, 0, 0, Range::default());
    }

    /// Keeps the buffers for another chunk.
    pub(super) fn give_back(mut self) {
        self.clear();
        let Self { definition, repetition, plain, indices, .. } = &self;
        let bytes = [definition, repetition, plain].map(Vec::capacity).iter().sum::<usize>()
            + indices.capacity() * size_of::<u32>();
        KEPT.with_borrow_mut(|kept| {
            if bytes <= KEPT_BYTES && kept.len() < KEPT_PAGES {
                kept.push(self);
            }
        });
    }
}
