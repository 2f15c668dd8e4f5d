//! One leaf column of a row group: values in, the pages of a column chunk out.
//!
//! The library's writer is made for columns of millions of values: for each column of each file it sets up a dictionary, a
//! compressor, a decompressor, and buffers for all of them. Most data files hold a few hundred rows in ninety columns, where that
//! takes several times as long as the values do. Here pages are made straight from the values, and one compressor for each
//! thread serves all of them. The headers of pages, and what describes chunks, are still written by the library.
//!
//! A page is what Parquet calls a [data page](https://parquet.apache.org/docs/file-format/data-pages/) of the first version:
//! repetition levels, definition levels, and the values, in `PLAIN` or as indices into the chunk's dictionary.

use parquet::basic::{Encoding, Type};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::dictionary::Dictionary;
use super::hybrid;
use super::page::PageUnderWay;
use super::page_index::PageIndex;
use super::properties::{ChunkPlan, DICTIONARY_BYTES, PAGE_BYTES, PAGE_ROWS};
use super::range::Range;

/// A column chunk under way.
pub(super) struct ChunkEncoder {
    leaf: ColumnDescPtr,
    /// What the leaf says of itself, asked for at every value.
    deepest: u8,
    is_repeated: bool,
    plan: ChunkPlan,
    values: Values,
    /// Of values that are written as they are. Those of a dictionary are looked at in the end, when their number is known.
    filter: Option<Sbbf>,
    /// Rows so far.
    rows: usize,
    page: PageUnderWay,
    pages: Vec<FinishedPage>,
    /// Compressed bytes of these pages.
    bytes: usize,
}

/// How values are written.
#[derive(Debug)]
enum Values {
    /// As indices of distinct values.
    Dictionary(Dictionary),
    /// As they are; first there was this dictionary, which has no room for more.
    Plain(Option<Dictionary>),
}

struct FinishedPage {
    content: CompressedPage,
    rows: usize,
    nulls: usize,
    range: Range,
}

impl ChunkEncoder {
    /// Of a leaf, as `plan` says.
    ///
    /// # Errors
    /// Never: the rates of false positives are sound.
    pub(super) fn try_new(leaf: ColumnDescPtr, plan: ChunkPlan) -> Result<Self> {
        let (values, filter) = match plan.dictionary {
            true => (Values::Dictionary(Dictionary::default()), None),
            false => (Values::Plain(None), plan.filter()?),
        };
        let (page, pages) = (PageUnderWay::empty(), Vec::new());
        let (deepest, is_repeated) = (leaf.max_def_level() as u8, leaf.max_rep_level() > 0);
        Ok(Self { leaf, deepest, is_repeated, plan, values, filter, rows: 0, page, pages, bytes: 0 })
    }

    /// Begins a row that has `bytes` of values.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    #[inline]
    pub(super) fn begin_row(&mut self, bytes: usize) -> Result<()> {
        let (held, limit) = match &self.values {
            Values::Dictionary(dictionary) => (dictionary.bytes().len(), DICTIONARY_BYTES),
            Values::Plain(_) => (self.page.plain.len(), PAGE_BYTES),
        };
        if held + bytes > limit {
            self.make_room()?;
        } else if self.page.rows >= PAGE_ROWS {
            self.finish_page()?;
        }
        self.page.rows += 1;
        self.rows += 1;
        Ok(())
    }

    /// A page is full, or the dictionary is.
    #[cold]
    fn make_room(&mut self) -> Result<()> {
        self.finish_page()?;
        if let Values::Dictionary(dictionary) = &mut self.values {
            let dictionary = std::mem::take(dictionary);
            self.filter = self.plan.filter()?;
            if let Some(filter) = &mut self.filter {
                dictionary.values().for_each(|value| filter.insert(value));
            }
            self.values = Values::Plain((dictionary.len() > 0).then_some(dictionary));
        }
        Ok(())
    }

    /// A place in the row, of which it is the first if `repetition` is 0. If `definition` is the greatest there is, a value is to
    /// follow.
    #[inline]
    pub(super) fn level(&mut self, repetition: u8, definition: u8) {
        let page = &mut self.page;
        page.levels += 1;
        page.nulls += usize::from(definition < self.deepest);
        if self.deepest > 0 {
            page.definition.push(definition);
        }
        if self.is_repeated {
            page.repetition.push(repetition);
        }
    }

