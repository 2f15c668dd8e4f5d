//! What events travel in, and what only looks like them: each file of `fixtures/containers` by itself.
//!
//! `tests/interop` reads the same files with Python and compares every value; here is what each of them must come to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::{Dir, repository};

/// A file, the events in it, and the rejects by reason.
const EVENTS: [(&str, u64, &[&str]); 32] = [
    ("aggregated-array.json", 2, &[]),
    ("array.json", 2, &[]),
    ("byte-order-mark.json", 1, &[]),
    ("cloudwatch-export.log.gz", 3, &[]),
    ("cloudwatch-subscription.json", 2, &[]),
    ("empty-records.json", 0, &[]),
    ("event-history.json", 2, &[]),
    ("eventbridge.json", 2, &[]),
    ("firehose-object", 3, &[]),
    ("firehose-object-decompressed", 3, &[]),
    ("gzip-members.json.gz", 3, &[]),
    ("insight-in-eventbridge.json", 1, &[]),
    ("insight-pair.json", 2, &[]),
    ("json-lines.jsonl", 3, &[]),
    ("lambda-awslogs.json", 2, &[]),
    ("lambda-firehose.json", 1, &[]),
    ("lambda-kinesis.json", 3, &[]),
    ("lambda-sns.json", 1, &[]),
    ("lambda-sqs.json", 2, &[]),
    ("lookup-events.json", 2, &[]),
    ("lookup-events.jsonl", 2, &[]),
    ("network-activity.json", 1, &[]),
    ("other-list-name.json", 2, &[]),
    ("rejects/bad_payload.json", 1, &["bad_payload"]),
    ("rejects/not_an_event.json", 2, &["not_an_event", "not_an_event"]),
    ("rejects/unsupported-category.json", 0, &["unsupported"]),
    ("rejects/unsupported-version.json", 0, &["unsupported"]),
    ("rejects/wrapped-not_an_event.json", 1, &["not_an_event"]),
    ("single-event.json", 1, &[]),
    ("sns-in-sqs.json", 1, &[]),
    ("touching-values.json", 3, &[]),
    ("trail-file.json.gz", 2, &[]),
];

/// A file or directory, how many look-alikes are in it and of what kind. They are all there is, so the object is
/// skipped under that kind; where none are counted, the name sufficed and the object was not opened.
const LOOK_ALIKES: [(&str, u64, &str); 17] = [
    ("config_item.json", 1, "config_item"),
    ("control_message.json.gz", 1, "control_message"),
    ("digest.json", 1, "digest"),
    ("AWSLogs/111122223333/CloudTrail-Digest", 0, "digest"),
    ("dynamodb_change.json", 1, "dynamodb_change"),
    ("eventbridge_event.json", 1, "eventbridge_event"),
    ("lake_signature.json", 1, "lake_signature"),
    ("log_file_notification.json", 1, "log_file_notification"),
    ("log_line.json", 2, "log_line"),
    ("notes", 0, "not_log"),
    ("AWSLogs/111122223333/elasticloadbalancing", 0, "other_service"),
    ("s3_notification.json", 1, "s3_notification"),
    ("s3_notification-in-sns-in-sqs.json", 1, "s3_notification"),
    ("s3_test_event.json", 1, "s3_test_event"),
    ("sns_message.json", 1, "sns_message"),
    ("sqs_message.json", 1, "sqs_message"),
    ("stream_record.json", 1, "stream_record"),
];

fn fixture(name: &str) -> String {
    repository(&format!("fixtures/containers/{name}")).display().to_string()
}

#[test]
fn events_come_out_of_every_container() {
    let dir = Dir::new();
    for (name, events, reasons) in EVENTS {
        let dataset = name.replace('/', "-");
        let report = dir.convert(&[&fixture(name), "--to", &dataset]);
        let counts = json!({
            "read": events + reasons.len() as u64, "written": events, "duplicates": 0,
            "rejected": reasons.len(), "filtered": 0,
        });
        assert_eq!(report["events"], counts, "{name}");
        assert_eq!(report["look_alikes"], json!({}), "{name}");
        assert_eq!(report["objects"]["converted"], 1, "{name}");
        assert_eq!(reject_reasons(&dir, &dataset), reasons, "{name}");
    }
}

