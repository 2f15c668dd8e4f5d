use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::DFParserBuilder;

use crate::query::dialect::EventDialect;
use crate::query::{advice, trino};

/// What an expression gives, or what is wrong with it.
async fn eval(expression: &str) -> String {
    let mut context = SessionContext::new();
    super::register(&mut context).unwrap();
    let run = async {
        let sql = format!("SELECT {expression} AS x");
        let mut statement =
            DFParserBuilder::new(sql.as_str()).with_dialect(&EventDialect).build()?.parse_statement()?;
        trino::translate(&mut statement);
        let plan = context.state().statement_to_plan(statement).await?;
        context.execute_logical_plan(plan).await?.collect().await
    };
    match run.await {
        Ok(batches) => {
            let options = FormatOptions::new().with_null("NULL");
            ArrayFormatter::try_new(batches[0].column(0), &options).unwrap().value(0).to_string()
        }
        Err(error) => advice::failure(&error),
    }
}

async fn gives(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(eval(expression).await, *expected, "{expression}");
    }
}

#[tokio::test]
async fn json_is_looked_into() {
    const POLICY: &str = r#"'{"a": {"b": [1, "two", {"c": true}], "x-y": "z"}, "n": null, "s": "q\"u"}'"#;
    let case = |call: &str| call.replace("J", POLICY);
    for (call, expected) in [
        ("json_extract(J, '$.a.b')", r#"[1, "two", {"c": true}]"#),
        ("json_extract(J, '$.a.b[1]')", r#""two""#),
        ("json_extract_scalar(J, '$.a.b[1]')", "two"),
        ("json_extract_scalar(J, '$.a.b[0]')", "1"),
        ("json_extract_scalar(J, '$.a.b[2].c')", "true"),
        ("json_extract_scalar(J, '$.a.b')", "NULL"),
        ("json_extract_scalar(J, '$.n')", "NULL"),
        ("json_extract_scalar(J, '$.s')", "q\"u"),
        ("json_extract_scalar(J, '$.a.x-y')", "z"),
        ("json_extract_scalar(J, '$[''a'']'|| '[\"x-y\"]')", "z"),
        ("json_extract_scalar(J, '$.a.missing.c')", "NULL"),
        ("json_extract(J, '$.a.b[*].c')", "[true]"),
        ("json_extract(J, '$')", POLICY.trim_matches('\'')),
        ("json_extract_scalar('not json', '$.a')", "NULL"),
        ("json_extract_scalar(NULL, '$.a')", "NULL"),
        ("json_extract_scalar(J, NULL)", "NULL"),
        ("json_array_length(json_extract(J, '$.a.b'))", "3"),
        ("json_array_length(J)", "NULL"),
        ("json_array_get(json_extract(J, '$.a.b'), 0)", "1"),
        ("json_array_get(json_extract(J, '$.a.b'), -1)", r#"{"c": true}"#),
        ("json_array_get(json_extract(J, '$.a.b'), 3)", "NULL"),
        ("json_array_contains(json_extract(J, '$.a.b'), 'two')", "true"),
        ("json_array_contains(json_extract(J, '$.a.b'), 1)", "true"),
        ("json_array_contains(json_extract(J, '$.a.b'), 2)", "false"),
        ("json_size(J, '$.a')", "2"),
        ("json_size(J, '$.a.b')", "3"),
        ("json_size(J, '$.s')", "0"),
        ("json_parse('[1, 2]')", "[1, 2]"),
        ("json_format('nonsense')", "NULL"),
        ("is_json_scalar('[1]')", "false"),
        ("is_json_scalar('1')", "true"),
        ("CAST(json_extract(J, '$.a.b') AS ARRAY(VARCHAR))", r#"[1, two, {"c": true}]"#),
        ("element_at(J, 's')", "q\"u"),
        ("element_at(J, 'a')", r#"{"b": [1, "two", {"c": true}], "x-y": "z"}"#),
        ("element_at(J, 'missing')", "NULL"),
        ("element_at(J, 'n')", "NULL"),
        ("element_at('[10, 20]', 2)", "20"),
        ("element_at(make_array(10, 20), 2)", "20"),
        ("element_at(make_array(10, 20), 3)", "NULL"),
        ("element_at(make_array(10, 20), -1)", "20"),
        ("element_at(MAP {'k': 5}, 'k')", "5"),
        ("element_at(named_struct('accountid', 'x'), 'accountId')", "x"),
        ("element_at(make_array(named_struct('accountid', 'x')), 1).accountId", "x"),
        ("json_extract_scalar('{\"a.b\": 1}', '$.\"a.b\"')", "1"),
        (r#"json_extract_scalar('{"\ud800": 1, "a": 2}', '$.a')"#, "2"),
        ("CAST(json_extract(J, '$.s') AS VARCHAR)", "q\"u"),
        ("CAST(json_extract(J, '$.a.b[0]') AS BIGINT)", "1"),
        ("map_keys('{\"b\": 1, \"a\": 2}')", "[b, a]"),
        ("cardinality(make_array(1, 2))", "2"),
        ("json_object('a', 'x\"y', 'b', NULL)", r#"{"a":"x\"y"}"#),
        ("json_object('a', CAST(NULL AS VARCHAR))", "NULL"),
    ] {
        assert_eq!(eval(&case(call)).await, expected, "{call}");
    }
}

#[tokio::test]
async fn times_are_read_written_and_counted() {
    gives(&[
        ("from_iso8601_timestamp('2025-03-01T10:20:30Z')", "2025-03-01T10:20:30Z"),
        ("from_iso8601_timestamp('2025-03-01T10:20:30+02:00')", "2025-03-01T08:20:30Z"),
        ("from_iso8601_timestamp('2025-03-01')", "2025-03-01T00:00:00Z"),
        ("from_iso8601_timestamp('soon')", "'soon' is no time of ISO 8601; one is 2025-03-01T08:30:00Z"),
        ("from_iso8601_timestamp(concat('so', column1)) FROM (VALUES ('on'))", "NULL"),
        ("from_iso8601_timestamp('2025-03-01T10:00Z')", "2025-03-01T10:00:00Z"),
        ("from_iso8601_timestamp('2025-03-01T10')", "2025-03-01T10:00:00Z"),
        ("from_iso8601_timestamp('2025-03')", "2025-03-01T00:00:00Z"),
        ("date_parse('2025-03-01 10:00:00.123', '%Y-%m-%d %H:%i:%s.%f')", "2025-03-01T10:00:00.123Z"),
        ("date_parse('2025-03-01 10:20:30', '%Y-%m-%d %H:%i:%s')", "2025-03-01T10:20:30Z"),
        ("date_parse('01/Mar/2025', '%d/%b/%Y')", "2025-03-01T00:00:00Z"),
        ("date_parse('2025', '%Y')", "2025-01-01T00:00:00Z"),
        ("date_parse('11:30 PM', '%h:%i %p')", "1970-01-01T23:30:00Z"),
        ("date_parse('x', '%Y')", "'x' is no time of that format"),
        ("date_parse('x', '%Q')", "date_parse: %Q means nothing in a format; %Y-%m-%d %H:%i:%s would be a time (%i minutes, %M the name of a month)"),
        ("date_format(TIMESTAMP '2025-03-01T15:04:05', '%Y-%m-%d %H:%i:%s')", "2025-03-01 15:04:05"),
        ("date_format(TIMESTAMP '2025-03-01T15:04:05', '%W %M %e %l:%i %p %c %j %v %%')", "Saturday March 1 3:04 PM 3 060 09 %"),
        ("date_format(DATE '2025-03-01', '%Y/%m/%d')", "2025/03/01"),
        ("date_add('day', -7, TIMESTAMP '2025-03-01T00:00:00')", "2025-02-22T00:00:00Z"),
        ("date_add('month', 1, DATE '2025-01-31')", "2025-02-28T00:00:00Z"),
        ("date_add('year', 100000000000, DATE '2025-01-31')", "NULL"),
        ("date_diff('day', DATE '2025-02-27', DATE '2025-03-01')", "2"),
        ("date_diff('hour', TIMESTAMP '2025-03-01T00:30:00', TIMESTAMP '2025-03-01T02:00:00')", "1"),
        ("date_diff('hour', TIMESTAMP '2025-03-01T02:00:00', TIMESTAMP '2025-03-01T00:30:00')", "-1"),
        ("date_diff('month', DATE '2025-01-31', DATE '2025-02-28')", "1"),
        ("date_diff('month', DATE '2025-01-15', DATE '2026-01-14')", "11"),
        ("date_diff('month', DATE '2026-01-14', DATE '2025-01-15')", "-11"),
        ("date_diff('quarter', DATE '2025-01-01', DATE '2026-01-01')", "4"),
        ("date_diff('fortnight', DATE '2025-01-01', DATE '2026-01-01')", "no such unit of time; there are millisecond, second, minute, hour, day, week, month, quarter and year"),
        ("day_of_week(DATE '2025-03-02')", "7"),
        ("day_of_year(DATE '2025-03-02')", "61"),
        ("week(DATE '2024-12-30')", "1"),
        ("quarter(DATE '2025-03-02')", "1"),
        ("hour(TIMESTAMP '2025-03-01T15:04:05')", "15"),
        ("year('2025-03-01T15:04:05Z')", "2025"),
        ("to_iso8601(TIMESTAMP '2025-03-01T15:04:05.25')", "2025-03-01T15:04:05.250Z"),
        ("event_time_text(TIMESTAMP '2025-03-01T15:04:05.25')", "2025-03-01T15:04:05Z"),
        ("payload_time('1700000000')", "2023-11-14T22:13:20Z"),
        ("payload_time('1700000000123')", "2023-11-14T22:13:20.123Z"),
        ("payload_time('NaN')", "NULL"),
        ("payload_time('1.7E9')", "2023-11-14T22:13:20Z"),
        ("payload_time('2023-07-10T12:26:56.000+0000')", "2023-07-10T12:26:56Z"),
        ("payload_time('Jul 10, 2023, 12:31:14 PM')", "NULL"),
        ("date('2025-03-01')", "2025-03-01"),
    ])
    .await;
}

#[tokio::test]
async fn addresses_and_names_are_taken_apart() {
    gives(&[
        ("ip_in_cidr('10.1.2.3', '10.0.0.0/8')", "true"),
        ("ip_in_cidr('11.1.2.3', '10.0.0.0/8, 11.0.0.0/8')", "true"),
        ("ip_in_cidr('192.0.2.1', '192.0.2.1')", "true"),
        ("ip_in_cidr('2001:db8::1', '2001:db8::/32')", "true"),
        ("ip_in_cidr('::ffff:10.0.0.1', '10.0.0.0/8')", "true"),
        ("ip_in_cidr('2001:db8::1', '10.0.0.0/8')", "false"),
        ("ip_in_cidr('cloudtrail.amazonaws.com', '10.0.0.0/8')", "NULL"),
        ("ip_in_cidr('10.0.0.1', '10.0.0.0/33')", "ip_in_cidr: 10.0.0.0/33 is no network; one is 10.0.0.0/8 or 2001:db8::/32"),
        ("ip_is_private('192.168.1.1')", "true"),
        ("ip_is_private('100.64.0.1')", "true"),
        ("ip_is_private('100.128.0.1')", "false"),
        ("ip_is_private('8.8.8.8')", "false"),
        ("ip_is_private('fd00::1')", "true"),
        ("ip_is_private('AWS Internal')", "NULL"),
        ("CAST('10.0.0.9' AS IPADDRESS) > IPADDRESS '10.0.0.1'", "true"),
        ("arn_part('arn:aws:iam::111122223333:role/path/Name', 'account')", "111122223333"),
        ("arn_part('arn:aws:iam::111122223333:role/path/Name', 'region')", "NULL"),
        ("arn_part('arn:aws:iam::111122223333:role/path/Name', 'resource')", "role/path/Name"),
        ("arn_part('arn:aws:iam::111122223333:role/path/Name', 'resource_type')", "role"),
        ("arn_part('arn:aws:iam::111122223333:role/path/Name', 'resource_id')", "path/Name"),
        ("arn_part('arn:aws:s3:::bucket', 'resource_id')", "bucket"),
        ("arn_part('arn:aws:s3:::bucket', 'resource_type')", "NULL"),
        ("arn_part('arn:aws:lambda:us-east-1:1:function:f:1', 'resource_id')", "f:1"),
        ("arn_part('AROAEXAMPLE:me', 'account')", "NULL"),
        ("arn_part('x', 'name')", "arn_part: an ARN has no part name; there are partition, service, region, account, resource, resource_type and resource_id"),
        ("url_extract_host('https://sts.amazonaws.com:443/?a=b#c')", "sts.amazonaws.com"),
        ("url_extract_path('https://h/a/b?c=d')", "/a/b"),
        ("url_extract_query('https://h/a/b?c=d')", "c=d"),
        ("url_extract_protocol('https://h/')", "https"),
        ("url_extract_host('no url')", "NULL"),
    ])
    .await;
}

#[tokio::test]
async fn what_trino_says_otherwise_is_translated() {
    gives(&[
        ("if(1 > 2, 'a', 'b')", "b"),
        ("if(1 > 2, 'a')", "NULL"),
        ("try(CAST('x' AS BIGINT))", "NULL"),
        ("regexp_extract('abc-123', '[a-z]+-([0-9]+)', 1)", "123"),
        ("regexp_extract('abc-123', '[0-9]')", "1"),
        ("regexp_extract('abc', '[0-9]')", "NULL"),
        ("regexp_extract('abc', '(a)', 2)", "regexp_extract: the pattern has no group 2"),
        ("regexp_like('Console', '(?i)^con')", "true"),
        ("regexp_replace('a1b2', '[0-9]')", "ab"),
        ("regexp_replace('a1b2', '[0-9]', '_')", "a_b_"),
        ("replace('a-b', '-')", "ab"),
        ("split('a,b', ',')", "[a, b]"),
        ("split_part('a,b', ',', 2)", "b"),
        ("transform(make_array(1, 2), x -> x + 1)", "[2, 3]"),
        ("filter(make_array(1, 2), x -> x > 1)", "[2]"),
        ("any_match(make_array(1, 2), x -> x > 1)", "true"),
        ("contains(make_array('a', 'b'), 'b')", "true"),
        ("contains('abc', 'bc')", "true"),
        ("array_join(make_array('a', 'b'), '-')", "a-b"),
        ("max_by(column1, column2) FROM (VALUES ('a', 1), ('b', 3), ('c', NULL))", "b"),
        ("min_by(column1, column2) FROM (VALUES ('a', 1), ('b', 3), ('c', NULL))", "a"),
        ("count_if(column1 > 1) FROM (VALUES (1), (2), (3))", "2"),
        ("max_by(column1, column2) FROM (VALUES ('a', CAST(NULL AS INT)))", "NULL"),
        ("count_if(column1 > 1) FILTER (WHERE column1 < 3) FROM (VALUES (1), (2), (3))", "1"),
        ("contains(make_array(1, 2), 1.5)", "false"),
        ("contains('10.0.0.0/8', IPADDRESS '10.1.1.1')", "true"),
        ("transform(make_array(1, 2), (x) -> x + 1)", "[2, 3]"),
        ("any_match(make_array(named_struct('type', 'a')), r -> r.Type = 'a')", "true"),
        ("approx_distinct(column1) FROM (VALUES (1), (2), (2))", "2"),
        ("1 IS DISTINCT FROM 2 AND true", "true"),
        ("1 IS NOT DISTINCT FROM 2 OR true", "true"),
        ("'{\"k\": \"v\"}'->>'k' = 'v'", "true"),
        ("json_extract_scalar('x')", "json_extract_scalar is called so: json_extract_scalar(json, '$.path')"),
        ("json_extract_scalar('{}', 'a.b')", "json_extract_scalar: the path a.b is none; one is $.key, $[\"key\"], $[0], or several of these in a row"),
        ("date_add('day', 'x', now())", "date_add is called so: date_add('day', -7, time)"),
    ])
    .await;
}
