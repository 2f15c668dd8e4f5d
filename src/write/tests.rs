use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int32Array, Int64Array, ListArray, ListBuilder, RecordBatch, StringArray,
    StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::basic::{BoundaryOrder, Encoding};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::Page;
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{EncodedFile, FileEncoder};
use crate::decode::{Decoder, Step};
use crate::partition::PartitionRef;
use crate::table::column::{Column, ColumnEncoding, ColumnType, columns, file_schema, id};
use crate::table::{BatchBuilder, PackedRows, flatten};

/// How the values of a column are distributed.
#[derive(Debug, Clone, Copy)]
enum Spread {
    /// A few short values, in runs.
    Few,
    /// Values that differ, up to so many bytes long.
    Many(usize),
    None,
}

struct Source {
    random: ChaCha8Rng,
    rows: usize,
    spread: Spread,
}

impl Source {
    fn is_there(&mut self, column: &Column) -> bool {
        !column.nullable || (!matches!(self.spread, Spread::None) && self.random.random_range(0..3) > 0)
    }

    fn number(&mut self) -> i64 {
        match self.spread {
            Spread::Many(_) => self.random.next_u64().cast_signed(),
            _ => self.random.random_range(-2..3),
        }
    }

    fn text(&mut self) -> String {
        match self.spread {
            Spread::Many(bytes) => {
                let unique = format!("{:x}-", self.random.next_u64());
                unique.repeat(1 + self.random.random_range(0..bytes) / 16)
            }
            _ => ["", "a", "é", "日本", "AssumeRole"][self.random.random_range(0..5)].to_owned(),
        }
    }

    fn texts(&mut self) -> StringArray {
        let text = |source: &mut Self| (source.random.random_range(0..4) > 0).then(|| source.text());
        (0..self.rows).map(|_| text(self)).collect()
    }

    fn array(&mut self, column: &Column) -> ArrayRef {
        let rows: Vec<bool> = (0..self.rows).map(|_| self.is_there(column)).collect();
        let mut numbers = || rows.iter().map(|there| there.then(|| self.number())).collect::<Vec<_>>();
        match column.column_type {
            ColumnType::Boolean => {
                Arc::new(numbers().into_iter().map(|n| n.map(|n| n > 0)).collect::<BooleanArray>())
            }
            ColumnType::Int32 => {
                Arc::new(numbers().into_iter().map(|n| n.map(|n| n as i32)).collect::<Int32Array>())
            }
            ColumnType::Int64 => Arc::new(numbers().into_iter().collect::<Int64Array>()),
            ColumnType::Timestamp => {
                let times = numbers().into_iter().collect::<TimestampMicrosecondArray>();
                Arc::new(times.with_timezone("UTC"))
            }
            ColumnType::Text | ColumnType::Json => {
                let texts = rows.iter().map(|there| there.then(|| self.text()));
                Arc::new(texts.collect::<StringArray>())
            }
            ColumnType::TextList => {
                let DataType::List(element) = column.data_type() else { panic!("a list") };
                let mut lists = ListBuilder::new(StringBuilder::new()).with_field(element);
                for there in rows {
                    for _ in 0..if there { self.random.random_range(0..4) } else { 0 } {
                        let text = (self.random.random_range(0..4) > 0).then(|| self.text());
                        lists.values().append_option(text);
                    }
                    lists.append(there);
                }
                Arc::new(lists.finish())
            }
            ColumnType::Resources => {
                let DataType::List(element) = column.data_type() else { panic!("a list") };
                let DataType::Struct(fields) = element.data_type() else { panic!("of structs") };
                let lengths =
                    rows.iter().map(|there| if *there { self.random.random_range(0..3) } else { 0 });
                let offsets = OffsetBuffer::from_lengths(lengths.collect::<Vec<usize>>());
                let mut elements =
                    Self { rows: *offsets.last().unwrap() as usize, random: self.random.clone(), ..*self };
                let members = fields.iter().map(|_| Arc::new(elements.texts()) as ArrayRef).collect();
                let nulls = (0..elements.rows).map(|_| elements.random.random_range(0..5) > 0);
                let nulls = NullBuffer::from_iter(nulls);
                let structs = StructArray::new(fields.clone(), members, Some(nulls));
                Arc::new(ListArray::new(element, offsets, Arc::new(structs), Some(rows.into())))
            }
        }
    }
}

