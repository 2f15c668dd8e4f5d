//! Elements of `Records` that are valid JSON, but no CloudTrail event.

use super::random::Dice;
use super::text::{push_int, push_upper};

/// Elements that stray into log objects: nothing at all, the wrong type, the notification about an object
/// instead of its content, a stream's record, an event that was made into a string once too often.
const STRAYS: [&str; 6] = [
    "{}",
    "\"truncated\"",
    r#"{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2025-03-01T00:00:00.000Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AWS:AIDAJDPLRKLG7UEXAMPLE"},"requestParameters":{"sourceIPAddress":"203.0.113.7"},"responseElements":{"x-amz-request-id":"C3D13FE58DE4C810"},"s3":{"s3SchemaVersion":"1.0","configurationId":"logs","bucket":{"name":"larkspur-logs","arn":"arn:aws:s3:::larkspur-logs"},"object":{"key":"AWSLogs/x.json.gz","size":1024,"eTag":"d41d8cd98f00b204e9800998ecf8427e","sequencer":"0055AED6DCD90281E5"}}}"#,
    r#"{"eventID":"c4ca4238a0b923820dcc509a6f75849b","eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1","dynamodb":{"Keys":{"Id":{"N":"101"}},"SequenceNumber":"111","SizeBytes":26,"StreamViewType":"NEW_AND_OLD_IMAGES"}}"#,
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
