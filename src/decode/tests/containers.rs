//! What events travel in, and what only looks like them.

use std::io::Write as _;

use base64::Engine as _;

use super::super::{LookAlike, Reason};
use super::{EVENT, Found, decode, events, rejects};

/// A string that holds `text`.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn records(elements: &[String]) -> String {
    format!(r#"{{"Records":[{}]}}"#, elements.join(","))
}

fn eventbridge(detail: &str) -> String {
    format!(
        r#"{{"version":"0","id":"5b6c","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"1","time":"2025-03-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
    )
}

fn log_events(messages: &[&str]) -> String {
    let events: Vec<String> = messages
        .iter()
        .map(|message| format!(r#"{{"id":"3710","timestamp":1740787200000,"message":{}}}"#, quoted(message)))
        .collect();
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"trail","logStream":"1_CloudTrail_us-east-1","subscriptionFilters":["all"],"logEvents":[{}]}}"#,
        events.join(",")
    )
}

fn sns(message: &str) -> String {
    format!(
        r#"{{"Type":"Notification","MessageId":"22b8","TopicArn":"arn:aws:sns:us-east-1:1:t","Message":{},"Timestamp":"2025-03-01T00:00:00.000Z"}}"#,
        quoted(message)
    )
}

fn sqs(body: &str) -> String {
    format!(
        r#"{{"messageId":"059f","receiptHandle":"AQEB","body":{},"attributes":{{}},"eventSource":"aws:sqs","awsRegion":"us-east-1"}}"#,
        quoted(body)
    )
}