/// Rows in all columns; of how many kinds of values they are follows from the seed.
fn batch(seed: u64, rows: usize, longest: usize) -> RecordBatch {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let arrays = columns().iter().map(|column| {
        let spread = match random.random_range(0..4) {
            0 => Spread::Many(longest),
            1 => Spread::None,
            _ => Spread::Few,
        };
        Source { random: ChaCha8Rng::seed_from_u64(random.next_u64()), rows, spread }.array(column)
    });
    RecordBatch::try_new(file_schema(), arrays.collect()).unwrap()
}

fn encoded(batches: &[RecordBatch]) -> EncodedFile {
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let has_values = |column: usize| {
        batches.iter().any(|batch| batch.column(column).logical_null_count() < batch.num_rows())
    };
    let present =
        (0..columns().len()).fold(0, |present, column| present | u128::from(has_values(column)) << column);
    let mut encoder = FileEncoder::try_new(rows, present).unwrap();
    batches.iter().for_each(|batch| encoder.write(batch).unwrap());
    encoder.finish("part".to_owned(), PartitionRef::new(None, "s", "r").to_key()).unwrap()
}

fn opened(content: &Bytes) -> ArrowReaderMetadata {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    ArrowReaderMetadata::load(content, options).unwrap()
}

fn read(content: &Bytes, selection: Option<RowSelection>) -> RecordBatch {
    let mut reader = ParquetRecordBatchReaderBuilder::new_with_metadata(content.clone(), opened(content));
    if let Some(selection) = selection {
        reader = reader.with_row_selection(selection);
    }
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&file_schema(), &batches).unwrap()
}

fn leaf(row_group: &RowGroupMetaData, column: usize) -> usize {
    let is_it = |path: &[String]| path == [columns()[column].name.as_str()];
    row_group.columns().iter().position(|leaf| is_it(leaf.column_path().parts())).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The library reads back what was written, whatever the values, and however they came.
    #[test]
    fn rows_come_back(seed in any::<u64>(), rows in prop::collection::vec(1_usize..700, 1..4), longest in 1_usize..3000) {
        let batches: Vec<RecordBatch> =
            rows.iter().enumerate().map(|(n, rows)| batch(seed ^ n as u64, *rows, longest)).collect();
        let file = encoded(&batches);
        let expected = concat_batches(&file_schema(), &batches).unwrap();
        prop_assert_eq!(file.footer.file_metadata().num_rows(), expected.num_rows() as i64);
        prop_assert_eq!(read(&file.content, None), expected);
    }
}

