//! Small writers for the text forms that logs hold: ids, dates, numbers.
//!
//! They append to a `Vec<u8>` because an object is built in one buffer, and `write!` costs several times as
//! much.

use chrono::{DateTime, Datelike, NaiveDate};

use super::random::Dice;

const HEX: &[u8; 16] = b"0123456789abcdef";
/// Characters of unique ids and access key ids: base 32 of RFC 4648.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const UPPER: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const ALNUM: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// What the writers below wrote, as a string.
pub(super) fn text(bytes: Vec<u8>) -> String {
    // They write ASCII; nothing is lost if one day one of them does not.
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A decimal number.
pub(super) fn push_int(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

fn push_two(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&[b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]);
}

/// The lowest `len` hexadecimal digits of `bits`.
pub(super) fn push_hex(out: &mut Vec<u8>, bits: u128, len: usize) {
    for place in (0..len).rev() {
        out.push(HEX[(bits >> (4 * (place % 32))) as usize & 15]);
    }
}

/// Random hexadecimal digits.
pub(super) fn push_random_hex(out: &mut Vec<u8>, len: usize, dice: &mut Dice) {
    let mut left = len;
    while left > 0 {
        let step = left.min(16);
        push_hex(out, u128::from(dice.bits()), step);
        left -= step;
    }
}

/// A version 4 GUID of the given bits.
pub(super) fn push_guid(out: &mut Vec<u8>, high: u64, low: u64) {
    let high = u128::from(high & !0xF000 | 0x4000);
    let low = u128::from(low & !(0b11 << 62) | 0b10 << 62);
    push_hex(out, high >> 32, 8);
    out.push(b'-');
    push_hex(out, high >> 16, 4);
    out.push(b'-');
    push_hex(out, high, 4);
    out.push(b'-');
    push_hex(out, low >> 48, 4);
    out.push(b'-');
    push_hex(out, low, 12);
}

/// A random version 4 GUID.
pub(super) fn push_random_guid(out: &mut Vec<u8>, dice: &mut Dice) {
    let (high, low) = (dice.bits(), dice.bits());
    push_guid(out, high, low);
}

/// Characters for the part of a unique id or access key id behind its prefix.
pub(super) fn push_base32(out: &mut Vec<u8>, bits: u64, len: usize) {
    for place in 0..len {
        out.push(BASE32[(bits.rotate_right(5 * place as u32) & 31) as usize]);
    }
}

/// Random text in base 64, padded to whole groups of four.
pub(super) fn push_base64(out: &mut Vec<u8>, len: usize, dice: &mut Dice) {
    push_from(out, BASE64, len, dice);
    for _ in 0..(4 - len % 4) % 4 {
        out.push(b'=');
    }
}

/// Random capital letters and digits.
pub(super) fn push_upper(out: &mut Vec<u8>, len: usize, dice: &mut Dice) {
    push_from(out, UPPER, len, dice);
}

/// Random letters and digits.
pub(super) fn push_alnum(out: &mut Vec<u8>, len: usize, dice: &mut Dice) {
    push_from(out, ALNUM, len, dice);
}

/// `len` digits of `bits`, the first not zero.
pub(super) fn push_digits_of(out: &mut Vec<u8>, mut bits: u64, len: usize) {
    for place in 0..len {
        let low = u64::from(place == 0);
        out.push(b'0' + (low + bits % (10 - low)) as u8);
        bits /= 10;
    }
}

/// Random digits, the first not zero.
pub(super) fn push_digits(out: &mut Vec<u8>, len: usize, dice: &mut Dice) {
    for place in 0..len {
        let low = u64::from(place == 0);
        out.push(b'0' + dice.between(low, 9) as u8);
    }
}

/// Eight characters from each 64 bits: the top bits of each byte pair choose, which is even enough for text.
fn push_from(out: &mut Vec<u8>, alphabet: &[u8], len: usize, dice: &mut Dice) {
    let mut bits = 0;
    for place in 0..len {
        if place % 8 == 0 {
            bits = dice.bits();
        }
        out.push(alphabet[((bits & 0xFF) as usize * alphabet.len()) >> 8]);
        bits >>= 8;
    }
}

/// `2025-03-01T12:31:14Z`.
pub(super) fn push_iso(out: &mut Vec<u8>, second: i64) {
    push_date(out, date(second));
    out.push(b'T');
    let clock = second.rem_euclid(DAY) as u32;
    push_two(out, clock / 3600);
    out.push(b':');
    push_two(out, clock / 60 % 60);
    out.push(b':');
    push_two(out, clock % 60);
    out.push(b'Z');
}

/// `2025-03-01`.
pub(super) fn push_date(out: &mut Vec<u8>, day: NaiveDate) {
    push_year(out, day);
    out.push(b'-');
    push_two(out, day.month());
    out.push(b'-');
    push_two(out, day.day());
}

fn push_year(out: &mut Vec<u8>, day: NaiveDate) {
    push_two(out, day.year().unsigned_abs() / 100);
    push_two(out, day.year().unsigned_abs() % 100);
}

/// `20250301T1235Z`, as in object names.
pub(super) fn push_stamp(out: &mut Vec<u8>, second: i64) {
    let day = date(second);
    push_year(out, day);
    push_two(out, day.month());
    push_two(out, day.day());
    out.push(b'T');
    let clock = second.rem_euclid(DAY) as u32;
    push_two(out, clock / 3600);
    push_two(out, clock / 60 % 60);
    out.push(b'Z');
}

/// `Mar 1, 2025, 12:31:14 PM`, the way Java writes dates into response elements.
pub(super) fn push_localised(out: &mut Vec<u8>, second: i64) {
    let day = date(second);
    let clock = second.rem_euclid(DAY) as u64;
    out.extend_from_slice(MONTHS[day.month0() as usize % 12].as_bytes());
    out.push(b' ');
    push_int(out, u64::from(day.day()));
    out.extend_from_slice(b", ");
    push_year(out, day);
    out.extend_from_slice(b", ");
    push_int(out, (clock / 3600 + 11) % 12 + 1);
    out.push(b':');
    push_two(out, (clock / 60 % 60) as u32);
    out.push(b':');
    push_two(out, (clock % 60) as u32);
    out.extend_from_slice(if clock < 43_200 { b" AM" } else { b" PM" });
}

/// The UTC day of a Unix time.
pub(super) fn date(second: i64) -> NaiveDate {
    DateTime::from_timestamp(second, 0).unwrap_or_default().date_naive()
}

/// `text` as the inside of a JSON string.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                push_hex(out, u128::from(byte), 2);
            }
            _ => out.push(byte),
        }
    }
}
