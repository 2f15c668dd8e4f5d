//! What a JSON object is, told by the names of its members: an event, something an event is wrapped in, or
//! something that only looks like one. Never by the name of the file it lies in.

use super::event::FieldSpan;
use super::json::{MemberSpan, Scanner, Span};
use super::look_alike::LookAlike;
use super::value::{Kind, Value};

/// What an object turned out to be. Spans are in bytes of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// A CloudTrail event.
    Event,
    /// The value at this place is the event; what is around it is postal.
    EventInside(Span),
    /// JSON by accident: what was damaged grew together with an event, or with several, that are to be had one by one.
    Merged,
    /// A list of objects to be looked at one by one; here is where its first item begins.
    List(usize),
    /// The string at this place holds a document of its own.
    Wrapped {
        /// With its quotes.
        string: Span,
        encoding: Encoding,
        /// What it is if the document is no JSON; if nothing, that is a reject.
        otherwise: Option<LookAlike>,
    },
    /// Known, and no event.
    LookAlike(LookAlike),
    /// A CloudTrail record of a kind or version that the table has no columns for.
    Unsupported,
    /// None of these.
    Unknown,
}

/// How a document lies in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As text.
    Plain,
    /// In base64, and then perhaps in gzip.
    Base64,
}

/// Members of an event that no envelope has.
const OF_EVENTS: [&str; 31] = [
    "additionalEventData",
    "addendum",
    "apiVersion",
    "awsRegion",
    "edgeDeviceDetails",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventContext",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "insightDetails",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "responseElements",
    "serviceEventDetails",
    "sessionCredentialFromConsole",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "userAgent",
    "userIdentity",
    "vpcEndpointAccountId",
    "vpcEndpointId",
];

/// Members of the envelope in which EventBridge delivers events; `debug` is Cloud Custodian's.
const OF_ENVELOPES: [&str; 11] = [
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
    "replay-name",
    "debug",
];

/// An object with its members located.
#[derive(Debug, Clone, Copy)]
struct Object<'a> {
    text: &'a str,
    fields: &'a [FieldSpan],
}

/// Classifies the object `text`, whose members are `fields`.
pub(super) fn classify(text: &str, fields: &[FieldSpan]) -> Shape {
    let object = Object { text, fields };
    let shape = object.event();
    match shape {
        Shape::Unknown => object.wrapping().or_else(|| object.list()).unwrap_or_else(|| object.look_alike()),
        known => known,
    }
}

impl<'a> Object<'a> {
    fn find(self, name: &str) -> Option<(Span, Value<'a>)> {
        self.fields
            .iter()
            .find(|field| field.key(self.text).is(name))
            .map(|field| (field.value_span(), field.value(self.text)))
    }

