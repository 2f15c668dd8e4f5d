mod containers;
mod salvage;

use proptest::prelude::*;

use super::json::{JsonErrorKind, MAX_DEPTH, Scanner};
use super::value::{Kind, Text, Value};
use super::{Decoder, Foreign, LookAlike, Reason, Step, canonical};

const EVENT: &str = r#"{"eventVersion":"1.08","eventName":"ListBuckets","eventSource":"s3.amazonaws.com"}"#;

/// What a decoder found, without borrowing: events as their text, rejects as reason, offset and bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Event { text: String, index: u64, offset: u64 },
    Reject { reason: Reason, index: u64, offset: u64, bytes: Vec<u8> },
    LookAlike(LookAlike),
    Unclosed,
    Foreign(Foreign),
}

/// Decodes `object` as it would arrive in chunks of `chunk` bytes.
fn decode_in_chunks(object: &[u8], chunk: usize) -> Vec<Found> {
    let mut decoder = Decoder::new();
    let mut buffer = Vec::new();
    let mut found = Vec::new();
    let mut chunks = object.chunks(chunk.max(1)).peekable();
    loop {
        buffer.extend_from_slice(chunks.next().unwrap_or_default());
        let last = chunks.peek().is_none();
        loop {
            match decoder.step(&buffer, last) {
                Step::Event(event) => found.push(Found::Event {
                    text: event.text().to_owned(),
                    index: event.index,
                    offset: event.offset,
                }),
                Step::Reject(reject) => found.push(Found::Reject {
                    reason: reject.reason,
                    index: reject.index,
                    offset: reject.offset,
                    bytes: reject.bytes.to_vec(),
                }),
                Step::LookAlike(kind) => found.push(Found::LookAlike(kind)),
                Step::More => break,
                Step::End => return found,
                Step::Unclosed => {
                    found.push(Found::Unclosed);
                    return found;
                }
                Step::Foreign(foreign) => {
                    found.push(Found::Foreign(foreign));
                    return found;
                }
            }
        }
        assert!(!last, "a decoder that has seen everything must not ask for more");
        let done = decoder.rebase(&buffer);
        buffer.drain(..done);
    }
}

/// Decodes `object` whole and in chunks; all ways must agree.
fn decode(object: &[u8]) -> Vec<Found> {
    let whole = decode_in_chunks(object, object.len());
    for chunk in [1, 3, 5, 64] {
        assert_eq!(decode_in_chunks(object, chunk), whole, "chunks of {chunk} bytes");
    }
    whole
}

impl Found {
    fn as_event(&self) -> Option<&str> {
        match self {
            Self::Event { text, .. } => Some(text),
            _ => None,
        }
    }

    fn as_reject(&self) -> Option<(Reason, &str)> {
        match self {
            Self::Reject { reason, bytes, .. } => Some((*reason, std::str::from_utf8(bytes).unwrap())),
            _ => None,
        }
    }
}

fn events(found: &[Found]) -> Vec<&str> {
    found.iter().filter_map(Found::as_event).collect()
}

fn rejects(found: &[Found]) -> Vec<(Reason, &str)> {
    found.iter().filter_map(Found::as_reject).collect()
}

