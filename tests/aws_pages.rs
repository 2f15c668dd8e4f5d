//! The events of the five AWS documentation pages that the project grew from.

use crate::harness::{Dir, repository};

const REPAIRED: [&str; 5] =
    ["medialive.repaired", "kinesisvideo.repaired", "deadline.repaired", "kinesis", "cloudmap"];

fn fixture(name: &str) -> String {
    repository(&format!("fixtures/aws-pages/{name}.json")).display().to_string()
}

/// Fourteen events, six partitions; who called, with which credentials, and for whom.
#[test]
fn repaired_events_give_the_published_answers() {
    let dir = Dir::new();
    let sources = REPAIRED.map(fixture);
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let report = dir.convert(&[&sources[..], &["--to", "trail"]].concat());
    assert_eq!(report["events"]["read"], 14);
    assert_eq!(report["events"]["written"], 14);

    let sql = "SELECT date, service, region, event_name, event_time, principal_kind, credential_type,
                      service_call_kind, is_cross_account, is_error, is_root, is_aws_service, extra
               FROM events ORDER BY source_object, source_index";
    let rows = dir.run(&["query", "trail", sql, "--format", "csv"]).succeeds();
    insta::assert_snapshot!("rows", rows.stdout);

    let partitions: Vec<String> =
        dir.data_files("trail").into_keys().map(|path| path.rsplit_once('/').unwrap().0.to_owned()).collect();
    insta::assert_snapshot!("partitions", partitions.join("\n"));
}

/// As published, three of the pages hold broken JSON: the rejects say where, and nothing is lost.
#[test]
fn published_events_go_in_or_are_rejects() {
    let dir = Dir::new();
    for page in ["medialive.published", "kinesisvideo.published", "deadline.published"] {
        let run = dir.run(&["convert", &fixture(page), "--to", page]).exits(3);
        let rejects = run.stderr.lines().filter(|line| line.contains("rejected"));
        let rejects: Vec<String> =
            rejects.map(|line| line.replace(&repository("").display().to_string(), "")).collect();
        insta::assert_snapshot!(format!("{page}"), rejects.join("\n"));
    }
    // Of five events on this page three are broken, and cost no other.
    let written = dir.query("kinesisvideo.published", "SELECT event_name FROM events ORDER BY source_index");
    assert_eq!(
        serde_json::json!(written),
        serde_json::json!([{"event_name": "DeleteStream"}, {"event_name": "DescribeStream"}])
    );
    for page in ["kinesis", "cloudmap"] {
        dir.run(&["convert", &fixture(page), "--to", page]).succeeds();
    }
}