    /// Takes as many rows without a value as make it `rows`.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    #[inline]
    pub(super) fn fill_up(&mut self, rows: usize) -> Result<()> {
        if rows > self.rows { self.nulls(rows - self.rows) } else { Ok(()) }
    }

    /// Takes rows without a value.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    pub(super) fn nulls(&mut self, mut rows: usize) -> Result<()> {
        self.rows += rows;
        while rows > 0 {
            if self.page.rows >= PAGE_ROWS {
                self.finish_page()?;
            }
            let page = &mut self.page;
            let taken = rows.min(PAGE_ROWS - page.rows);
            page.rows += taken;
            page.levels += taken;
            page.nulls += taken;
            page.definition.resize(page.levels, 0);
            if self.is_repeated {
                page.repetition.resize(page.levels, 0);
            }
            rows -= taken;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn text(&mut self, text: &[u8]) {
        let mut is_new = true;
        match &mut self.values {
            Values::Dictionary(dictionary) => {
                let (index, is_first) = dictionary.index(text, true, self.pages.len() as u32);
                self.page.indices.push(index);
                is_new = is_first;
            }
            Values::Plain(_) => {
                // Events end long before four gigabytes.
                self.page.plain.extend_from_slice(&(text.len() as u32).to_le_bytes());
                self.page.plain.extend_from_slice(text);
                if let Some(filter) = &mut self.filter {
                    filter.insert(text);
                }
            }
        }
        if is_new && self.plan.ranged {
            self.page.range.include_text(text);
        }
    }

    /// Takes a number, which is as wide as the column's.
    #[inline]
    pub(super) fn number(&mut self, number: i64) {
        let bytes = number.to_le_bytes();
        let bytes = if self.leaf.physical_type() == Type::INT32 { &bytes[..4] } else { &bytes[..] };
        match &mut self.values {
            Values::Dictionary(dictionary) => {
                let (index, _) = dictionary.index(bytes, false, self.pages.len() as u32);
                self.page.indices.push(index);
            }
            Values::Plain(_) => self.page.plain.extend_from_slice(bytes),
        }
        self.page.range.include_number(number);
    }

    #[inline]
    pub(super) fn truth(&mut self, truth: bool) {
        self.page.indices.push(u32::from(truth));
        self.page.range.include_number(truth.into());
    }

    /// Memory the chunk takes, encoded as far as that is known, in bytes.
    pub(super) fn memory_size(&self) -> usize {
        let dictionary = match &self.values {
            Values::Dictionary(dictionary) | Values::Plain(Some(dictionary)) => dictionary.bytes().len(),
            Values::Plain(None) => 0,
        };
        self.bytes + dictionary + self.page.plain.len() + self.page.definition.len()
    }

    fn finish_page(&mut self) -> Result<()> {
        if self.page.rows == 0 {
            return Ok(());
        }
        let page = &mut self.page;
        let (rows, nulls, range) = (page.rows, page.nulls, std::mem::take(&mut page.range));
        let mut body = Vec::with_capacity(page.levels / 4 + page.plain.len() + page.indices.len() + 16);
        for (levels, greatest) in
            [(&page.repetition, self.leaf.max_rep_level()), (&page.definition, self.leaf.max_def_level())]
        {
            if greatest > 0 {
                let start = body.len() + size_of::<u32>();
                body.resize(start, 0);
                hybrid::encode(levels, hybrid::width(greatest.cast_unsigned().into()), &mut body);
                let length = (body.len() - start) as u32;
                body[start - size_of::<u32>()..start].copy_from_slice(&length.to_le_bytes());
            }
        }
        let mut encoding = Encoding::PLAIN;
        match &self.values {
            Values::Dictionary(dictionary) if dictionary.len() > 0 => {
                encoding = Encoding::RLE_DICTIONARY;
                let width = hybrid::width(dictionary.len() as u32 - 1);
                body.push(width as u8);
                hybrid::encode(&page.indices, width, &mut body);
            }
            _ if self.leaf.physical_type() == Type::BOOLEAN => {
                let eight =
                    |truths: &[u32]| truths.iter().rev().fold(0, |byte, truth| byte << 1 | *truth as u8);
                body.extend(page.indices.chunks(8).map(eight));
            }
            _ => body.extend_from_slice(&page.plain),
        }
        let (levels, uncompressed_size) = (page.levels as u32, body.len());
        page.clear();
        let page = Page::DataPage {
            buf: self.plan.codec.compress(body)?,
            num_values: levels,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let content = CompressedPage::new(page, uncompressed_size);
        self.bytes += content.compressed_size();
        self.pages.push(FinishedPage { content, rows, nulls, range });
        Ok(())
    }

    /// How many pages there are.
    pub(super) fn pages(&self) -> usize {
        self.pages.len() + usize::from(self.page.rows > 0)
    }

    /// Writes all pages, and says what is to be said of them, each of them if the file `is_paged`.
    ///
    /// # Errors
    /// If a page cannot be compressed, or described.
    pub(super) fn finish(
        mut self,
        sink: &mut TrackedWrite<Vec<u8>>,
        is_paged: bool,
    ) -> Result<ColumnCloseResult> {
        self.finish_page()?;
        std::mem::take(&mut self.page).give_back();
        let dictionary = match std::mem::replace(&mut self.values, Values::Plain(None)) {
            Values::Dictionary(dictionary) => Some(dictionary).filter(|dictionary| dictionary.len() > 0),
            Values::Plain(dictionary) => dictionary,
        };
        let bloom_filter = self.finish_filter(dictionary.as_ref())?;

        let start = sink.bytes_written();
        let mut writer = SerializedPageWriter::new(sink);
        let mut encodings = vec![Encoding::RLE, Encoding::PLAIN];
        let (mut uncompressed, mut dictionary_offset) = (0, None);
        if let Some(dictionary) = dictionary {
            encodings.push(Encoding::RLE_DICTIONARY);
            let (values, size) = (dictionary.len() as u32, dictionary.bytes().len());
            let page = Page::DictionaryPage {
                buf: self.plan.codec.compress(dictionary.into_bytes())?,
                num_values: values,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            let written = writer.write_page(CompressedPage::new(page, size))?;
            uncompressed += written.uncompressed_size;
            dictionary_offset = Some(written.offset as i64);
        }
        let (mut levels, mut rows, mut nulls, mut range) = (0, 0, 0, Range::default());
        let mut index = is_paged.then(|| PageIndex::new(self.leaf.physical_type()));
        let mut first = None;
        for page in self.pages {
            levels += page.content.num_values();
            rows += page.rows;
            nulls += page.nulls;
            range.include(&page.range);
            let written = writer.write_page(page.content)?;
            uncompressed += written.uncompressed_size;
            first.get_or_insert(written.offset as i64);
            if let Some(index) = &mut index {
                index.push(page.rows, page.nulls, &page.range, (written.offset, written.compressed_size));
            }
        }
        let bytes = sink.bytes_written() - start;
        let metadata = ColumnChunkMetaData::builder(self.leaf.clone())
            .set_compression(self.plan.codec.name())
            .set_encodings(encodings)
            .set_num_values(levels.into())
            .set_total_compressed_size(bytes as i64)
            .set_total_uncompressed_size(uncompressed as i64)
            .set_data_page_offset(first.unwrap_or_default())
            .set_dictionary_page_offset(dictionary_offset)
            .set_statistics(range.statistics(self.leaf.physical_type(), nulls as u64))
            .build()?;
        let (bounds, offset_index) = index.map(PageIndex::finish).transpose()?.unzip();
        Ok(ColumnCloseResult {
            bytes_written: bytes as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter,
            column_index: bounds.filter(|_| self.plan.ranged),
            offset_index,
        })
    }

    /// The filter of all values, as small as their number allows.
    fn finish_filter(&mut self, dictionary: Option<&Dictionary>) -> Result<Option<Sbbf>> {
        let Some(fpp) = self.plan.filter else { return Ok(None) };
        if let Some(mut filter) = self.filter.take() {
            filter.fold_to_target_fpp(fpp);
            return Ok(Some(filter));
        }
        let Some(dictionary) = dictionary else { return Ok(None) };
        let mut filter = Sbbf::new_with_ndv_fpp(dictionary.len() as u64, fpp)?;
        dictionary.values().for_each(|value| filter.insert(value));
        Ok(Some(filter))
    }
}
