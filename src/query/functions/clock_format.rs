//! Formats of `date_format` and `date_parse`:
//! [MySQL's, as Trino has them](https://trino.io/docs/current/functions/datetime.html#mysql-date-functions).

use std::fmt::Write as _;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveTime, Utc};

/// A format, made ready.
#[derive(Debug, Clone)]
pub(super) struct ClockFormat {
    write: Vec<Item<'static>>,
    /// Fractions of a second have as many digits as they have.
    read: Vec<Item<'static>>,
}

impl ClockFormat {
    /// Reads a format.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn parse(format: &str) -> Result<Self, String> {
        let mut translated = String::new();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                translated.push(letter);
                continue;
            }
            let letter = letters.next().ok_or("a format does not end with %")?;
            translated.push_str(match letter {
                'a' => "%a",
                'b' => "%b",
                'c' => "%-m",
                'd' => "%d",
                'e' => "%-d",
                'f' => "%6f",
                'H' => "%H",
                'h' | 'I' => "%I",
                'i' => "%M",
                'j' => "%j",
                'k' => "%-H",
                'l' => "%-I",
                'M' => "%B",
                'm' => "%m",
                'p' => "%p",
                'r' => "%I:%M:%S %p",
                'S' | 's' => "%S",
                'T' => "%H:%M:%S",
                'v' => "%V",
                'W' => "%A",
                'w' => "%w",
                'x' => "%G",
                'Y' => "%Y",
                'y' => "%y",
                '%' => "%%",
                _ => {
                    return Err(format!(
                        "%{letter} means nothing in a format; %Y-%m-%d %H:%i:%s would be a time (%i minutes, %M the name \
                         of a month)"
                    ));
                }
            });
        }
        let items = |format: &str| StrftimeItems::new(format).parse_to_owned();
        let (write, read) = (items(&translated), items(&translated.replace(".%6f", "%.f")));
        match (write, read) {
            (Ok(write), Ok(read)) => Ok(Self { write, read }),
            _ => Err(format!("the format {format} cannot be used")),
        }
    }

    /// A time as text.
    pub(super) fn write(&self, time: DateTime<Utc>) -> Option<String> {
        let mut text = String::new();
        write!(text, "{}", time.format_with_items(self.write.iter())).ok()?;
        Some(text)
    }

    /// The time that a text tells. What the format says nothing of is the beginning of 1970, or midnight.
    pub(super) fn read(&self, text: &str) -> Option<DateTime<Utc>> {
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, self.read.iter()).ok()?;
        let mut whole = parsed.clone();
        // Set what is not there; what is stays as it is.
        let has_date = parsed.to_naive_date();
        let date = match has_date {
            Ok(date) => date,
            Err(_) => {
                if whole.year().is_none() && whole.year_mod_100().is_none() {
                    whole.set_year(1970).ok()?;
                }
                if whole.ordinal().is_none() {
                    if whole.month().is_none() {
                        whole.set_month(1).ok()?;
                    }
                    if whole.day().is_none() {
                        whole.set_day(1).ok()?;
                    }
                }
                whole.to_naive_date().ok()?
            }
        };
        let time = clock(&parsed)?;
        Some(date.and_time(time).and_utc())
    }
}

/// The time of day, as far as it is said.
fn clock(parsed: &Parsed) -> Option<NaiveTime> {
    let mut parsed = parsed.clone();
    if parsed.hour_mod_12().is_none() {
        parsed.set_hour(0).ok()?;
    } else if parsed.hour_div_12().is_none() {
        parsed.set_ampm(false).ok()?;
    }
    if parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    if parsed.second().is_none() {
        parsed.set_second(0).ok()?;
    }
    parsed.to_naive_time().ok()
}