    fn get(self, name: &str) -> Option<Value<'a>> {
        self.find(name).map(|(_, value)| value)
    }

    fn has(self, names: &[&str]) -> bool {
        names.iter().all(|name| self.find(name).is_some())
    }

    /// Whether the member is a string that reads `text`.
    fn says(self, name: &str, text: &str) -> bool {
        self.get(name).and_then(Value::as_string).is_some_and(|found| found.is(text))
    }

    /// The member as a document in a string.
    fn wrapped(
        self,
        name: &str,
        encoding: Encoding,
        otherwise: impl Into<Option<LookAlike>>,
    ) -> Option<Shape> {
        let (string, value) = self.find(name)?;
        let otherwise = otherwise.into();
        (value.kind() == Kind::String).then_some(Shape::Wrapped { string, encoding, otherwise })
    }

    /// The member of a member as a document in a string.
    fn wrapped_below(self, name: &str, below: &str, encoding: Encoding, other: LookAlike) -> Option<Shape> {
        let (outer, value) = self.find(name)?;
        if value.kind() != Kind::Object {
            return None;
        }
        let bytes = self.text.as_bytes();
        let mut scanner = Scanner::at(bytes, outer.start + 1);
        while let Some(MemberSpan { name, value: string, .. }) = scanner.next_member().ok()? {
            if &bytes[name] == below.as_bytes() && bytes[string.start] == b'"' {
                return Some(Shape::Wrapped { string, encoding, otherwise: Some(other) });
            }
        }
        None
    }

    /// Whether this is a CloudTrail event.
    ///
    /// An event says what happened (`eventName`, or `insightDetails` of an Insight, or `summary` of an aggregated
    /// event) and carries a version or a source. Stream and bucket notifications borrow the same names; they are
    /// told apart by an `aws:` source or by a version from 2 on.
    /// See the [record contents](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).
    fn event(self) -> Shape {
        let (mut names_action, mut has_version, mut has_source, mut other_major) =
            (false, false, false, false);
        for field in self.fields {
            let value = field.value(self.text);
            if value.kind() == Kind::Null {
                continue;
            }
            let key = field.key(self.text);
            let decoded = if key.is_plain() { None } else { Some(key.decode().unwrap_or_default()) };
            match decoded.as_deref().unwrap_or(key.raw()) {
                "eventName" | "insightDetails" | "summary" => names_action = true,
                "eventVersion" => {
                    has_version = true;
                    other_major |= is_other_major(value.text().trim_matches('"'));
                }
                "eventSource" => {
                    has_source = true;
                    if value.as_string().is_some_and(|source| source.raw().starts_with("aws:")) {
                        return Shape::Unknown;
                    }
                }
                // The notifications of other stores than Amazon's have sources of their own.
                "s3" if value.kind() == Kind::Object => return Shape::Unknown,
                _ => {}
            }
        }
        match names_action && (has_version || has_source) {
            true if !other_major => Shape::Event,
            true => Shape::Unsupported,
            false => Shape::Unknown,
        }
    }

    /// What an event may be wrapped in.
    fn wrapping(self) -> Option<Shape> {
        let delivered = delivered(self.text.as_bytes(), self.fields);
        if delivered.is_some() {
            return delivered;
        }
        if self.has(&["detail-type", "detail"]) {
            return Some(self.eventbridge());
        }
        if self.says("messageType", "CONTROL_MESSAGE") {
            return Some(Shape::LookAlike(LookAlike::ControlMessage));
        }
        // LookupEvents.
        self.wrapped("CloudTrailEvent", Encoding::Plain, None)
            // A log event of CloudWatch Logs.
            .or_else(|| {
                let is_log_event = self.has(&["id", "timestamp"]);
                is_log_event.then(|| self.wrapped("message", Encoding::Plain, LookAlike::LogLine)).flatten()
            })
            // SNS, as delivered to HTTP and SQS, and as Lambda sees it.
            .or_else(|| {
                let is_message = self.has(&["Type", "Message"]) && self.has(&["TopicArn"]);
                is_message.then(|| self.sns("Message")).flatten()
            })
            .or_else(|| self.wrapped_below("Sns", "Message", Encoding::Plain, LookAlike::SnsMessage))
            // SQS, as Lambda sees it and as ReceiveMessage gives it.
            .or_else(|| {
                let is_message = self.says("eventSource", "aws:sqs");
                is_message.then(|| self.wrapped("body", Encoding::Plain, LookAlike::SqsMessage)).flatten()
            })
            .or_else(|| {
                let is_message = self.has(&["MessageId", "ReceiptHandle"]);
                is_message.then(|| self.wrapped("Body", Encoding::Plain, LookAlike::SqsMessage)).flatten()
            })
            // CloudWatch Logs, Kinesis and Firehose, as Lambda sees them.
            .or_else(|| self.wrapped_below("awslogs", "data", Encoding::Base64, LookAlike::LogLine))
            .or_else(|| self.wrapped_below("kinesis", "data", Encoding::Base64, LookAlike::StreamRecord))
            .or_else(|| {
                let is_record = self.has(&["recordId", "approximateArrivalTimestamp"]);
                is_record.then(|| self.wrapped("data", Encoding::Base64, LookAlike::StreamRecord)).flatten()
            })
    }

    fn sns(self, name: &str) -> Option<Shape> {
        self.wrapped(name, Encoding::Plain, LookAlike::SnsMessage)
    }

    /// What EventBridge delivered, if it is no event.
    fn eventbridge(self) -> Shape {
        let Some((_, detail)) = self.find("detail") else {
            return Shape::Unknown;
        };
        let fields = members_of(detail.text()).unwrap_or_default();
        match (Object { text: detail.text(), fields: &fields }).event() {
            // What a damaged event has lost to the envelope around it is not to be thrown away with the envelope.
            Shape::Unknown
                if !self.is_of_cloudtrail() && !has_members_of_events(self.text.as_bytes(), self.fields) =>
            {
                Shape::LookAlike(LookAlike::EventbridgeEvent)
            }
            Shape::Unsupported => Shape::Unsupported,
            _ => Shape::Unknown,
        }
    }

    /// Whether EventBridge says that CloudTrail sent it.
    fn is_of_cloudtrail(self) -> bool {
        let sort = self.get("detail-type").and_then(Value::as_string);
        sort.is_some_and(|sort| sort.raw().ends_with("via CloudTrail"))
    }

    fn list(self) -> Option<Shape> {
        let records = self.find("Records").filter(|(_, value)| value.kind() == Kind::Array);
        // Nothing was found by LookupEvents.
        let none = || self.find("Events").filter(|(_, value)| value.items().next().is_none());
        let list = records.or_else(none).map(|(span, _)| span.start + 1);
        list.or_else(|| promising_list(self.text.as_bytes(), self.fields)).map(Shape::List)
    }

    fn look_alike(self) -> Shape {
        use LookAlike as L;
        let kind = if self.says("eventSource", "aws:s3") || self.has(&["s3", "eventName"]) {
            L::S3Notification
        } else if self.says("Event", "s3:TestEvent") {
            L::S3TestEvent
        } else if self.has(&["s3Bucket", "s3ObjectKey"]) {
            L::LogFileNotification
        } else if self.has(&["digestS3Object", "logFiles"]) {
            L::Digest
        } else if self.has(&["dynamodb"]) || self.says("eventSource", "aws:dynamodb") {
            L::DynamodbChange
        } else if self.has(&["configurationItems"])
            || self.has(&["configurationItem", "messageType"])
            || self.has(&["configSnapshotId"])
            || self.has(&["configRuleName", "invokingEvent"])
        {
            L::ConfigItem
        } else if self.has(&["hashSignature", "queryCompleteTime"]) || self.has(&["hashSignature", "files"]) {
            L::LakeSignature
        } else if self.has(&["eventData", "metadata"]) {
            // What partners put into CloudTrail Lake.
            return Shape::Unsupported;
        } else {
            return Shape::Unknown;
        };
        Shape::LookAlike(kind)
    }
}

