//! Where in an object something is, by line and column.

use super::reject::Place;

/// Line breaks counted so far, to tell where in a file something is.
#[derive(Debug, Default)]
pub(super) struct LineCount {
    /// Bytes of the buffer that have been counted.
    pub(super) counted: usize,
    /// Line breaks before.
    breaks: u64,
    /// Where the line begins in the object.
    line_start: u64,
}

impl LineCount {
    /// Counts up to byte `end` of the buffer, which begins at `base` of the object.
    pub(super) fn pass(&mut self, buffer: &[u8], base: u64, end: usize) {
        if end <= self.counted {
            return;
        }
        for at in memchr::memchr_iter(b'\n', &buffer[self.counted..end]) {
            self.breaks += 1;
            self.line_start = base + (self.counted + at) as u64 + 1;
        }
        self.counted = end;
    }

    /// Where byte `at` of the buffer is.
    pub(super) fn place(&mut self, buffer: &[u8], base: u64, at: usize) -> Place {
        let at = at.min(buffer.len());
        // A fault may lie before one that was told already.
        if at < self.counted {
            let counted = &buffer[at..self.counted];
            let breaks = memchr::memchr_iter(b'\n', counted).count() as u64;
            let line_start = match memchr::memrchr(b'\n', &buffer[..at]) {
                Some(found) => base + found as u64 + 1,
                None => self.line_start.min(base),
            };
            return Place { line: self.breaks - breaks + 1, column: base + at as u64 - line_start + 1 };
        }
        self.pass(buffer, base, at);
        Place { line: self.breaks + 1, column: base + at as u64 - self.line_start + 1 }
    }
}
