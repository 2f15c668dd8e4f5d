//! Which values data files do not hold, so that who looks for one value need not open them all to ask.
//!
//! Data files carry [bloom filters](https://parquet.apache.org/docs/file-format/bloomfilter/) of the columns that single values
//! are looked up in; but each file must be opened to be asked, and a usual trail has thousands. So the filters are copied, column
//! by column, into segments below `_trailhouse/filters/`: a commit writes one, before its version of the log, and now and then
//! small segments are merged.
//!
//! They are a hint and nothing more. An entry goes by the checksum of the file's content, which the log has too: so it is true
//! of the file or of none, whoever wrote it, whether its file counts or not. A file without an entry is opened. A segment that
//! is missing or damaged costs time and nothing else, and segments may be deleted whenever one likes.

mod file_filters;
mod lookup;
mod merging;
mod reader;
mod segment;

use std::sync::LazyLock;

use object_store::path::Path;

pub(super) use file_filters::FileFilters;
pub use lookup::Lookup;

use super::Head;
use crate::table::column::columns;

/// Where segments lie, below the dataset.
pub(super) const DIRECTORY: &str = "_trailhouse/filters";

/// How the names of segments begin; what they came with follows, and a checksum.
pub(super) const SEGMENT: &str = "filters-";

/// What merged segments came with.
const MERGED: &str = "merged";

/// Segments hold about so many bytes of filters at most: those of three million events.
pub(crate) const SEGMENT_BYTES: usize = 16 << 20;

/// The columns that data files have filters of.
static COLUMNS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    columns().iter().filter(|column| column.bloom).map(|column| column.name.as_str()).collect()
});

/// What the name of a segment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentName<'a> {
    /// The work it came with, or [`MERGED`].
    pub(super) stem: &'a str,
    /// How the checksum of its footer begins.
    checksum: &'a str,
}

impl<'a> SegmentName<'a> {
    /// `None` if the path is not that of a segment.
    pub(super) fn of(path: &'a Path) -> Option<Self> {
        let name = path.as_ref().strip_prefix(DIRECTORY)?.strip_prefix('/')?;
        let (stem, checksum) = name.strip_prefix(SEGMENT)?.strip_suffix(".parquet")?.rsplit_once('-')?;
        Some(Self { stem, checksum })
    }

    fn path(self) -> Path {
        let Self { stem, checksum } = self;
        Path::from(format!("{DIRECTORY}/{SEGMENT}{stem}-{checksum}.parquet"))
    }

    /// Whether it came of others, or with work that counts.
    pub(super) fn counts(self, head: &Head) -> bool {
        self.stem == MERGED || head.has_files_of(self.stem)
    }
}

#[cfg(test)]
mod tests;