#[test]
fn every_container_gives_its_events() {
    for object in [
        format!(r#"{{"Records":[{EVENT},{EVENT}]}}"#),
        format!("{{\"Records\":[\n{EVENT},\n{EVENT}\n]}}\n"),
        format!(r#"{{"about":{{"Records":1}},"Records":[{EVENT},{EVENT}],"NextToken":null}}"#),
        format!(r#"{{"Records":[{EVENT}],"Records":[{EVENT}]}}"#),
        format!("[{EVENT},{EVENT}]"),
        format!("  {EVENT}\r\n{EVENT}\r\n"),
        format!("{EVENT}{EVENT}"),
        format!("\u{feff}[{EVENT}]\n[{EVENT}]"),
        format!("{{\"Records\":[{EVENT}]}}\n{{\"Records\":[{EVENT}]}}\n"),
        format!(r#"[{{"Records":[{EVENT}]}},{EVENT}]"#),
    ] {
        let found = decode(object.as_bytes());
        assert_eq!(events(&found), [EVENT, EVENT], "{object}");
        assert_eq!(found.len(), 2, "{object}: {found:?}");
    }
}

#[test]
fn nothing_comes_of_nothing() {
    for object in ["", "   \n", r#"{"Records":[]}"#, "[]", "\u{feff}"] {
        assert_eq!(decode(object.as_bytes()), [], "{object:?}");
    }
}

#[test]
fn what_is_no_json_is_foreign() {
    for object in [&b"\x89PNG\r\n\x1a\n"[..], b"hello", b"%PDF-1.7", b"\0\0\0\0"] {
        assert_eq!(decode(object), [Found::Foreign(Foreign::NotJson)]);
    }
    assert_eq!(decode(b"\xff\xfe{\0}\0"), [Found::Foreign(Foreign::Utf16)]);
}

#[test]
fn elements_that_are_no_events_are_rejected_alone() {
    let strange = [r#""text""#, "17", "null", "{}", r#"{"eventName":"x"}"#];
    for strange in strange {
        let found = decode(format!(r#"{{"Records":[{EVENT},{strange},{EVENT}]}}"#).as_bytes());
        assert_eq!(events(&found), [EVENT, EVENT], "{strange}");
        assert_eq!(rejects(&found), [(Reason::NotAnEvent, strange)]);
    }
}

#[test]
fn insights_and_aggregated_events_are_events() {
    for event in [
        r#"{"eventVersion":"1.07","eventType":"AwsCloudTrailInsight","insightDetails":{}}"#,
        r#"{"eventVersion":"1.0","eventCategory":"Aggregated","summary":{},"eventSource":"s3.amazonaws.com"}"#,
        r#"{"eventVersion":"0","eventName":"CreateFarm"}"#,
    ] {
        assert_eq!(events(&decode(event.as_bytes())), [event]);
    }
}

#[test]
fn a_broken_line_costs_itself_alone() {
    let found = decode(format!("{EVENT}\n{{\"eventName\":\"x\n{EVENT}\n{{\"a\":[1\n{EVENT}\n").as_bytes());
    assert_eq!(events(&found), [EVENT, EVENT, EVENT]);
    assert_eq!(rejects(&found), [(Reason::NotJson, "{\"eventName\":\"x"), (Reason::NotJson, "{\"a\":[1")]);
}

#[test]
fn what_follows_broken_json_is_kept_verbatim() {
    let rest = r#"{"eventName":"x" "y"},{}"#;
    let found = decode(format!(r#"{{"Records":[{EVENT},{rest} ] }} "#).as_bytes());
    assert_eq!(events(&found), [EVENT]);
    assert_eq!(rejects(&found), [(Reason::NotJson, rest)]);
}

#[test]
fn truncation_is_told() {
    let object = format!(r#"{{"Records":[{EVENT},{EVENT}]}}"#);
    let second = object.rfind('{').unwrap();
    for end in second + 1..object.len() - 2 {
        let found = decode(&object.as_bytes()[..end]);
        assert_eq!(events(&found), [EVENT]);
        assert_eq!(rejects(&found), [(Reason::Truncated, &object[second..end])]);
    }
    for end in [second - 1, second, object.len() - 2, object.len() - 1] {
        assert_eq!(decode(&object.as_bytes()[..end]).last(), Some(&Found::Unclosed), "cut at {end}");
    }
}

#[test]
fn a_megabyte_of_brackets_is_one_reject() {
    let found = decode_in_chunks(&[b'['; 1 << 20], 1 << 20);
    let [Found::Reject { reason, offset, bytes, .. }] = &found[..] else { panic!("{} found", found.len()) };
    assert_eq!((*reason, *offset, bytes.len()), (Reason::TooDeep, 16, (1 << 20) - 16));
}

#[test]
fn bytes_that_are_no_utf8_cost_their_event() {
    let mut object = format!(r#"[{EVENT},{EVENT},{EVENT}]"#).into_bytes();
    let name = EVENT.find("ListBuckets").unwrap();
    object[1 + EVENT.len() + 1 + name] = 0xff;
    let found = decode(&object);
    assert_eq!(events(&found), [EVENT, EVENT]);
    assert!(matches!(&found[1], Found::Reject { reason: Reason::NotUtf8, index: 1, .. }), "{found:?}");
}

#[test]
fn offsets_and_indices_point_into_the_object() {
    let object = format!("{{\"Records\":[ {EVENT} , 5, {EVENT}]}}");
    for found in decode(object.as_bytes()) {
        let (Found::Event { offset, .. } | Found::Reject { offset, .. }) = found else { panic!("{found:?}") };
        let rest = &object[offset as usize..];
        assert!(rest.starts_with(EVENT) || rest.starts_with('5'), "{rest}");
    }
}

#[test]
fn strings_are_resolved() {
    let text = |json: &'static str| Value::parse(json).unwrap().as_string().map(Text::decode);
    assert_eq!(text(r#""plain""#), Some(Ok("plain".into())));
    assert_eq!(text(r#""\"\\\/\b\f\n\r\t""#), Some(Ok("\"\\/\u{8}\u{c}\n\r\t".into())));
    assert_eq!(text(r#""\u00e9\u0000\ud83d\ude00""#), Some(Ok("é\0😀".into())));
    for lone in [r#""\ud83d""#, r#""\ude00""#, r#""\ud83d\u0041""#, r#""\ud83dx""#] {
        assert!(text(lone).unwrap().is_err(), "{lone}");
    }
    assert_eq!(text("17"), None);
}

#[test]
fn nesting_ends_somewhere() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(Value::parse(&nested(MAX_DEPTH)).map(Value::kind), Ok(Kind::Array));
    let error = Value::parse(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!((error.at, error.kind), (MAX_DEPTH, JsonErrorKind::TooDeep));
    let objects = format!("{}0{}", r#"{"a":"#.repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
    assert_eq!(Value::parse(&objects).map(Value::kind), Ok(Kind::Object));
}

#[test]
fn key_order_and_layout_do_not_matter_to_the_canonical_form() {
    let canonical = |json: &str| {
        let mut out = Vec::new();
        canonical::write(Value::parse(json).unwrap(), &mut out);
        out
    };
    assert_eq!(
        canonical(r#"{"a":1,"b":[true,"x"]}"#),
        canonical("{ \"b\" : [true, \"\\u0078\"],\n\"a\" : 1 }")
    );
    for other in [r#"{"a":1.0,"b":[true,"x"]}"#, r#"{"a":1,"b":["x",true]}"#, r#"{"a":1}"#] {
        assert_ne!(canonical(r#"{"a":1,"b":[true,"x"]}"#), canonical(other));
    }
}

/// JSON of any shape, with text and numbers in the forms that real logs hold.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let text = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec((text, inner), 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.into_iter().map(|(key, value)| format!("{key}:\n{value}")).collect();
                format!("{{ {} }}", members.join(","))
            }),
        ]
    })
}

proptest! {
    /// The scanner accepts what serde_json accepts, and nothing else. Damage makes most inputs invalid; serde_json
    /// looks at the numbers' range and at surrogates too, so it may refuse more.
    #[test]
    fn scanner_agrees_with_serde_json(json in any_json(), at in any::<prop::sample::Index>(), damage in any::<u8>()) {
        prop_assert!(Value::parse(&json).is_ok());
        let mut bytes = json.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = damage;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let expected = serde_json::from_str::<&serde_json::value::RawValue>(text);
            prop_assert_eq!(Value::parse(text).is_ok(), expected.is_ok(), "{}", text);
        }
    }

    /// Taking a value apart and looking at it whole show the same.
    #[test]
    fn members_and_items_are_what_serde_json_sees(json in any_json()) {
        let value = Value::parse(&json).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
        match &expected {
            serde_json::Value::Object(map) => {
                let names: std::collections::BTreeSet<String> =
                    value.members().map(|(key, _)| key.decode().unwrap().into_owned()).collect();
                prop_assert_eq!(names, map.keys().cloned().collect());
            }
            serde_json::Value::Array(items) => prop_assert_eq!(value.items().count(), items.len()),
            _ => {}
        }
    }

    /// Wherever bytes are cut, flipped or inserted: no panic, every way of chunking agrees, and what is handed out
    /// lies in the object, in order and without overlap.
    #[test]
    fn damage_never_confuses_the_decoder(
        lines in any::<bool>(),
        count in 1_usize..6,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..4),
    ) {
        let mut object = if lines {
            format!("{EVENT}\n").repeat(count).into_bytes()
        } else {
            format!(r#"{{"Records":[{}]}}"#, vec![EVENT; count].join(",")).into_bytes()
        };
        for (at, byte, edit) in edits {
            let at = at.index(object.len());
            match edit {
                0 => object[at] = byte,
                1 => object.insert(at, byte),
                _ => object.truncate(at.max(1)),
            }
        }
        let mut end = 0;
        for (position, found) in decode(&object).into_iter().enumerate() {
            let (index, offset, bytes) = match found {
                Found::Event { text, index, offset } => (index, offset, text.into_bytes()),
                Found::Reject { index, offset, bytes, .. } => (index, offset, bytes),
                _ => continue,
            };
            prop_assert_eq!(index, position as u64);
            prop_assert!(offset as usize >= end);
            end = offset as usize + bytes.len();
            prop_assert_eq!(&object[offset as usize..end], &bytes[..]);
        }
    }

    /// Any bytes at all.
    #[test]
    fn the_decoder_takes_anything(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        decode(&bytes);
        let mut scanner = Scanner::new(&bytes);
        while scanner.value().is_ok() && scanner.peek().is_some() {}
    }
}