fn reject_reasons(dir: &Dir, dataset: &str) -> Vec<String> {
    let list = dir.run(&["rejects", dataset, "list", "--all", "--format", "json"]).succeeds();
    let rejects: Vec<Value> = serde_json::from_str(&list.stdout).unwrap();
    rejects.iter().map(|reject| reject["reason"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn look_alikes_are_skipped_under_their_kind() {
    let dir = Dir::new();
    for (name, count, kind) in LOOK_ALIKES {
        let report = dir.convert(&[&fixture(&format!("look-alikes/{name}")), "--to", "trail"]);
        assert_eq!(report["events"]["read"], 0, "{name}");
        let counted: BTreeMap<_, _> = (count > 0).then_some((kind, count)).into_iter().collect();
        assert_eq!(report["look_alikes"], json!(counted), "{name}");
        assert_eq!(report["objects"]["skipped_by_reason"], json!({ kind: 1 }), "{name}");
        assert_eq!(report["objects"]["skipped"], report["objects"]["listed"], "{name}");
    }
}

/// The tables above leave no fixture out, and no kind.
#[test]
fn all_fixtures_and_all_kinds_are_there() {
    let dir = Dir::new();
    let report = dir.convert(&[&fixture(""), "--to", "trail"]);
    assert_eq!(report["objects"]["listed"], EVENTS.len() + LOOK_ALIKES.len());
    assert_eq!(report["objects"]["converted"], EVENTS.len());
    assert_eq!(report["events"]["written"], EVENTS.iter().map(|(_, events, _)| events).sum::<u64>());

    let kinds: BTreeSet<&str> = trailhouse::decode::LookAlike::ALL.iter().map(|kind| kind.code()).collect();
    let found: BTreeSet<&str> = LOOK_ALIKES.iter().map(|(_, _, kind)| *kind).collect();
    let others = BTreeSet::from(["not_log", "other_service"]);
    assert_eq!(found, kinds.union(&others).copied().collect());
    assert_eq!(report["objects"]["skipped_by_reason"].as_object().unwrap().len(), found.len(), "{report}");
}

/// What an Insight and an aggregated event lack is filled in, and said to be.
#[test]
fn events_of_other_families_have_rows_like_all() {
    let dir = Dir::new();
    for name in ["insight-pair.json", "network-activity.json", "aggregated-array.json"] {
        dir.run(&["convert", &fixture(name), "--to", "trail"]).succeeds();
    }
    let sql = "SELECT event_category AS category, service, CAST(event_time AS VARCHAR) AS at, event_name AS name,
                      event_id IS NOT NULL AND recipient_account_id = '111122223333' AS known, filled_fields AS filled
               FROM events ORDER BY event_id";
    let rows = dir.query("trail", sql);
    let insight = |at: &str| {
        json!({"category": "Insight", "service": "ec2", "at": at, "name": "RunInstances", "known": true,
               "filled": ["eventName", "eventSource"]})
    };
    let aggregated = |at: &str| {
        json!({"category": "Aggregated", "service": "s3", "at": at, "name": null, "known": true,
               "filled": ["eventTime", "eventID", "recipientAccountId"]})
    };
    let denied = json!({"category": "NetworkActivity", "service": "kms", "at": "2025-03-01T10:59:00Z",
                        "name": "Decrypt", "known": true, "filled": null});
    let due = [
        insight("2025-03-01T10:51:00Z"),
        insight("2025-03-01T10:57:00Z"),
        denied,
        aggregated("2025-03-01T10:00:00Z"),
        aggregated("2025-03-01T10:05:00Z"),
    ];
    assert_eq!(json!(rows), json!(due));
}
