use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use proptest::prelude::*;

use super::column::{Column, ColumnKind, columns, file_schema, id, table};
use super::{BatchBuilder, Cell, EventKey, PackedRows, Row, flatten, time};
use crate::decode::{Decoder, Step};

/// Flattens one event and looks at the row.
fn with_row<T>(event: &str, look: impl FnOnce(&Row<'_>) -> T) -> T {
    let mut decoder = Decoder::new();
    match decoder.step(event.as_bytes(), true) {
        Step::Event(event) => look(&flatten(&event, "test.json")),
        other => panic!("no event: {other:?}"),
    }
}

/// An event with these members besides the least it needs.
fn event(members: &str) -> String {
    format!(r#"{{"eventVersion":"1.08","eventName":"X","eventSource":"x.amazonaws.com",{members}}}"#)
}

fn text(members: &str, column: usize) -> Option<String> {
    with_row(&event(members), |row| row.text(column).map(str::to_owned))
}

fn list(members: &str, column: usize) -> Vec<String> {
    with_row(&event(members), |row| match row.cell(column) {
        Cell::TextList(texts) => texts.iter().map(|text| text.clone().into_owned()).collect(),
        _ => Vec::new(),
    })
}

fn key(event: &str) -> EventKey {
    let mut decoder = Decoder::new();
    match decoder.step(event.as_bytes(), true) {
        Step::Event(event) => EventKey::new(&event, &flatten(&event, "")),
        other => panic!("no event: {other:?}"),
    }
}

/// The batch of some events' rows.
fn batch(events: &[String]) -> RecordBatch {
    let mut rows = PackedRows::default();
    events.iter().for_each(|event| with_row(event, |row| rows.push(row)));
    let mut builder = BatchBuilder::new();
    (0..rows.len()).for_each(|row| builder.append(&rows, row));
    builder.finish().unwrap()
}

#[test]
fn json_columns_keep_the_text_of_the_value() {
    for value in [
        r#"{"limit":500.0,"exp":1E-5,"id":1234567890123456789,"a:b-c.d":{},"Tagging":"","tagging":"x"}"#,
        "[1,  2]",
        r#""just text""#,
        "{}",
        "17",
        r#"{"lone":"\ud800","null":"\u0000","nested":null}"#,
    ] {
        let members = format!(r#""requestParameters": {value} "#);
        assert_eq!(text(&members, id::REQUEST_PARAMETERS).as_deref(), Some(value));
        assert_eq!(text(&members, id::EXTRA), None);
    }
}

#[test]
fn absent_null_and_empty_stay_three_things() {
    let members = r#""errorCode":null,"errorMessage":"","requestParameters":null,"responseElements":{},
        "userIdentity":{"sessionContext":{"webIdFederationData":{},"attributes":null}},"new":null"#;
    assert_eq!(text(members, id::ERROR_CODE), None);
    assert_eq!(text(members, id::ERROR_MESSAGE).as_deref(), Some(""));
    assert_eq!(text(members, id::RESPONSE_ELEMENTS).as_deref(), Some("{}"));
    assert_eq!(
        list(members, id::NULL_FIELDS),
        ["errorCode", "requestParameters", "userIdentity.sessionContext.attributes", "new"]
    );
    assert_eq!(list(members, id::EMPTY_FIELDS), ["userIdentity.sessionContext.webIdFederationData"]);
    assert_eq!(text(members, id::EXTRA), None);
}

#[test]
fn what_fits_no_column_goes_to_extra_unchanged() {
    for (members, column, cell, extra) in [
        (r#""userAgent":["a"]"#, id::USER_AGENT, None, r#"{"userAgent":["a"]}"#),
        (r#""apiVersion":1.0"#, id::API_VERSION, Some("1.0"), r#"{"apiVersion":1.0}"#),
        (r#""tlsDetails":5"#, id::TLS_VERSION, None, r#"{"tlsDetails":5}"#),
        (
            r#""userIdentity":{"type":"Root","x":[{}]}"#,
            id::USER_IDENTITY_TYPE,
            Some("Root"),
            r#"{"userIdentity.x":[{}]}"#,
        ),
        (r#""brandNew":{"a":1}"#, id::USER_AGENT, None, r#"{"brandNew":{"a":1}}"#),
        (r#""userAgent":"\ud800""#, id::USER_AGENT, None, r#"{"userAgent":"\ud800"}"#),
        (r#""eventTime":"2018-05-25:17:06Z""#, id::EVENT_TIME, None, r#"{"eventTime":"2018-05-25:17:06Z"}"#),
        (r#""eventSource":17"#, id::ERROR_CODE, None, "repeated"),
    ] {
        let found = text(members, id::EXTRA);
        if extra == "repeated" {
            assert_eq!(found, Some(format!(r#"{{"$":{}}}"#, event(members))));
        } else {
            assert_eq!(found.as_deref(), Some(extra));
        }
        assert_eq!(text(members, column).as_deref(), cell, "{members}");
    }
}

#[test]
fn an_event_that_paths_cannot_describe_is_kept_whole() {
    for members in [
        r#""awsRegion":"a","awsRegion":"b""#,
        r#""userIdentity":{},"userIdentity":{}"#,
        r#""x":1,"x":2"#,
        r#""x":null,"x":2"#,
        r#""a.b":1"#,
        r#""a\u0062":1"#,
        r#""$":1"#,
        r#""":1"#,
    ] {
        let event = event(members);
        let extra = with_row(&event, |row| row.text(id::EXTRA).map(str::to_owned));
        assert_eq!(extra, Some(format!(r#"{{"$":{event}}}"#)));
    }
}

#[test]
fn booleans_come_in_two_spellings() {
    let truth = |members: &str, column| with_row(&event(members), |row| row.boolean(column));
    assert_eq!(truth(r#""readOnly":true"#, id::READ_ONLY), Some(true));
    assert_eq!(truth(r#""readOnly":"false""#, id::READ_ONLY), Some(false));
    assert_eq!(text(r#""readOnly":"false""#, id::EXTRA).as_deref(), Some(r#"{"readOnly":"false"}"#));
    assert_eq!(truth(r#""readOnly":"maybe""#, id::READ_ONLY), None);
    let console = id::SESSION_CREDENTIAL_FROM_CONSOLE;
    assert_eq!(truth(r#""sessionCredentialFromConsole":"true""#, console), Some(true));
    assert_eq!(text(r#""sessionCredentialFromConsole":"true""#, id::EXTRA), None);
    assert_eq!(truth(r#""sessionCredentialFromConsole":true"#, console), Some(true));
    assert!(text(r#""sessionCredentialFromConsole":true"#, id::EXTRA).is_some());
}

#[test]
fn times_are_read_in_all_their_forms() {
    let read = |text: &str| time::read(text).map(|time| (time.micros, time.exact));
    assert_eq!(read("1970-01-02T00:00:01Z"), Some((86_401_000_000, true)));
    assert_eq!(read("2023-07-10T11:42:31Z"), Some((1_688_989_351_000_000, true)));
    assert_eq!(read("2023-07-10T11:42:31.25Z"), Some((1_688_989_351_250_000, false)));
    assert_eq!(read("2023-07-10T13:42:31+02:00"), Some((1_688_989_351_000_000, false)));
    assert_eq!(read("20230710T114231Z"), Some((1_688_989_351_000_000, false)));
    assert_eq!(read("1969-12-31T23:59:59Z"), Some((-1_000_000, true)));
    assert_eq!(read("9999-12-31T23:59:59Z").map(|(_, exact)| exact), Some(true));
    for none in [
        "",
        "2018-05-25:17:06Z",
        "2018-05-25",
        "2023-02-30T00:00:00Z",
        "2023-07-10T24:00:00Z",
        "soon",
        "日本日本日本日本日本",
        "123456789日本2345678901",
    ] {
        assert_eq!(read(none), None, "{none}");
    }
}

#[test]
fn the_day_survives_a_time_that_does_not() {
    let day = |members: &str| with_row(&event(members), |row| row.day);
    assert_eq!(day(r#""eventTime":"1970-01-02T23:59:59Z""#), Some(1));
    assert_eq!(day(r#""eventTime":"1969-12-31T23:59:59Z""#), Some(-1));
    assert_eq!(day(r#""eventTime":"1970-01-03:17:06Z""#), Some(2));
    assert_eq!(day(r#""eventTime":"yesterday""#), None);
    assert_eq!(day(r#""eventTime":17"#), None);
    assert_eq!(day(r#""awsRegion":"x""#), None);
}

#[test]
fn versions_are_two_integers() {
    let number = |version: &str| {
        let event = format!(r#"{{"eventVersion":"{version}","eventName":"X"}}"#);
        with_row(&event, |row| row.integer(id::EVENT_VERSION_NUM))
    };
    assert_eq!(number("1.08"), Some(1008));
    assert!(number("1.10") > number("1.09"));
    assert_eq!(number("0"), Some(0));
    assert_eq!(number("new"), None);
}

#[test]
fn resources_are_a_list() {
    let members = r#""resources":[{"ARN":"a","accountId":""},{"ARNPrefix":"p","type":"T"},{}]"#;
    let none = None::<std::borrow::Cow<'_, str>>;
    with_row(&event(members), |row| {
        let Cell::Resources(resources) = row.cell(id::RESOURCES) else {
            panic!("{:?}", row.cell(id::RESOURCES))
        };
        assert_eq!(resources[0], [Some("a".into()), none.clone(), Some("".into()), none.clone()]);
        assert_eq!(resources[1], [none.clone(), Some("p".into()), none.clone(), Some("T".into())]);
        assert_eq!(resources.len(), 3);
        assert_eq!(row.text(id::EXTRA), None);
    });
    for odd in
        [r#"["text"]"#, r#"[{"ARN":"a","new":1}]"#, r#"[{"ARN":null}]"#, r#"[{"ARN":"a","ARN":"b"}]"#, "{}"]
    {
        let members = format!(r#""resources":{odd}"#);
        assert_eq!(text(&members, id::EXTRA), Some(format!(r#"{{"resources":{odd}}}"#)));
    }
}

#[test]
fn insights_take_source_and_name_from_their_details() {
    let insight = r#"{"eventVersion":"1.07","eventTime":"2023-07-10T00:00:00Z","awsRegion":"us-east-1",
        "eventType":"AwsCloudTrailInsight","insightDetails":{"state":"Start","eventSource":"ec2.amazonaws.com",
        "eventName":"RunInstances","insightType":"ApiCallRateInsight"}}"#;
    with_row(insight, |row| {
        assert_eq!(row.text(id::EVENT_SOURCE), Some("ec2.amazonaws.com"));
        assert_eq!(row.text(id::EVENT_NAME), Some("RunInstances"));
        assert_eq!(row.text(id::INSIGHT_STATE), Some("Start"));
        assert_eq!(row.text(id::INSIGHT_TYPE), Some("ApiCallRateInsight"));
        assert_eq!(row.text(id::EVENT_CATEGORY), Some("Insight"));
        assert_eq!(row.text(id::PRINCIPAL_KIND), Some("none"));
        let filled = ["eventName", "eventSource", "eventCategory"].map(Into::into).to_vec();
        assert_eq!(*row.cell(id::FILLED_FIELDS), Cell::TextList(filled));
    });
}

#[test]
fn aggregated_events_take_the_start_of_their_window() {
    let aggregated = r#"{"eventVersion":"1.0","accountId":"1","eventId":"e","eventType":"AwsAggregatedEvent",
        "awsRegion":"r","eventSource":"s3.amazonaws.com","timeWindow":{"windowStart":"1970-01-01T00:05:00Z"},
        "summary":{"primaryDimension":{}}}"#;
    with_row(aggregated, |row| {
        assert_eq!(row.integer(id::EVENT_TIME), Some(300_000_000));
        assert_eq!(row.text(id::EVENT_ID), Some("e"));
        assert_eq!(row.text(id::RECIPIENT_ACCOUNT_ID), Some("1"));
        assert_eq!(
            row.text(id::AGGREGATION_SUMMARY),
            Some(
                r#"{"timeWindow":{"windowStart":"1970-01-01T00:05:00Z"},"summary":{"primaryDimension":{}}}"#
            )
        );
        assert_eq!(row.text(id::EXTRA), Some(r#"{"accountId":"1","eventId":"e"}"#));
        assert_eq!(row.text(id::EVENT_CATEGORY), Some("Aggregated"));
    });
}

/// The answers to the three questions, as `principal credential call` and the flags that are true.
fn identity(identity: &str, event_type: &str) -> String {
    let members = format!(r#""userIdentity":{identity},"eventType":"{event_type}","recipientAccountId":"1""#);
    with_row(&event(&members), |row| {
        let texts =
            [id::PRINCIPAL_KIND, id::CREDENTIAL_TYPE, id::SERVICE_CALL_KIND].map(|c| row.text(c).unwrap());
        let flags = columns().iter().enumerate().filter(|(index, column)| {
            column.kind == ColumnKind::Derived && row.boolean(*index) == Some(true)
        });
        let flags = flags.map(|(_, column)| format!(" {}", column.name)).collect::<String>();
        texts.join(" ") + &flags
    })
}

#[test]
fn the_three_questions_are_answered() {
    let identities = [
        r#"{"type":"Root","accountId":"1","accessKeyId":""}"#,
        r#"{"type":"IAMUser","accessKeyId":"AKIAX"}"#,
        r#"{"type":"IAMUser","accessKeyId":"ASIAX"}"#,
        r#"{"type":"IAMUser","accessKeyId":"AKIAX","sessionContext":{"attributes":{"creationDate":"2023-07-10T00:00:00Z"}}}"#,
        r#"{"type":"IAMUser","accessKeyId":"AKIAX","sessionContext":{"attributes":{"creationDate":"some day"}}}"#,
        r#"{"type":"IAMUser","accessKeyId":"EXAMPLE","sessionContext":{"sessionIssuer":{},"webIdFederationData":{}}}"#,
        r#"{"type":"AssumedRole","accountId":"2","sessionContext":{"sessionIssuer":{"type":"Role"}}}"#,
        r#"{"type":"FederatedUser","sessionContext":{"sessionIssuer":{"type":"IAMUser"}}}"#,
        r#"{"type":"AssumedRole","sessionContext":{"webIdFederationData":{"federatedProvider":"x"}}}"#,
        r#"{"type":"SAMLUser","identityProvider":"x"}"#,
        r#"{"type":"IdentityCenterUser","credentialId":"c","onBehalfOf":{"userId":"u"}}"#,
        r#"{"type":"Root","sessionContext":{"assumedRoot":"true"}}"#,
        r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
        r#"{"accountId":"1","invokedBy":"x.amazonaws.com"}"#,
        r#"{"type":"IAMUser","accessKeyId":"AKIAX","invokedBy":"cloudformation.amazonaws.com"}"#,
        r#"{"type":"IAMUser","accessKeyId":"AKIAX","invokedBy":"signin.amazonaws.com"}"#,
        r#"{"type":"IAMUser","accessKeyId":"AKIAX","invokedBy":["an odd one"]}"#,
        r#"{"type":"AWSAccount","accountId":"anonymous"}"#,
        r#"{"type":"BrandNew"}"#,
        r#"{"type":["a list"]}"#,
        "{}",
    ];
    let call = |json: &&str| format!("{json}\n    {}", identity(json, "AwsApiCall"));
    let mut answers: Vec<String> = identities.iter().map(call).collect();
    answers.push(format!("service event {{}}\n    {}", identity("{}", "AwsServiceEvent")));
    answers.push(format!(
        "sign-in\n    {}",
        identity(r#"{"type":"IAMUser","userName":"x"}"#, "AwsConsoleSignIn")
    ));
    insta::assert_snapshot!("identities", answers.join("\n"));
}

#[test]
fn failed_sign_ins_are_errors() {
    let error = |members: &str| with_row(&event(members), |row| row.boolean(id::IS_ERROR));
    assert_eq!(error(r#""responseElements":{"ConsoleLogin":"Failure"}"#), Some(true));
    assert_eq!(error(r#""responseElements":{"ConsoleLogin":"Success"}"#), Some(false));
    assert_eq!(error(r#""responseElements":{"a":{"ConsoleLogin":"Failure"}}"#), Some(false));
    assert_eq!(error(r#""errorMessage":"Failed authentication""#), Some(true));
    assert_eq!(error(r#""errorCode":"""#), Some(false));
}

#[test]
fn copies_share_a_key_and_nothing_else_does() {
    let base = r#"{"eventVersion":"1.08","eventID":"i","eventName":"n","eventSource":"s","eventTime":"2023-07-10T00:00:00Z","recipientAccountId":"1","x":1}"#;
    let same = base.replace(r#","x":1"#, r#","awsRegion":"elsewhere""#);
    assert_eq!(key(base), key(&same));
    for (from, to) in [
        (r#""eventID":"i""#, r#""eventID":"j""#),
        (r#""eventName":"n""#, r#""eventName":"m""#),
        (r#""eventSource":"s""#, r#""eventSource":"t""#),
        ("00:00:00Z", "00:00:01Z"),
        (r#""recipientAccountId":"1""#, r#""recipientAccountId":"2""#),
        // Fields that touch must not be able to trade letters.
        (r#""eventName":"n","eventSource":"s""#, r#""eventName":"","eventSource":"ns""#),
    ] {
        assert_ne!(key(base), key(&base.replace(from, to)), "{to}");
    }
    // Without an id, or without a time, only the same record is the same event.
    let without = r#"{"eventVersion":"1.08","eventName":"n","x":1}"#;
    assert_eq!(key(without), key(r#"{ "x" : 1, "eventName":"n", "eventVersion":"1.08" }"#));
    assert_ne!(key(without), key(r#"{"eventVersion":"1.08","eventName":"n","x":2}"#));
    // Half a surrogate pair is not the text of its escape.
    assert_ne!(
        key(r#"{"eventVersion":"1.08","eventName":"n","x":"\ud800"}"#),
        key(r#"{"eventVersion":"1.08","eventName":"n","x":"\\ud800"}"#)
    );
    let timeless = base.replace("2023-07-10T00:00:00Z", "2023-07-10:00Z");
    assert_ne!(key(&timeless), key(&timeless.replace("\"x\":1", "\"x\":2")));
}

/// A field that a key is made of and that gives no text is no empty text: such events are told by their whole record.
#[test]
fn fields_that_give_no_text_do_not_make_events_the_same() {
    let base = r#"{"eventVersion":"1.08","eventID":"i","eventName":"n","eventSource":"s","eventTime":"2023-07-10T00:00:00Z","recipientAccountId":"1","userIdentity":{"accountId":"2"},"insightDetails":{"eventName":"m"},"x":1}"#;
    let recipient = r#""recipientAccountId":"1""#;
    let caller = r#"{"accountId":"2"}"#;
    let orphan = base.replace(recipient, r#""recipientAccountId":"""#);
    // By the whole record or by its fields: does it matter what else the event holds?
    let by_record = |event: &str| key(event) != key(&event.replace(r#""x":1"#, r#""x":2"#));
    assert!(!by_record(base) && !by_record(&orphan));
    for (base, from, texts, others) in [
        (base, r#""n""#, [r#"" n""#, "17", r#""""#], [r#"{"a":1}"#, "[1]", r#""\ud800""#]),
        (base, r#""s""#, [r#"" s""#, r#""\t""#, "1E5"], ["{\"a\":1}", "true", r#""\ud800\ud800""#]),
        (base, r#""i""#, [r#""\u0069""#, "17", "-0"], ["[]", "false", r#""\udc00""#]),
        (base, r#""1","#, [r#""","#, "111122223333,", "1,"], ["[2],", "true,", r#""\ud800","#]),
        (&orphan, caller, [r#"{"accountId":2}"#, "null", "{}"], [r#"{"accountId":[]}"#, "17", "[]"]),
    ] {
        for text in texts {
            assert!(!by_record(&base.replacen(from, text, 1)), "{text}");
        }
        for other in others {
            assert!(by_record(&base.replacen(from, other, 1)), "{other}");
        }
    }
    // The caller's account counts only where there is no recipient.
    assert!(!by_record(&base.replace(caller, "17")));
    // What is filled in from elsewhere does not make up for what is there.
    let insight = base.replace(r#""eventID""#, r#""eventType":"AwsCloudTrailInsight","eventID""#);
    assert!(!by_record(&insight.replace(r#""eventName":"n","#, "")));
    assert!(by_record(&insight.replace(r#""n""#, "[1]")));
    // Nor can one of several values be chosen.
    assert!(by_record(&base.replace(r#""n""#, r#""m","eventName":"n""#)));
    assert!(by_record(&base.replace(r#""x":1"#, r#""x":1,"a.b":1"#)));
}

#[test]
fn a_batch_has_the_schema_and_the_values() {
    let events = [
        event(r#""eventTime":"2023-07-10T00:00:00Z","readOnly":true"#),
        event(r#""resources":[{"ARN":"a"},{"ARN":"b"}],"errorCode":null"#),
        event(r#""eventTime":"2023-07-11T00:00:00Z","resources":[],"readOnly":false"#),
    ];
    let batch = batch(&events);
    assert_eq!(batch.schema(), file_schema());
    let times = batch.column(id::EVENT_TIME).as_primitive::<TimestampMicrosecondType>();
    assert_eq!((times.value(0), times.is_null(1)), (1_688_947_200_000_000, true));
    let read_only = batch.column(id::READ_ONLY).as_boolean();
    assert_eq!((read_only.value(0), read_only.is_null(1), read_only.value(2)), (true, true, false));
    let resources = batch.column(id::RESOURCES).as_list::<i32>();
    assert_eq!((resources.is_null(0), resources.value_length(1), resources.value_length(2)), (true, 2, 0));
    assert!(resources.is_valid(2));
    let nulls = batch.column(id::NULL_FIELDS).as_list::<i32>();
    assert_eq!(nulls.value(1).as_string::<i32>().value(0), "errorCode");
    assert_eq!(batch.column(id::SOURCE_OBJECT).as_string::<i32>().value(2), "test.json");
    assert_eq!(batch.column(id::ANNOTATION).null_count(), 3);
}

/// The list of columns is a contract with every file written so far. `schemas/columns.lock` holds it as it was.
#[test]
fn columns_are_only_ever_added() {
    let describe = |column: &Column| {
        let null = if column.nullable { "" } else { " not null" };
        format!("{} {}{null}", column.name, column.data_type())
    };
    let now: Vec<String> = columns().iter().map(describe).collect();
    let locked = include_str!("../../schemas/columns.lock");
    for before in locked.lines() {
        assert!(
            now.iter().any(|column| column == before),
            "`{before}` was removed or given another type: data files that hold it could no longer be read"
        );
    }
    for column in &now {
        assert!(
            locked.lines().any(|line| line == column),
            "new: add the line `{column}` to schemas/columns.lock"
        );
    }
}

#[test]
fn columns_are_as_described() {
    let lines = columns().iter().map(|column| {
        let null = if column.nullable { "" } else { " not null" };
        format!("{} {}{null} <- {}", column.name, column.data_type(), column.path.as_deref().unwrap_or("-"))
    });
    insta::assert_snapshot!("columns", lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_column_list_is_sound() {
    let mut names: Vec<&str> = columns().iter().map(|column| column.name.as_str()).collect();
    names.extend(table().partitions.iter().map(|column| column.name.as_str()));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "a name stands for two columns");
    for column in columns() {
        assert!(
            column.name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')),
            "{}",
            column.name
        );
        assert!(column.doc.len() > 20 && column.doc.is_ascii(), "{} has no useful description", column.name);
        assert_eq!(
            column.kind == ColumnKind::Field && column.path.is_none(),
            column.name == "aggregation_summary"
        );
    }
    for field in file_schema().fields() {
        let allowed = match field.data_type() {
            DataType::Utf8 | DataType::Boolean | DataType::Int32 | DataType::Int64 | DataType::List(_) => {
                true
            }
            DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some(zone)) => &**zone == "UTC",
            _ => false,
        };
        assert!(allowed, "{field:?} is read differently by different engines");
    }
}

proptest! {
    /// Rows come out of the packed form as they went in, in any order and in batches with gaps.
    #[test]
    fn packing_loses_nothing(
        texts in prop::collection::vec(prop::option::of(any::<String>()), 1..20),
        keep in prop::collection::vec(any::<bool>(), 20),
        room in 0..2000_usize,
    ) {
        let events: Vec<String> = texts
            .iter()
            .map(|text| match text {
                Some(text) => event(&format!(r#""userAgent":{}"#, serde_json::to_string(text).unwrap())),
                None => event(r#""awsRegion":"x""#),
            })
            .collect();
        let mut rows = PackedRows::default();
        events.iter().for_each(|event| with_row(event, |row| rows.push(row)));
        // Room for a few rows at most: what does not fit goes to the next buffer.
        let mut buffers = vec![PackedRows::with_capacity(room)];
        let kept_rows: Vec<u32> = (0..rows.len() as u32).filter(|row| keep[*row as usize]).collect();
        for _ in 0..2 {
            let mut numbers = &kept_rows[..];
            while !numbers.is_empty() {
                numbers = &numbers[buffers.last_mut().unwrap().fill_from(&rows, numbers)..];
                if !numbers.is_empty() {
                    buffers.push(PackedRows::with_capacity(room));
                }
            }
        }
        let mut joined = PackedRows::with_capacity(1 << 20);
        for buffer in &buffers {
            let numbers: Vec<u32> = (0..buffer.len() as u32).collect();
            prop_assert_eq!(joined.fill_from(buffer, &numbers), buffer.len());
        }
        let kept: Vec<&Option<String>> = texts.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(text, _)| text).collect();
        prop_assert_eq!(joined.len(), 2 * kept.len());
        let mut builder = BatchBuilder::new();
        (0..joined.len()).rev().for_each(|row| builder.append(&joined, row));
        let batch = builder.finish().unwrap();
        let agents = batch.column(id::USER_AGENT).as_string::<i32>();
        for (row, expected) in kept.iter().chain(&kept).rev().enumerate() {
            prop_assert_eq!(agents.is_valid(row).then(|| agents.value(row)), expected.as_deref());
        }
    }

    /// Any JSON in any place: no panic, and every member is accounted for in exactly one place.
    #[test]
    fn flattening_takes_anything(name in "[a-zA-Z.$\\\\\"]{0,6}", number in any::<f64>(), text in any::<String>()) {
        let name = serde_json::to_string(&name).unwrap();
        let text = serde_json::to_string(&text).unwrap();
        for value in [&number.to_string(), &text, "[]", "{}", "null", &format!("{{{name}:{text}}}")] {
            for place in [name.clone(), r#""userIdentity""#.into(), r#""tlsDetails""#.into(), r#""resources""#.into(), r#""eventTime""#.into()] {
                if serde_json::from_str::<serde_json::Value>(value).is_ok() {
                    batch(&[event(&format!("{place}:{value}"))]);
                }
            }
        }
    }
}
