//! Compressing the columns of small files.
//!
//! The library makes a compressor and a decompressor for each column of each file. With a few hundred rows in a file, that takes
//! longer than all the compressing. Here the library writes the pages as they are, and one compressor for each thread does all
//! of them.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::arrow_writer::ArrowColumnChunk;
use parquet::basic::{Compression, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use zstd::bulk::Compressor;

use super::properties::ZSTD_LEVEL;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// The pages of the leaves of a column, compressed, and what is to be said of them. Chunks show their pages to nobody but a file:
/// `alone` is one of that column, of which nothing is kept.
pub(super) fn compress(
    leaves: Vec<ArrowColumnChunk>,
    mut alone: SerializedFileWriter<Vec<u8>>,
    rows: usize,
) -> Result<Vec<(Bytes, ColumnCloseResult)>> {
    let mut row_group = alone.next_row_group()?;
    let mut closes = Vec::new();
    for mut chunk in leaves {
        // Nor is the filter written there.
        let bloom_filter = chunk.close_mut().bloom_filter.take();
        closes.push(ColumnCloseResult { bloom_filter, ..chunk.close().clone() });
        chunk.append_to_row_group(&mut row_group)?;
    }
    let metadata = row_group.close()?;
    alone.flush()?;
    let pages = Bytes::from(std::mem::take(alone.inner_mut()));
    let leaves = metadata.columns().iter().zip(closes);
    leaves.map(|(metadata, close)| compress_leaf(&pages, metadata, rows, close)).collect()
}

fn compress_leaf(
    file: &Bytes,
    metadata: &ColumnChunkMetaData,
    rows: usize,
    mut close: ColumnCloseResult,
) -> Result<(Bytes, ColumnCloseResult)> {
    let mut sink = TrackedWrite::new(Vec::new());
    let mut writer = SerializedPageWriter::new(&mut sink);
    let mut written = Vec::new();
    for page in SerializedPageReader::new(Arc::new(file.clone()), metadata, rows, None)? {
        let page = page?;
        let size = page.buffer().len();
        written.push(writer.write_page(CompressedPage::new(compressed(page)?, size))?);
    }

    let first =
        |kind: PageType| written.iter().find(|page| page.page_type == kind).map(|page| page.offset as i64);
    let data_page_offset = first(PageType::DATA_PAGE);
    close.metadata = metadata
        .clone()
        .into_builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_total_compressed_size(written.iter().map(|page| page.compressed_size as i64).sum())
        .set_data_page_offset(data_page_offset.ok_or_else(|| strange("a column without data pages"))?)
        .set_dictionary_page_offset(first(PageType::DICTIONARY_PAGE))
        .build()?;
    if let Some(index) = &mut close.offset_index {
        let pages = written.iter().filter(|page| page.page_type == PageType::DATA_PAGE);
        for (location, page) in index.page_locations.iter_mut().zip(pages) {
            location.offset = page.offset as i64;
            // Pages end at a few megabytes.
            location.compressed_page_size = page.compressed_size as i32;
        }
    }
    close.bytes_written = written.iter().map(|page| page.bytes_written).sum();
    Ok((sink.into_inner()?.into(), close))
}

/// The page with its content compressed.
fn compressed(mut page: Page) -> Result<Page> {
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = zstd(buf)?.into(),
        Page::DataPageV2 { .. } => return Err(strange("a page of the second version")),
    }
    Ok(page)
}

fn zstd(content: &[u8]) -> Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        let compressor = match compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(ZSTD_LEVEL)?),
        };
        Ok(compressor.compress(content)?)
    })
}

fn strange(what: &str) -> ParquetError {
    ParquetError::General(format!("the Parquet writer made {what}"))
}
