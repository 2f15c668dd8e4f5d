//! A healthy file that the input describes, damaged as the input says: no event is lost that no damage came near, none
//! is invented, and every byte is accounted for.

#![no_main]

use std::ops::Range;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use trailhouse_fuzz::accounting::{Found, account, decode, decode_in_chunks};

/// Values that look like containers, events and broken JSON.
const PARAMETERS: [&str; 6] = [
    r#"{"bucketName":"b","Host":"s3.amazonaws.com"}"#,
    "null",
    r#"{"policy":"{\"Statement\":[{\"Effect\":\"Allow\"}]}","tags":[{"key":"a","value":"b"},{"key":"c"}]}"#,
    r#"{"entry":{"eventVersion":"1.0","eventName":"Inner","eventSource":"x"},"n":[1.50,-2e9,true]}"#,
    r#"{"filter":"}],{[\\\"","empty":{},"list":[[],[{}]],"unit":"\u00e9"}"#,
    "{\"lines\":\"a\\nb\",\"wide\":\"é日本\"}",
];

/// What is before, between and behind the events.
const LAYOUTS: [[&str; 3]; 5] = [
    [r#"{"Records":["#, ",", "]}"],
    ["{\n  \"Records\": [\n    ", ",\n    ", "\n  ]\n}\n"],
    ["[", ", ", "]"],
    ["", "\n", "\n"],
    ["", "", ""],
];

const TELLING: &[u8] = br#"{}[]",:\ 0en"#;

struct File {
    object: Vec<u8>,
    events: Vec<Range<usize>>,
}

fn file(input: &mut Unstructured<'_>) -> Result<File> {
    let [before, between, behind] = *input.choose(&LAYOUTS)?;
    let mut object = before.to_owned();
    let mut events = Vec::new();
    for number in 0..input.int_in_range(1..=7)? {
        if number > 0 {
            object.push_str(between);
        }
        let start = object.len();
        let parameters = input.choose(&PARAMETERS)?;
        object.push_str(&format!(
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","sessionContext":{{"attributes":{{"mfaAuthenticated":"false"}}}}}},"eventTime":"2025-03-01T00:00:0{number}Z","eventSource":"s3.amazonaws.com","eventName":"Call{number}","requestParameters":{parameters},"eventID":"{number:08}"}}"#
        ));
        events.push(start..object.len());
    }
    object.push_str(behind);
    Ok(File { object: object.into_bytes(), events })
}

/// Places are those of the healthy file: damage is done from the back.
fn damages(input: &mut Unstructured<'_>, length: usize) -> Result<Vec<(usize, u8, u8)>> {
    let mut damages = Vec::new();
    for _ in 0..input.int_in_range(1..=4)? {
        let byte = if input.arbitrary()? { *input.choose(TELLING)? } else { input.arbitrary()? };
        damages.push((input.choose_index(length)?, byte, input.int_in_range(0..=3)?));
    }
    damages.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    damages.dedup_by_key(|(at, ..)| *at);
    Ok(damages)
}

fn damage(object: &mut Vec<u8>, (at, byte, kind): (usize, u8, u8)) {
    match kind {
        0 => object[at] = byte,
        1 => object[at] ^= 1 << (byte % 8),
        2 => object.insert(at, byte),
        _ => drop(object.remove(at)),
    }
}

fuzz_target!(|input: &[u8]| {
    let mut input = Unstructured::new(input);
    let Ok(File { object: healthy, events }) = file(&mut input) else {
        return;
    };
    let Ok(damages) = damages(&mut input, healthy.len()) else {
        return;
    };
    let mut object = healthy.clone();
    damages.iter().for_each(|one| damage(&mut object, *one));
    let chunk = usize::from(input.arbitrary::<u8>().unwrap_or(0)) + 1;

    let found = decode(&object, |_| {});
    assert_eq!(decode_in_chunks(&object, || chunk, |_| {}), found, "in chunks of {chunk} bytes");
    let sum = account(&object, &found);
    if !sum.foreign && sum.look_alikes == 0 {
        let around = r#""Records""#.len();
        assert!(
            sum.unclaimed <= around + damages.len(),
            "{} bytes unclaimed: {found:?} in {}",
            sum.unclaimed,
            String::from_utf8_lossy(&object)
        );
    }

    // Next to a damage, a second one may make an event's own bracket doubtful; two away, nothing may.
    for (number, place) in events.iter().enumerate() {
        let reach = if damages.len() == 1 { 0 } else { 1 };
        let (first, last) = (number.saturating_sub(reach), (number + reach).min(events.len() - 1));
        let margin = if damages.len() == 1 { 1 } else { 20 };
        let zone = events[first].start.saturating_sub(margin)..events[last].end + margin;
        if damages.iter().any(|(at, ..)| zone.contains(at)) {
            continue;
        }
        let survives = |found: &Found| matches!(found, Found::Event { text, .. } if text.as_bytes() == &healthy[place.clone()]);
        assert!(found.iter().any(survives), "lost {place:?} in {}", String::from_utf8_lossy(&object));
    }
    assert!(
        found.iter().filter(|found| matches!(found, Found::Event { .. })).count()
            <= events.len() + damages.len() / 2
    );
});