fn sns_record(message: &str) -> String {
    format!(r#"{{"EventSource":"aws:sns","EventVersion":"1.0","Sns":{}}}"#, sns(message))
}

fn kinesis(data: &[u8]) -> String {
    format!(
        r#"{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":"1","data":"{}"}},"eventSource":"aws:kinesis","eventVersion":"1.0","eventName":"aws:kinesis:record"}}"#,
        base64(data)
    )
}

fn firehose(data: &[u8]) -> String {
    format!(
        r#"{{"invocationId":"1","records":[{{"recordId":"4962","approximateArrivalTimestamp":1740787200000,"data":"{}"}}]}}"#,
        base64(data)
    )
}

fn lookup(events: &[&str]) -> String {
    let events: Vec<String> = events
        .iter()
        .map(|event| format!(r#"{{"EventId":"1","EventName":"ListBuckets","ReadOnly":"true","EventTime":1740787200.0,"Resources":[],"CloudTrailEvent":{}}}"#, quoted(event)))
        .collect();
    events.join(",\n")
}

#[test]
fn wrappings_are_undone() {
    let two = records(&[EVENT.into(), EVENT.into()]);
    let of_two = [
        eventbridge(EVENT) + &eventbridge(EVENT),
        format!("[{},{}]", eventbridge(EVENT), eventbridge(EVENT)),
        log_events(&[EVENT, EVENT]),
        log_events(&[EVENT]) + &log_events(&[EVENT]),
        format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, base64(&gzip(&log_events(&[EVENT, EVENT])))),
        records(&[kinesis(&gzip(&log_events(&[EVENT, EVENT])))]),
        records(&[kinesis(EVENT.as_bytes()), kinesis(two.replace(&format!(",{EVENT}"), "").as_bytes())]),
        firehose(&gzip(&log_events(&[EVENT, EVENT]))),
        format!("2025-03-01T00:00:00.000Z {EVENT}\n2025-03-01T00:00:01.000Z {EVENT}\n"),
        format!("\u{feff}2025-03-01T00:00:00.000Z {EVENT}\r\n2025-03-01T00:00:01.000Z {EVENT}"),
        format!(r#"{{"Events":[{}],"NextToken":"x"}}"#, lookup(&[EVENT, EVENT])),
        lookup(&[EVENT, EVENT]).replace(",\n", "\n"),
        records(&[sqs(EVENT), sqs(&eventbridge(EVENT))]),
        records(&[sqs(&sns(&two))]),
        records(&[sns_record(EVENT), sns_record(EVENT)]),
        sns(EVENT) + "\n" + &sns(EVENT),
        format!(r#"{{"Messages":[{{"MessageId":"1","ReceiptHandle":"2","Body":{}}}]}}"#, quoted(&two)),
        format!(r#"{{"Events":[{EVENT},{EVENT}]}}"#),
        format!(r#"{{"took":1,"hits":[{EVENT},{EVENT}]}}"#),
        format!(r#"{{"took":1,"hits":[{EVENT}],"more":[{EVENT}],"none":[]}}"#),
        format!(r#"{{"Records":[{EVENT}],"NextToken":"x","more":[{EVENT}]}}"#),
    ];
    for object in of_two {
        let found = decode(object.as_bytes());
        assert_eq!(events(&found), [EVENT, EVENT], "{object}");
        assert_eq!(found.len(), 2, "{object}: {found:?}");
    }
}

#[test]
fn what_only_looks_like_events_is_named() {
    let s3 = r#"{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2025-03-01T00:00:00.000Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"A"},"requestParameters":{"sourceIPAddress":"1.2.3.4"},"responseElements":{},"s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}"#;
    let dynamodb = r#"{"eventID":"1","eventVersion":"1.1","eventSource":"aws:dynamodb","eventName":"INSERT","awsRegion":"us-east-1","dynamodb":{"Keys":{}}}"#;
    let cases = [
        (records(&[s3.into()]), LookAlike::S3Notification),
        (records(&[sqs(&records(&[s3.into()]))]), LookAlike::S3Notification),
        (records(&[sqs(&sns(&records(&[s3.into()])))]), LookAlike::S3Notification),
        (records(&[s3.replace("aws:s3", "minio:s3")]), LookAlike::S3Notification),
        (records(&[s3.replace("aws:s3", "ceph:s3").replace("2.1", "1.1")]), LookAlike::S3Notification),
        ("2025-03-01T00:00:00.000Z START RequestId: 1\n".into(), LookAlike::LogLine),
        (r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2025-03-01T00:00:00.000Z","Bucket":"b"}"#.into(), LookAlike::S3TestEvent),
        (sns(r#"{"s3Bucket":"b","s3ObjectKey":["AWSLogs/1/CloudTrail/k.json.gz"]}"#), LookAlike::LogFileNotification),
        (sns("CloudTrail validation message."), LookAlike::SnsMessage),
        (records(&[sqs("hello")]), LookAlike::SqsMessage),
        (records(&[sqs(" ")]), LookAlike::SqsMessage),
        (records(&[kinesis(b"\0\x01binary")]), LookAlike::StreamRecord),
        (records(&[dynamodb.into()]), LookAlike::DynamodbChange),
        (log_events(&["START RequestId: 1"]), LookAlike::LogLine),
        (log_events(&[]).replace("DATA_MESSAGE", "CONTROL_MESSAGE"), LookAlike::ControlMessage),
        (eventbridge(r#"{"instance-id":"i-1","state":"running"}"#).replace("AWS API Call via CloudTrail", "EC2 Instance State-change Notification"), LookAlike::EventbridgeEvent),
        (r#"{"awsAccountId":"1","digestS3Bucket":"b","digestS3Object":"k","logFiles":[{"s3Object":"k"}]}"#.into(), LookAlike::Digest),
        (r#"{"fileVersion":"1.0","configSnapshotId":"1","configurationItems":[{"awsRegion":"us-east-1"}]}"#.into(), LookAlike::ConfigItem),
        (r#"{"hashAlgorithm":"SHA-256","hashSignature":"ab","queryCompleteTime":"2025-03-01T00:00:00Z","files":[]}"#.into(), LookAlike::LakeSignature),
    ];
    for (object, kind) in cases {
        assert_eq!(decode(object.as_bytes()), [Found::LookAlike(kind)], "{object}");
        // Beside events, they cost none.
        let mixed = format!("{EVENT}\n{object}\n{EVENT}");
        assert_eq!(events(&decode(mixed.as_bytes())), [EVENT, EVENT], "{object}");
    }
}

#[test]
fn records_of_other_versions_and_categories_are_kept() {
    for object in [
        r#"{"eventVersion":"2.0","eventName":"ListBuckets","eventSource":"s3.amazonaws.com"}"#,
        r#"{"eventVersion":2.1,"eventName":"ListBuckets","eventSource":"s3.amazonaws.com"}"#,
        &eventbridge(r#"{"eventVersion":"2.0","eventName":"x"}"#),
        r#"{"metadata":{"channelARN":"a"},"eventData":{"version":"1.0","eventName":"x"}}"#,
    ] {
        assert_eq!(rejects(&decode(object.as_bytes())), [(Reason::Unsupported, object)]);
    }
}

/// What follows the event in an envelope may be a word of the program that kept it, or what an event has lost.
#[test]
fn an_envelope_that_goes_on_behind_its_event_is_looked_at() {
    let whole = eventbridge(EVENT);
    let with = |more: &str| format!("{},{more}}}", whole.strip_suffix('}').unwrap());
    for healthy in [with(r#""debug":true"#), with(r#""replay-name":"r","resources":[]"#)] {
        assert_eq!(events(&decode(healthy.as_bytes())), [EVENT], "{healthy}");
        assert_eq!(rejects(&decode(healthy.as_bytes())), [], "{healthy}");
    }
    let merged = with(r#""insight":{"average":3}"#);
    let found = decode(merged.as_bytes());
    assert_eq!(events(&found), [EVENT]);
    assert!(rejects(&found).iter().any(|(_, kept)| kept.contains(r#""insight":{"average":3}"#)), "{found:?}");
}

#[test]
fn wrapped_damage_costs_the_damaged_event() {
    let broken = r#"{"eventVersion":"1.08","eventName":"x" "y"}"#;
    let found = decode(log_events(&[EVENT, broken, EVENT]).as_bytes());
    assert_eq!(events(&found), [EVENT, EVENT]);
    assert_eq!(rejects(&found), [(Reason::NotJson, broken)]);

    let object = records(&[kinesis(&gzip(EVENT)[..20]), kinesis(EVENT.as_bytes())]);
    let found = decode(object.as_bytes());
    assert_eq!(events(&found), [EVENT]);
    assert!(
        matches!(&rejects(&found)[..], [(Reason::BadPayload, bytes)] if object.contains(bytes)),
        "{found:?}"
    );
}

#[test]
fn messages_in_messages_end_somewhere() {
    let mut object = EVENT.to_owned();
    for _ in 0..9 {
        object = sns(&object);
    }
    let found = decode(object.as_bytes());
    assert!(matches!(&rejects(&found)[..], [(Reason::BadPayload, _)]), "{found:?}");
}

/// However it arrives; a quoted line break does not end a row.
#[test]
fn the_event_history_is_read_row_by_row() {
    let header = "User name,Event time,Event source,Event name,Read-only";
    let object = format!(
        "{header}\r\na,2025-03-01T00:00:00Z,s3.amazonaws.com,X,true\r\n\r\n\"b\n\"\"\",,s3.amazonaws.com,Y,maybe\r\n1,2\r\nc,,,Z,"
    );
    let found = decode(object.as_bytes());
    assert_eq!(
        events(&found),
        [
            r#"{"userIdentity":{"userName":"a"},"eventTime":"2025-03-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"X","readOnly":true}"#,
            r#"{"userIdentity":{"userName":"b\u000a\""},"eventSource":"s3.amazonaws.com","eventName":"Y","readOnly":"maybe"}"#,
        ]
    );
    let last = r#"{"userIdentity":{"userName":"c"},"eventName":"Z"}"#;
    assert_eq!(rejects(&found), [(Reason::BadCsv, "1,2"), (Reason::NotAnEvent, last)]);
    assert_eq!(decode(header.as_bytes()), []);
}

/// What should have held an event is kept, not counted away.
#[test]
fn messages_that_are_cut_or_no_json_are_rejects() {
    let cut = records(&[sqs(&format!(r#"{{"Records":[{EVENT},"#)), sqs(EVENT)]);
    let found = decode(cut.as_bytes());
    assert_eq!(events(&found), [EVENT, EVENT]);
    assert_eq!(rejects(&found), [(Reason::Truncated, "")]);

    let found = decode(format!(r#"{{"Events":[{}]}}"#, lookup(&["no JSON", EVENT])).as_bytes());
    assert_eq!(events(&found), [EVENT]);
    assert_eq!(rejects(&found), [(Reason::NotJson, "no JSON")]);

    let odd = eventbridge("null");
    assert_eq!(rejects(&decode(odd.as_bytes())), [(Reason::NotAnEvent, odd.as_str())]);
    assert_eq!(decode(br#"{"Events":[],"NextToken":"x"}"#), []);

    let lines =
        format!("2025-03-01T00:00:00.000Z x\"eventName\":\"y\"}}\n2025-03-01T00:00:01.000Z {EVENT}\n");
    let found = decode(lines.as_bytes());
    assert_eq!(events(&found), [EVENT]);
    assert_eq!(rejects(&found), [(Reason::NotJson, r#"x"eventName":"y"}"#)]);
}
