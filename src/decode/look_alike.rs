//! JSON that is found beside CloudTrail events, shares names with them, and is none.

use std::fmt;

/// A kind of record that is often found where CloudTrail events are. A small fixed vocabulary: the codes appear in
/// reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LookAlike {
    /// A bucket's notification of a new object
    /// ([structure](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html)).
    S3Notification,
    /// What S3 sends when notifications are set up.
    S3TestEvent,
    /// CloudTrail's own notification of new log files.
    LogFileNotification,
    /// An SNS message about something else.
    SnsMessage,
    /// An SQS message about something else.
    SqsMessage,
    /// A record of a Kinesis or Firehose stream about something else.
    StreamRecord,
    /// A change in a DynamoDB table.
    DynamodbChange,
    /// A line of a log group that holds no JSON.
    LogLine,
    /// The probe by which CloudWatch Logs tests a subscription.
    ControlMessage,
    /// An event of EventBridge that CloudTrail had no part in.
    EventbridgeEvent,
    /// A digest file, by which log files are validated.
    Digest,
    /// A snapshot, history or notification of AWS Config, or what it asks a rule.
    ConfigItem,
    /// The signature beside the result of a CloudTrail Lake query.
    LakeSignature,
}

impl LookAlike {
    /// All there are.
    pub const ALL: [Self; 13] = [
        Self::S3Notification,
        Self::S3TestEvent,
        Self::LogFileNotification,
        Self::SnsMessage,
        Self::SqsMessage,
        Self::StreamRecord,
        Self::DynamodbChange,
        Self::LogLine,
        Self::ControlMessage,
        Self::EventbridgeEvent,
        Self::Digest,
        Self::ConfigItem,
        Self::LakeSignature,
    ];

    /// The code that reports use.
    pub fn code(self) -> &'static str {
        match self {
            Self::S3Notification => "s3_notification",
            Self::S3TestEvent => "s3_test_event",
            Self::LogFileNotification => "log_file_notification",
            Self::SnsMessage => "sns_message",
            Self::SqsMessage => "sqs_message",
            Self::StreamRecord => "stream_record",
            Self::DynamodbChange => "dynamodb_change",
            Self::LogLine => "log_line",
            Self::ControlMessage => "control_message",
            Self::EventbridgeEvent => "eventbridge_event",
            Self::Digest => "digest",
            Self::ConfigItem => "config_item",
            Self::LakeSignature => "lake_signature",
        }
    }
}

impl fmt::Display for LookAlike {
    /// In words, in the plural.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::S3Notification => "S3 notifications",
            Self::S3TestEvent => "S3 test events",
            Self::LogFileNotification => "notifications of log files",
            Self::SnsMessage => "other SNS messages",
            Self::SqsMessage => "other SQS messages",
            Self::StreamRecord => "other stream records",
            Self::DynamodbChange => "DynamoDB changes",
            Self::LogLine => "other log lines",
            Self::ControlMessage => "CloudWatch Logs control messages",
            Self::EventbridgeEvent => "other EventBridge events",
            Self::Digest => "digest files",
            Self::ConfigItem => "AWS Config items",
            Self::LakeSignature => "signatures of Lake query results",
        })
    }
}
