//! Damage costs the event it lies in, and no other.

use std::collections::BTreeSet;
use std::ops::Range;

use proptest::prelude::*;

use super::super::{Decoder, Reason, Step};
use super::{EVENT, Found, decode, events, rejects};

/// Events unlike one another: nested, with members that look like events themselves, with brackets and quotes in
/// their strings.
fn event(number: usize) -> String {
    let parameters = match number % 5 {
        0 => r#"{"bucketName":"b","Host":"s3.amazonaws.com"}"#,
        1 => r#"null"#,
        2 => {
            r#"{"policy":"{\"Statement\":[{\"Effect\":\"Allow\"}]}","tags":[{"key":"a","value":"b"},{"key":"c"}]}"#
        }
        3 => r#"{"entry":{"eventVersion":"1.0","eventName":"Inner","eventSource":"x"},"n":[1.50,-2e9,true]}"#,
        _ => r#"{"filter":"}],{[\\\"","empty":{},"list":[[],[{}]],"unit":"\u00e9"}"#,
    };
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","accountId":"123456789012","sessionContext":{{"attributes":{{"mfaAuthenticated":"false"}}}}}},"eventTime":"2025-03-01T00:00:{:02}Z","eventSource":"s3.amazonaws.com","eventName":"Call{number}","requestParameters":{parameters},"eventID":"{number:08}"}}"#,
        number % 60
    )
}

/// How events lie in a file.
#[derive(Debug, Clone, Copy)]
enum Layout {
    Records,
    Pretty,
    Array,
    Lines,
    Touching,
    /// Lines as EventBridge delivers events.
    Envelopes,
    /// The same in an array.
    EnvelopeArray,
}

const LAYOUTS: [Layout; 7] = [
    Layout::Records,
    Layout::Pretty,
    Layout::Array,
    Layout::Lines,
    Layout::Touching,
    Layout::Envelopes,
    Layout::EnvelopeArray,
];

/// What is before and behind each event.
const ENVELOPE: (&str, &str) = (
    r#"{"version":"0","id":"5b6c","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"1","time":"2025-03-01T00:00:00Z","region":"us-east-1","resources":["arn:aws:s3:::b"],"detail":"#,
    r#","replay-name":"again"}"#,
);

