//! Files of events in a directory: `events-00000.json.gz` and so on, each there as a whole or not at all.

use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use object_store::ObjectStoreExt as _;
use object_store::local::LocalFileSystem;

use super::Error;
use super::container::{Container, Format};
use crate::store;

/// Inflated bytes that a file may have, as AWS limits its own.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const FILE_BYTES: u64 = 50_000_000;

/// An empty directory to export to.
#[derive(Debug)]
pub struct Directory {
    /// As typed.
    name: String,
    store: LocalFileSystem,
    file_bytes: u64,
}

impl Directory {
    /// The path that was typed, and whether it may be used: it must be empty or not there.
    ///
    /// # Errors
    /// If it is a file, holds something, or is no local path.
    pub fn check(typed: &str) -> Result<PathBuf, Error> {
        let path = store::local_path(typed)?;
        let in_the_way = |what| Err(Error::InTheWay { directory: typed.to_owned(), what });
        match path.read_dir() {
            Ok(mut entries) => match entries.next() {
                Some(_) => in_the_way("not empty"),
                None => Ok(path),
            },
            Err(_) if path.is_file() => in_the_way("a file"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(path),
            Err(source) => Err(Error::Unusable { directory: typed.to_owned(), source }),
        }
    }

    /// Makes the directory if need be.
    ///
    /// # Errors
    /// If it may not be used or cannot be made.
    pub fn create(typed: &str) -> Result<Self, Error> {
        let path = Self::check(typed)?;
        let unusable = |source| Error::Unusable { directory: typed.to_owned(), source };
        std::fs::create_dir_all(&path).map_err(unusable)?;
        let path = path.canonicalize().map_err(unusable)?;
        Self::open(typed, &path, FILE_BYTES)
    }

    fn open(typed: &str, path: &Path, file_bytes: u64) -> Result<Self, Error> {
        let store = LocalFileSystem::new_with_prefix(path).map_err(|source| Error::File {
            file: ".".to_owned(),
            directory: typed.to_owned(),
            source,
        })?;
        Ok(Self { name: typed.to_owned(), store, file_bytes })
    }
}

/// A file that is not stored yet, compressed in memory.
type OpenFile = Container<GzEncoder<Vec<u8>>>;

/// The files of one export.
pub(super) struct Files<'d> {
    directory: &'d Directory,
    format: Format,
    open: Option<OpenFile>,
    written: u64,
}

impl<'d> Files<'d> {
    pub(super) fn new(directory: &'d Directory, format: Format) -> Self {
        Self { directory, format, open: None, written: 0 }
    }

    /// Files stored.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Adds an event to the open file, or to the next one if there is no room.
    pub(super) async fn push(&mut self, event: &[u8]) -> Result<(), Error> {
        let room = |file: &OpenFile| file.bytes() + event.len() as u64 <= self.directory.file_bytes;
        if !self.open.as_ref().is_some_and(room) {
            self.close().await?;
        }
        let file = match self.open.take() {
            Some(file) => file,
            None => self.new_file()?,
        };
        self.open.insert(file).push(event).map_err(Error::Output)
    }

    /// Stores the open file.
    pub(super) async fn close(&mut self) -> Result<(), Error> {
        let Some(file) = self.open.take() else {
            return Ok(());
        };
        let content = file.finish().and_then(GzEncoder::finish).map_err(Error::Output)?;
        let name = self.name(self.written);
        let put = self.directory.store.put(&name.as_str().into(), content.into()).await;
        put.map_err(|source| Error::File { file: name, directory: self.directory.name.clone(), source })?;
        self.written += 1;
        Ok(())
    }

    /// Removes what was stored: an export that failed half-way must not look like one that did not.
    pub(super) async fn remove(&mut self) {
        for number in 0..std::mem::take(&mut self.written) {
            // What cannot be removed now was not to be had either.
            let _ = self.directory.store.delete(&self.name(number).as_str().into()).await;
        }
    }

    fn new_file(&self) -> Result<OpenFile, Error> {
        let encoder = GzEncoder::new(Vec::new(), Compression::default());
        Container::new(encoder, self.format).map_err(Error::Output)
    }

    fn name(&self, number: u64) -> String {
        let extension = match self.format {
            Format::Records => "json",
            Format::Ndjson => "ndjson",
        };
        format!("events-{number:05}.{extension}.gz")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn content(path: &Path, name: &str) -> String {
        let mut text = String::new();
        let file = std::fs::File::open(path.join(name)).unwrap();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        text
    }

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            path.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn files_end_where_they_are_full() {
        futures::executor::block_on(fill());
    }

    async fn fill() {
        let dir = tempfile::tempdir().unwrap();
        let directory = Directory::open("typed", dir.path(), 20).unwrap();
        let mut files = Files::new(&directory, Format::Records);
        // Twelve bytes are around the events.
        for event in ["[1,2,3]", "[1]", "[2]", "[3]", "[1,2,3,4,5,6,7,8,9]", "[4]"] {
            files.push(event.as_bytes()).await.unwrap();
        }
        files.close().await.unwrap();
        files.close().await.unwrap();
        assert_eq!(files.written(), 5);
        let texts: Vec<String> = names(dir.path()).iter().map(|name| content(dir.path(), name)).collect();
        assert_eq!(
            texts,
            ["[1,2,3]", "[1],[2]", "[3]", "[1,2,3,4,5,6,7,8,9]", "[4]"]
                .map(|events| format!("{{\"Records\":[{events}]}}\n"))
        );
        assert_eq!(names(dir.path())[4], "events-00004.json.gz");
        assert!(matches!(
            Directory::check(dir.path().to_str().unwrap()),
            Err(Error::InTheWay { what: "not empty", .. })
        ));
        files.remove().await;
        assert!(names(dir.path()).is_empty());
    }
}
