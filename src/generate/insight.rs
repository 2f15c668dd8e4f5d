//! Insight events: the start and the end of an unusual activity.

use super::compose::Place;
use super::names::{ACCOUNTS, REGIONS};
use super::random::{Dice, mix};
use super::text::{push_guid, push_int, push_iso, push_random_guid};
use super::truth::Facts;

/// Services and calls that Insights are reported for: a few hot ones that every region has.
const CALLS: [(&str, &str, &str); 5] = [
    ("ec2", "DescribeInstances", "ApiCallRateInsight"),
    ("ssm", "GetParameter", "ApiCallRateInsight"),
    ("kms", "Decrypt", "ApiCallRateInsight"),
    ("lambda", "GetFunction20150331v2", "ApiErrorRateInsight"),
    ("sts", "AssumeRole", "ApiErrorRateInsight"),
];

/// Averages per minute, in the ways that real records spell them.
const AVERAGES: [&str; 5] = ["9.82222E-5", "0.0017857143", "12", "3.5", "500.0"];

/// Writes one half of a pair. Both halves are given the same `pair`, so that they agree on what happened.
pub(super) fn write_insight(
    out: &mut Vec<u8>,
    place: Place,
    pair: u64,
    start: bool,
    dice: &mut Dice,
) -> Facts {
    let (service, name, kind) = CALLS[(pair % CALLS.len() as u64) as usize];
    let account = ACCOUNTS[place.account].id;
    let region = REGIONS[place.region].name;
    out.extend_from_slice(br#"{"eventVersion":"1.11","eventTime":""#);
    push_iso(out, place.second);
    out.extend_from_slice(format!(r#"","awsRegion":"{region}","eventID":""#).as_bytes());
    push_random_guid(out, dice);
    out.extend_from_slice(
        format!(r#"","eventType":"AwsCloudTrailInsight","recipientAccountId":"{account}","sharedEventID":""#)
            .as_bytes(),
    );
    push_guid(out, mix(&[pair, 1]), mix(&[pair, 2]));
    let state = if start { "Start" } else { "End" };
    out.extend_from_slice(
        format!(
            concat!(
                r#"","insightDetails":{{"state":"{state}","eventSource":"{service}.amazonaws.com","#,
                r#""eventName":"{name}","insightType":"{kind}","#
            ),
            state = state,
            service = service,
            name = name,
            kind = kind,
        )
        .as_bytes(),
    );
    let error = kind == "ApiErrorRateInsight";
    if error {
        out.extend_from_slice(br#""errorCode":"AccessDenied","#);
    }
    let baseline = AVERAGES[(pair >> 8) as usize % AVERAGES.len()];
    out.extend_from_slice(
        format!(
            r#""insightContext":{{"statistics":{{"baseline":{{"average":{baseline}}},"insight":{{"average":"#
        )
        .as_bytes(),
    );
    push_int(out, 600 + (pair >> 16) % 900);
    out.extend_from_slice(br#"},"insightDuration":"#);
    push_int(out, if start { 1 } else { 1 + (pair >> 32) % 9 });
    // Seven days, the shortest baseline.
    out.extend_from_slice(
        format!(
            concat!(
                r#","baselineDuration":10080}},"attributions":[{{"attribute":"userIdentityArn","insight":[{{"#,
                r#""value":"arn:aws:sts::{account}:assumed-role/batch-import/worker","average":598.5}}],"#,
                r#""baseline":[]}},{{"attribute":"errorCode","insight":[{{"value":"null","average":600.0}}],"#,
                r#""baseline":[{{"value":"null","average":{baseline}}}]}}]}}}},"eventCategory":"Insight"}}"#
            ),
            account = account,
            baseline = baseline,
        )
        .as_bytes(),
    );
    Facts {
        second: place.second,
        service,
        region,
        principal_kind: "none",
        credential_type: "none",
        service_call_kind: "none",
        event_type: "AwsCloudTrailInsight",
        read_only: None,
        is_error: false,
        is_cross_account: false,
        resources: false,
        tls_details: false,
        session_context: false,
    }
}