/// The event in the envelope that EventBridge delivers events in, as `detail`; where one of the envelope's names is
/// damaged it is that event still. `object` need not be UTF-8 everywhere.
/// See the [event structure](https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html).
pub(super) fn delivered(object: &[u8], fields: &[FieldSpan]) -> Option<Shape> {
    if has_members_of_events(object, fields) {
        return None;
    }
    let is_of_envelope = |field: &FieldSpan| is_one_of(&OF_ENVELOPES, &object[field.key_span()]);
    let is_event = |field: &FieldSpan| {
        let value = &object[field.value_span()];
        value.starts_with(b"{") && std::str::from_utf8(value).is_ok_and(is_event)
    };
    let at = fields.iter().position(is_event)?;
    let (event, behind) = (&fields[at], &fields[at + 1..]);
    if &object[event.key_span()] != b"detail"
        && fields.iter().filter(|field| is_of_envelope(field)).count() < 2
    {
        return None;
    }
    // Nothing follows an event but, in files that others wrote, the rest of the envelope.
    let is_merged = behind.iter().any(|field| is_event(field) || !is_of_envelope(field));
    Some(if is_merged { Shape::Merged } else { Shape::EventInside(event.value_span()) })
}

fn has_members_of_events(object: &[u8], fields: &[FieldSpan]) -> bool {
    fields.iter().any(|field| is_one_of(&OF_EVENTS, &object[field.key_span()]))
}

fn is_one_of(names: &[&str], name: &[u8]) -> bool {
    names.iter().any(|one| one.as_bytes() == name)
}

/// Where the first item begins of a member that is a list of something known. `Records` needs no proof; of other
/// names the first objects decide, so that dumps of third parties, and files whose `Records` is misspelled, are read
/// all the same. `object` need not be UTF-8 everywhere.
pub(super) fn promising_list(object: &[u8], fields: &[FieldSpan]) -> Option<usize> {
    let lists = fields.iter().map(FieldSpan::value_span).filter(|value| object[value.start] == b'[');
    lists.map(|value| value.start + 1).find(|first| holds_promising(object, *first))
}

/// Whether one of the first items of the list that begins at `first` is something known.
pub(super) fn holds_promising(bytes: &[u8], first: usize) -> bool {
    const LOOKED_AT: usize = 3;
    let mut scanner = Scanner::at(bytes, first);
    let mut items = std::iter::from_fn(|| scanner.next_item().ok().flatten()).take(LOOKED_AT);
    items.any(|item| std::str::from_utf8(&bytes[item]).is_ok_and(is_promising))
}

/// Whether `text` is an object that is an event, or in which one may be wrapped.
pub(super) fn is_promising(text: &str) -> bool {
    members_of(text).is_some_and(|fields| {
        let object = Object { text, fields: &fields };
        object.event() != Shape::Unknown || object.wrapping().is_some()
    })
}

/// Whether `text` is an object that is an event, and not one that lost its end and took in the envelope behind it.
pub(super) fn is_event(text: &str) -> bool {
    members_of(text).is_some_and(|fields| {
        let object = Object { text, fields: &fields };
        object.event() == Shape::Event
            && !object.get("detail").is_some_and(|detail| looks_like_event(detail.text()))
    })
}

fn looks_like_event(text: &str) -> bool {
    members_of(text).is_some_and(|fields| Object { text, fields: &fields }.event() == Shape::Event)
}

/// The members of the object `text`.
fn members_of(text: &str) -> Option<Vec<FieldSpan>> {
    let mut scanner = Scanner::new(text.as_bytes());
    if !scanner.take(b'{') {
        return None;
    }
    let mut fields = Vec::new();
    while let Some(member) = scanner.next_member().ok()? {
        fields.push(FieldSpan::new(member, 0));
    }
    Some(fields)
}

/// CloudTrail's versions are `1.x`; its documentation also shows `0`. AWS raises the major number for incompatible
/// changes only.
fn is_other_major(version: &str) -> bool {
    let major = version.split('.').next().unwrap_or_default();
    major.parse::<u32>().is_ok_and(|major| major >= 2)
}