/// Rows make the same file whether they come packed or in a batch.
#[test]
fn packed_rows_make_the_same_file() {
    let mut packed = PackedRows::default();
    for n in 0..900 {
        let some = match n % 5 {
            0 => r#","requestParameters":null,"errorCode":"AccessDenied","userIdentity":null"#.to_owned(),
            1 => {
                format!(r#","userAgent":"a\u00e9{n}","readOnly":true,"sessionCredentialFromConsole":"true""#)
            }
            2 => r#","resources":[{"ARN":"arn:aws:s3:::b","type":"AWS::S3::Bucket"},{},{"accountId":"1"}]"#
                .to_owned(),
            3 => r#","resources":[],"tlsDetails":{},"userIdentity":{"type":"Root","sessionContext":{}}"#
                .to_owned(),
            _ => format!(r#","requestParameters":{{"n":{n}}},"eventTime":"2025-03-01T00:0{}:00Z""#, n % 10),
        };
        let event = format!(
            r#"{{"eventVersion":"1.08","eventName":"e","eventSource":"s","awsRegion":"r","eventID":"id-{n}"{some}}}"#
        );
        let mut decoder = Decoder::new();
        let Step::Event(event) = decoder.step(event.as_bytes(), true) else { panic!("an event") };
        packed.push(&flatten(&event, "log"));
    }
    let mut builder = BatchBuilder::new();
    let mut by_row = FileEncoder::try_new(900, packed.present_columns()).unwrap();
    for row in (0..900).rev() {
        builder.append(&packed, row);
        by_row.append(&packed, row).unwrap();
    }
    let batch = builder.finish().unwrap();
    let file = by_row.finish("part".to_owned(), PartitionRef::new(None, "s", "r").to_key()).unwrap();
    assert_eq!(read(&file.content, None), batch);
    assert!(file.content == encoded(&[batch]).content);
}

/// Many pages, dictionaries that become too large, and rows that are passed over by the index of pages.
#[test]
fn pages_are_where_the_index_says() {
    let batches = [batch(3, 30_000, 60), batch(4, 30_000, 200)];
    let file = encoded(&batches);
    let expected = concat_batches(&file_schema(), &batches).unwrap();
    let metadata = opened(&file.content);
    let offsets = &metadata.metadata().offset_index().unwrap()[0];
    assert!(offsets.iter().all(|leaf| leaf.page_locations.len() > 2));
    assert_eq!(read(&file.content, None), expected);
    for (skipped, taken) in [(0, 1), (19_999, 2), (29_990, 20), (59_999, 1)] {
        let selection = RowSelection::from(vec![RowSelector::skip(skipped), RowSelector::select(taken)]);
        assert_eq!(read(&file.content, Some(selection)), expected.slice(skipped, taken));
    }
}

#[test]
fn pages_and_dictionaries_end_at_a_megabyte() {
    let rows = batch(5, 4_000, 4_000);
    let file = encoded(std::slice::from_ref(&rows));
    assert_eq!(read(&file.content, None), rows);
    let mut mixed = 0;
    for column in file.footer.row_group(0).columns() {
        let reader = SerializedPageReader::new(Arc::new(file.content.clone()), column, 4_000, None).unwrap();
        let pages: Vec<Page> = reader.map(Result::unwrap).collect();
        assert!(pages.iter().all(|page| page.buffer().len() < 1_002_000), "{}", column.column_path());
        let data = |encoding| pages[1..].iter().any(|page| page.encoding() == encoding);
        mixed += usize::from(data(Encoding::RLE_DICTIONARY) && data(Encoding::PLAIN));
    }
    assert!(mixed > 5, "{mixed} columns had too many values for their dictionary");
}

/// What is said of values holds, for files of one page a column and of many.
#[test]
fn statistics_hold() {
    for (rows, longest) in [(300, 30), (30_000, 120)] {
        let rows = batch(rows as u64, rows, longest);
        let file = encoded(std::slice::from_ref(&rows));
        let metadata = opened(&file.content);
        let row_group = metadata.metadata().row_group(0);
        for (index, column) in columns().iter().enumerate() {
            let Some(texts) = rows.column(index).as_any().downcast_ref::<StringArray>() else { continue };
            let number = leaf(row_group, index);
            let leaf = row_group.column(number);
            let Some(Statistics::ByteArray(said)) = leaf.statistics() else { panic!("{}", column.name) };
            assert_eq!(said.null_count_opt(), Some(texts.null_count() as u64), "{}", column.name);
            let (least, greatest) = (texts.iter().flatten().min(), texts.iter().flatten().max());
            let is_ranged = said.min_opt().is_some();
            let carries_bytes = column.encoding == ColumnEncoding::Plain;
            assert_eq!(is_ranged, least.is_some() && !carries_bytes, "{}", column.name);
            if let (Some(min), Some(max)) = (said.min_opt(), said.max_opt()) {
                assert!(
                    min.as_utf8().unwrap() <= least.unwrap() && max.as_utf8().unwrap() >= greatest.unwrap()
                );
            }
            let filter = leaf.bloom_filter_offset().zip(leaf.bloom_filter_length());
            assert_eq!(filter.is_some(), column.bloom && least.is_some(), "{}", column.name);
            if let Some((offset, length)) = filter {
                let filter = file.content.slice(offset as usize..offset as usize + length as usize);
                let filter = Sbbf::from_bytes(&filter).unwrap();
                assert!(texts.iter().flatten().all(|text| filter.check(text)), "{}", column.name);
                let strangers = (0..1000).filter(|n| filter.check(format!("stranger-{n}").as_str())).count();
                assert!(strangers < 60, "{}: {strangers}", column.name);
            }
        }
    }
}

#[test]
fn pages_of_sorted_times_are_in_order() {
    let rows = batch(9, 50_000, 10);
    let times = TimestampMicrosecondArray::from_iter_values(0..50_000).with_timezone("UTC");
    let mut arrays = rows.columns().to_vec();
    arrays[id::EVENT_TIME] = Arc::new(times);
    let file = encoded(&[RecordBatch::try_new(file_schema(), arrays).unwrap()]);
    let metadata = opened(&file.content);
    let number = leaf(metadata.metadata().row_group(0), id::EVENT_TIME);
    let index = &metadata.metadata().column_index().unwrap()[0][number];
    assert_eq!(index.get_boundary_order(), Some(BoundaryOrder::ASCENDING));
    let ColumnIndexMetaData::INT64(index) = index else { panic!("times are numbers") };
    assert_eq!(index.min_value(1), Some(&20_000));
    assert_eq!(index.max_value(2), Some(&49_999));
}
