//! From any bytes to a batch: whatever the decoder takes for an event is flattened, named, packed and built.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trailhouse_fuzz::accounting::decode;
use trailhouse_fuzz::partition::{PartitionKey, PartitionRef};
use trailhouse_fuzz::table::column::id;
use trailhouse_fuzz::table::{BatchBuilder, EventKey, PackedRows, flatten};

fuzz_target!(|object: &[u8]| {
    let mut rows = PackedRows::default();
    decode(object, |event| {
        let row = flatten(event, "fuzz.json");
        assert_eq!(EventKey::new(event, &row), EventKey::new(event, &flatten(event, "other.json")));
        let (source, region) = (row.text(id::EVENT_SOURCE), row.text(id::AWS_REGION));
        let partition = PartitionRef::new(row.day, source.unwrap_or_default(), region.unwrap_or_default());
        let key = partition.to_key();
        assert_eq!(PartitionKey::parse(&key.to_string()), Some(key));
        rows.push(&row);
    });
    if rows.is_empty() {
        return;
    }
    // As rows wait in a partition: copied, and sorted before they are built.
    let mut waiting = PackedRows::with_capacity(rows.packed_size());
    let numbers: Vec<u32> = (0..rows.len() as u32).collect();
    assert_eq!(waiting.fill_from(&rows, &numbers), rows.len());
    let mut order: Vec<usize> = (0..waiting.len()).collect();
    order.sort_by(|one, other| waiting.sort_key(*one).cmp(&waiting.sort_key(*other)));
    let mut builder = BatchBuilder::new();
    order.iter().for_each(|row| builder.append(&waiting, *row));
    let batch = builder.finish().expect("rows fit the schema");
    assert_eq!(batch.num_rows(), rows.len());
    for (column, array) in batch.columns().iter().enumerate() {
        let present = waiting.present_columns() >> column & 1 == 1;
        assert_eq!(present, array.null_count() < batch.num_rows(), "column {column}");
    }
});
