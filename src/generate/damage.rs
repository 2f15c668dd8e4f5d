//! Elements of `Records` that are valid JSON, but no CloudTrail event.

use super::random::Dice;
use super::text::{push_int, push_upper};

/// Elements that stray into log objects: nothing at all, the wrong type, a version that does not exist, a part of an
/// event, an event that was made into a string once too often, an error message.
const STRAYS: [&str; 6] = [
    "{}",
    "\"truncated\"",
    r#"{"eventVersion":"2.0","eventTime":"2025-03-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1"}"#,
    r#"{"userIdentity":{"type":"IAMUser","userName":"alice"},"eventTime":"2025-03-01T00:00:00Z","awsRegion":"us-east-1"}"#,
    r#""{\"eventVersion\":\"1.11\",\"eventName\":\"GetObject\"}""#,
    r#"{"message":"Rate exceeded","logGroup":"/aws/lambda/forwarder","timestamp":1740787200000}"#,
];

/// Writes an element that is no event.
pub(super) fn write_stray(out: &mut Vec<u8>, dice: &mut Dice) {
    // One of the constant strays, a number, or an unknown object.
    match dice.below(STRAYS.len() as u64 + 2) {
        0 => push_int(out, dice.below(1_000_000)),
        1 => {
            out.extend_from_slice(br#"{"note":""#);
            push_upper(out, 12, dice);
            out.extend_from_slice(br#""}"#);
        }
        stray => out.extend_from_slice(STRAYS[stray as usize - 2].as_bytes()),
    }
}
