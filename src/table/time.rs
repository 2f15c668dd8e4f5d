//! Event times: text to microseconds since 1970, UTC.

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// Microseconds in a second.
pub(super) const SECOND_MICROS: i64 = 1_000_000;

/// Microseconds in a day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// A time that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadTime {
    /// Microseconds since 1970, UTC.
    pub(super) micros: i64,
    /// Whether the text is just how this time is written by AWS, so that nothing is lost by keeping the number.
    pub(super) exact: bool,
}

/// Reads `2023-07-10T11:42:31Z`, the form of every real record; also fractions, offsets, and the basic form
/// `20230710T114231Z` in which AWS documents `creationDate`.
pub(super) fn read(text: &str) -> Option<ReadTime> {
    if let Some(micros) = read_usual(text.as_bytes()) {
        return Some(ReadTime { micros, exact: true });
    }
    let time = match text.as_bytes().get(8) {
        Some(b'T') => NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok()?.and_utc(),
        // A date alone, or without a zone, is no time an event can have.
        _ if text.len() > 19 && matches!(text.as_bytes()[10], b'T' | b't' | b' ') => {
            string_to_datetime(&Utc, text).ok()?
        }
        _ => return None,
    };
    Some(ReadTime { micros: time.timestamp_micros(), exact: false })
}

/// Exactly `YYYY-MM-DDTHH:MM:SSZ`.
fn read_usual(text: &[u8]) -> Option<i64> {
    let text: &[u8; 20] = text.try_into().ok()?;
    if (text[10], text[13], text[16], text[19]) != (b'T', b':', b':', b'Z') {
        return None;
    }
    let days = read_day(&text[..10])?;
    let (hour, minute, second) = (number(&text[11..13])?, number(&text[14..16])?, number(&text[17..19])?);
    let valid = hour < 24 && minute < 60 && second < 60;
    valid
        .then(|| i64::from(days) * DAY_MICROS + i64::from((hour * 60 + minute) * 60 + second) * SECOND_MICROS)
}

/// `YYYY-MM-DD` to days since 1970, if such a day exists.
pub(super) fn read_day(text: &[u8]) -> Option<i32> {
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = number(&text[..4])?;
    let date = NaiveDate::from_ymd_opt(year as i32, number(&text[5..7])?, number(&text[8..])?)?;
    Some(date.to_epoch_days())
}

fn number(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

/// How AWS writes a time of whole seconds.
pub fn write(micros: i64) -> Option<String> {
    DateTime::<Utc>::from_timestamp_micros(micros).map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}