fn file(layout: Layout, count: usize) -> (Vec<u8>, Vec<Range<usize>>) {
    let (before, between, after) = match layout {
        Layout::Records => (r#"{"Records":["#, ",", "]}"),
        Layout::Pretty => ("{\n  \"Records\": [\n    ", ",\n    ", "\n  ]\n}\n"),
        Layout::Array => ("[", ", ", "]"),
        Layout::Lines => ("", "\n", "\n"),
        Layout::Touching => ("", "", ""),
        Layout::Envelopes => ("", "\n", "\n"),
        Layout::EnvelopeArray => ("[", ",", "]"),
    };
    let (head, tail) = match layout {
        Layout::Envelopes | Layout::EnvelopeArray => ENVELOPE,
        _ => ("", ""),
    };
    let mut object = before.to_owned();
    let mut places = Vec::new();
    for number in 0..count {
        if number > 0 {
            object.push_str(between);
        }
        object.push_str(head);
        let start = object.len();
        object.push_str(&event(number));
        places.push(start..object.len());
        object.push_str(tail);
    }
    object.push_str(after);
    (object.into_bytes(), places)
}

#[derive(Debug, Clone, Copy)]
enum Edit {
    Replace(u8),
    Flip(u8),
    Insert(u8),
    Delete,
}

impl Edit {
    fn apply(self, object: &mut Vec<u8>, at: usize) {
        match self {
            Self::Replace(byte) => object[at] = byte,
            Self::Flip(bit) => object[at] ^= 1 << bit,
            Self::Insert(byte) => object.insert(at, byte),
            Self::Delete => drop(object.remove(at)),
        }
    }
}

/// Decodes in one go: texts of events, and rejects.
fn decode_whole(object: &[u8]) -> (Vec<(usize, String)>, Vec<Vec<u8>>) {
    let mut decoder = Decoder::new();
    let (mut events, mut rejects) = (Vec::new(), Vec::new());
    loop {
        match decoder.step(object, true) {
            Step::Event(event) => events.push((event.offset as usize, event.text().to_owned())),
            Step::Reject(reject) => rejects.push(reject.bytes.to_vec()),
            Step::LookAlike(_) => {}
            _ => return (events, rejects),
        }
    }
}

/// What must hold when byte `at` of `object` was edited.
fn assert_only_the_damaged_event_is_lost(layout: Layout, count: usize, at: usize, edit: Edit) {
    let (healthy, places) = file(layout, count);
    let mut object = healthy.clone();
    edit.apply(&mut object, at);
    let (found, _) = decode_whole(&object);
    let found_texts: BTreeSet<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
    let originals: BTreeSet<String> = (0..count).map(event).collect();
    for place in places.iter().filter(|place| !(place.start..=place.end - 1).contains(&at)) {
        let original = std::str::from_utf8(&healthy[place.clone()]).unwrap();
        assert!(
            found_texts.contains(original),
            "{edit:?} at {at} in {layout:?} lost the event at {place:?}:\n{}",
            String::from_utf8_lossy(&object)
        );
    }
    // What is no event of the original must be the damaged one.
    for (offset, text) in &found {
        let range = offset.saturating_sub(1)..offset + text.len() + 1;
        assert!(
            originals.contains(text) || range.contains(&at),
            "{edit:?} at {at} in {layout:?} invented {text}\n{}",
            String::from_utf8_lossy(&object)
        );
    }
    assert!(found.len() <= count, "{edit:?} at {at} in {layout:?}: {} events", found.len());
}

#[test]
fn any_flipped_byte_of_a_small_file_costs_one_event_at_most() {
    const EDITS: [Edit; 5] =
        [Edit::Flip(5), Edit::Flip(7), Edit::Delete, Edit::Insert(b'"'), Edit::Replace(b':')];
    for layout in LAYOUTS {
        let (object, _) = file(layout, 5);
        for at in 0..object.len() {
            for edit in [EDITS[at % EDITS.len()], EDITS[(at + 2) % EDITS.len()]] {
                assert_only_the_damaged_event_is_lost(layout, 5, at, edit);
            }
        }
    }
}

#[test]
fn damaged_neighbours_are_rejects_of_their_own() {
    let first = r#"{"eventVersion":"1.08","eventName":"x" "y"}"#;
    let second = r#"{"eventVersion":"1.08","eventName":arn:aws}"#;
    let found = decode(format!(r#"{{"Records":[{EVENT}, {first}, {second} , {EVENT}]}}"#).as_bytes());
    assert_eq!(events(&found), [EVENT, EVENT]);
    assert_eq!(rejects(&found), [(Reason::NotJson, first), (Reason::NotJson, second)]);
}

/// An event that lost its middle may end early, with the rest of it where the wrapper's members would be.
#[test]
fn the_rest_of_an_event_is_not_taken_for_the_wrapper() {
    let early = r#"{"eventVersion":"1.08","eventName":"x"}"#;
    let rest = r#""eventType":"AwsApiCall","tlsDetails":{"tlsVersion":"TLSv1.2"}}"#;
    for (between, kept) in [(",", ""), ("<", "<"), ("", "")] {
        let object = format!(r#"{{"Records":[{EVENT},{early}],{rest}{between}{EVENT},{EVENT}]}}"#);
        let found = decode(object.as_bytes());
        assert_eq!(events(&found), [EVENT, early, EVENT, EVENT]);
        assert_eq!(rejects(&found), [(Reason::NotJson, format!("{rest}{kept}").as_str())]);
    }
    for (behind, reason) in [(r#","a":1}]}"#, Reason::NotJson), ("", Reason::Truncated)] {
        let rest = format!(r#""eventType":"AwsApiCall"{behind}"#);
        let found = decode(format!(r#"{{"Records":[{EVENT},{early}],{rest}"#).as_bytes());
        assert_eq!(events(&found), [EVENT, early]);
        let [(found, bytes)] = rejects(&found)[..] else { panic!("{found:?}") };
        assert!(
            found == reason && rest.starts_with(bytes) && bytes.contains("AwsApiCall"),
            "{found}: {bytes}"
        );
    }
    // A wrapper's own members are.
    for wrapper in [
        format!(r#"{{"Records":[{EVENT}],"NextToken":"x","n":1}}"#),
        format!(r#"[{{"Records":[{EVENT}],"NextToken":"x"}},{{"Records":[],"n":1}}]"#),
        format!("{{\"Records\":[],\"n\":1}}\n{{\"Records\":[{EVENT}],\"n\":1}}\n"),
    ] {
        let found = decode(wrapper.as_bytes());
        assert_eq!((events(&found), found.len()), (vec![EVENT], 1), "{wrapper}");
    }
}

/// An event that lost the end of a list would be JSON with all events behind it in that list.
#[test]
fn an_event_does_not_swallow_those_behind_it() {
    let broken =
        r#"{"eventVersion":"1.08","eventName":"x","resources":[{"type":"a"},{"recipientAccountId":"1"}}"#;
    let records = format!(r#"{{"Records":[{EVENT},{broken},{EVENT},{EVENT}]}}"#);
    for object in [
        records.clone(),
        format!("{records}\n"),
        format!("{{\"Records\":[{broken},{EVENT}]}}\n[{EVENT},{EVENT}]"),
    ] {
        let found = decode(object.as_bytes());
        assert_eq!(events(&found), [EVENT, EVENT, EVENT], "{object}");
        assert_eq!(rejects(&found), [(Reason::NotJson, broken)], "{object}");
    }
    // What is part of an event stays part of it, so long as nothing is wrong.
    let whole = format!(
        r#"{{"eventVersion":"1.08","eventName":"x","requestParameters":{{"events":[{EVENT},{EVENT}]}}}}"#
    );
    let found = decode(format!(r#"{{"Records":[{EVENT},{whole},{whole}]}}"#).as_bytes());
    assert_eq!(events(&found), [EVENT, &whole, &whole]);
}

#[test]
fn a_value_is_no_event_however_much_it_looks_like_one() {
    let inner = r#"{"eventVersion":"1.0","eventName":"Inner","eventSource":"x"}"#;
    let broken = format!(r#"{{"eventVersion":"1.08","eventName":"x" "requestParameters":{{"a": {inner}}}}}"#);
    let found = decode(format!(r#"[{EVENT},{broken},{EVENT}]"#).as_bytes());
    assert_eq!(events(&found), [EVENT, EVENT]);
    assert_eq!(rejects(&found), [(Reason::NotJson, broken.as_str())]);
}

#[test]
fn a_truncated_file_keeps_what_is_whole() {
    let (object, places) = file(Layout::Records, 4);
    for end in (0..object.len()).step_by(7) {
        let (found, _) = decode_whole(&object[..end]);
        assert_eq!(found.len(), places.iter().filter(|place| place.end <= end).count(), "cut at {end}");
    }
}

#[test]
fn faults_are_located_by_line_and_column() {
    let object = format!("{EVENT}\n{{\"eventName\":\n  17,, }}\n{EVENT}\n{{\"eventName\" 5}}\n");
    let mut decoder = Decoder::new();
    let mut places = Vec::new();
    let mut buffer = Vec::new();
    for (chunk, last) in [(&object.as_bytes()[..130], false), (&object.as_bytes()[130..], true)] {
        buffer.extend_from_slice(chunk);
        loop {
            match decoder.step(&buffer, last) {
                Step::Reject(reject) => {
                    places.push((reject.place.line, reject.place.column));
                    assert!(reject.explain_fault().unwrap().contains("line"));
                }
                Step::More | Step::End => break,
                _ => {}
            }
        }
        let done = decoder.rebase(&buffer);
        buffer.drain(..done);
    }
    assert_eq!(places, [(3, 6), (5, 14)]);
}

/// Members of an event that a lost bracket leaves to its envelope, or to the wrapper, are not thrown away with it.
#[test]
fn what_an_event_loses_to_what_is_around_it_is_kept() {
    let envelope = r#"{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":{"eventVersion":"1.08","eventName":"x"},"eventID":"1"}"#;
    assert_eq!(rejects(&decode(envelope.as_bytes())), [(Reason::NotAnEvent, envelope)]);

    let rest = r#""eventVersion":"1.08","eventName":"x","eventID":"1"}"#;
    let found = decode(format!("{{\"Records\": [\n]{rest}\n0  ]\n}}").as_bytes());
    assert!(
        matches!(&rejects(&found)[..], [(Reason::NotJson, kept), ..] if kept.contains(rest)),
        "{found:?}"
    );
}

/// An event that lost its name and the end of a list looks like a wrapper of the events it took along.
#[test]
fn an_event_without_a_name_is_no_wrapper_of_those_behind_it() {
    let lost = r#"{"eventVersion":"1.08","eventSource":"s3.amazonaws.com","resources":[{"ARN":"a"}"#;
    let found = decode(format!(r#"{{"Records":[{EVENT},{lost},{EVENT}]}}"#).as_bytes());
    assert_eq!(events(&found), [EVENT, EVENT]);
    assert_eq!(rejects(&found), [(Reason::NotJson, lost)]);
}

#[test]
fn hostile_input_takes_no_longer_than_its_length_allows() {
    // Objects within one another, none of which ends: each is looked at, none is read to the end again and again.
    let mut object = br#"{"x":["#.repeat(100);
    object.extend(br#"{"y":1},"#.repeat(200_000));
    let (found, rejects) = decode_whole(&object);
    assert!(found.is_empty());
    assert!(!rejects.is_empty());
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let telling = prop::sample::select(br#"{}[]",:\ 0en"#.to_vec());
    prop_oneof![
        (0..8_u8).prop_map(Edit::Flip),
        any::<u8>().prop_map(Edit::Replace),
        telling.clone().prop_map(Edit::Replace),
        telling.prop_map(Edit::Insert),
        any::<u8>().prop_map(Edit::Insert),
        Just(Edit::Delete),
    ]
}

proptest! {
    #[test]
    fn one_damaged_byte_costs_one_event_at_most(
        layout in prop::sample::select(LAYOUTS.to_vec()),
        count in 1_usize..8,
        at in any::<prop::sample::Index>(),
        edit in any_edit(),
    ) {
        let at = at.index(file(layout, count).0.len());
        assert_only_the_damaged_event_is_lost(layout, count, at, edit);
    }

    /// Several damages, chunks of any size: all ways of reading agree, and events far from any damage are found.
    #[test]
    fn several_damages_cost_their_events(
        layout in prop::sample::select(LAYOUTS.to_vec()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any_edit()), 1..4),
    ) {
        let (healthy, places) = file(layout, 8);
        let mut object = healthy.clone();
        let mut damaged = Vec::new();
        let mut edits: Vec<(usize, Edit)> =
            edits.into_iter().map(|(at, edit)| (at.index(healthy.len()), edit)).collect();
        // From the back, so that places before keep their meaning.
        edits.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (at, edit) in edits {
            edit.apply(&mut object, at);
            damaged.push(at);
        }
        let found = decode(&object);
        let texts: BTreeSet<&str> = events(&found).into_iter().collect();
        // Next to damage, another damage may make an event's own bracket doubtful; two away, nothing may.
        for (number, place) in places.iter().enumerate() {
            let near = number.saturating_sub(1)..(number + 2).min(places.len());
            let zone = places[near.start].start.saturating_sub(20)..places[near.end - 1].end + 20;
            if damaged.iter().all(|at| !zone.contains(at)) {
                let original = std::str::from_utf8(&healthy[place.clone()]).unwrap();
                prop_assert!(texts.contains(original), "{:?}", String::from_utf8_lossy(&object));
            }
        }
        prop_assert!(!found.iter().any(|found| matches!(found, Found::Foreign(_))) || damaged.contains(&0));
    }
}
