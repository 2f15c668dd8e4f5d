//! What is written around and between events.

use std::io::{self, Write};

/// How events are put one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `{"Records":[...]}`, as AWS delivers log files.
    Records,
    /// One event a line.
    Ndjson,
}

/// Events on their way out.
pub(super) struct Container<W> {
    out: W,
    format: Format,
    bytes: u64,
    empty: bool,
}

impl<W: Write> Container<W> {
    pub(super) fn new(out: W, format: Format) -> io::Result<Self> {
        let mut container = Self { out, format, bytes: 0, empty: true };
        if format == Format::Records {
            container.write(b"{\"Records\":[")?;
        }
        Ok(container)
    }

    /// Bytes written so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn push(&mut self, event: &[u8]) -> io::Result<()> {
        match self.format {
            Format::Records => {
                if !self.empty {
                    self.write(b",")?;
                }
                self.write(event)?;
            }
            Format::Ndjson => {
                // Payloads may be spread over lines. A string holds no line break, so one can go, with the blanks
                // around it, and the value stays what it is.
                for line in event.split(|byte| matches!(byte, b'\n' | b'\r')) {
                    self.write(trim(line))?;
                }
                self.write(b"\n")?;
            }
        }
        self.empty = false;
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        if self.format == Format::Records {
            self.write(b"]}\n")?;
        }
        Ok(self.out)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

fn trim(mut line: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = line {
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, events: &[&str]) -> String {
        let mut container = Container::new(Vec::new(), format).unwrap();
        events.iter().for_each(|event| container.push(event.as_bytes()).unwrap());
        let bytes = container.bytes();
        let closing = if format == Format::Records { 3 } else { 0 };
        let out = container.finish().unwrap();
        assert_eq!(bytes + closing, out.len() as u64);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn containers_are_whole() {
        assert_eq!(written(Format::Records, &[]), "{\"Records\":[]}\n");
        assert_eq!(written(Format::Records, &["{}", "{\"a\":\n1}"]), "{\"Records\":[{},{\"a\":\n1}]}\n");
        assert_eq!(written(Format::Ndjson, &[]), "");
        assert_eq!(
            written(Format::Ndjson, &["{}", "{\"a\" :\r\n  1 ,\n\t\"b \":\" \\n\"\n}"]),
            "{}\n{\"a\" :1 ,\"b \":\" \\n\"}\n"
        );
    }
}
