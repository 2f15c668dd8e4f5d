//! Text on its way to a terminal, in formats that write values as they are.

use std::io::{self, Write};

use super::text::harmless;

/// Writes what a terminal shows, and nothing that it would obey.
pub(super) struct Unmoving<'w> {
    out: &'w mut (dyn Write + Send),
    /// A character whose other bytes are still to come.
    begun: Vec<u8>,
}

impl<'w> Unmoving<'w> {
    pub(super) fn new(out: &'w mut (dyn Write + Send)) -> Self {
        Self { out, begun: Vec::new() }
    }
}

impl Write for Unmoving<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = std::mem::take(&mut self.begun);
        held.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&held) {
            // The last character may be cut; what is no text at all is shown as such.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => held.len(),
        };
        self.begun = held.split_off(whole);
        self.out.write_all(harmless(&String::from_utf8_lossy(&held)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_it_is_cut() {
        let text = "größer \u{1b}[2J\u{9b}1m | \u{202e}x\n";
        for size in 1..text.len() {
            let mut shown = Vec::new();
            let mut unmoving = Unmoving::new(&mut shown);
            for part in text.as_bytes().chunks(size) {
                unmoving.write_all(part).unwrap();
            }
            assert_eq!(String::from_utf8(shown).unwrap(), "größer ^[[2J\u{fffd}1m | \u{fffd}x\n");
        }
    }
}
