//! Any event comes back from its row as the JSON value it was.
//!
//! Input that is no JSON is taken for choices by which an event is made up.

#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use trailhouse_fuzz::accounting::decode;
use trailhouse_fuzz::decode::value::Value;
use trailhouse_fuzz::json::{event, json};
use trailhouse_fuzz::table::{BatchBuilder, PackedRows, Restorer, flatten};

fn check(object: &[u8]) {
    let (mut rows, mut events) = (PackedRows::default(), Vec::new());
    decode(object, |event| {
        rows.push(&flatten(event, "fuzz.json"));
        events.push(json(event.value()));
    });
    let mut builder = BatchBuilder::new();
    (0..rows.len()).for_each(|row| builder.append(&rows, row));
    let batch = builder.finish().expect("rows fit the schema");
    let restorer = Restorer::try_new(&batch).expect("the batch is the table's own");
    for (row, event) in events.iter().enumerate() {
        let mut out = Vec::new();
        restorer.write(row, &mut out).expect("the row is the table's own");
        let text = std::str::from_utf8(&out).expect("text");
        let restored = Value::parse(text).map(json);
        assert_eq!(
            restored.as_ref(),
            Ok(event),
            "\n   object {}\nrestored {text}",
            String::from_utf8_lossy(object)
        );
    }
}

fuzz_target!(|input: &[u8]| {
    if matches!(input.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return check(input);
    }
    let mut choices = Unstructured::new(input);
    let mut object = Vec::new();
    while let Ok(event) = event(&mut choices) {
        object.extend_from_slice(event.as_bytes());
        object.push(b'\n');
        if choices.is_empty() {
            break;
        }
    }
    check(&object);
});
