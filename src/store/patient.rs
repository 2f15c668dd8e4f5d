//! Asking again where an answer broke off.
//!
//! The stores ask again by themselves when the content of an object breaks off. What they do not ask for again is a listing,
//! the outcome of a deletion, or the reason why an object cannot be had, whose text broke off. All of these can be asked for
//! as often as one likes. Objects that are written in parts are a matter of their own ([`super::parts`]).

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::{DELIMITER, Path};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::attempts::{Attempts, broke_off};

/// Objects that are deleted at a time: as many as a request of S3 takes.
const DELETIONS: usize = 1000;

/// A store that is asked again.
#[derive(Debug)]
pub(super) struct Patient(pub(super) Arc<dyn ObjectStore>);

impl fmt::Display for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a listing stands.
struct Listing {
    store: Arc<dyn ObjectStore>,
    prefix: Option<Path>,
    /// The last object that was listed.
    last: Option<Path>,
    listed: BoxStream<'static, Result<ObjectMeta>>,
    attempts: Attempts,
}

impl Listing {
    fn new(store: Arc<dyn ObjectStore>, prefix: Option<&Path>, offset: Option<&Path>) -> Self {
        let listed = match offset {
            Some(offset) => store.list_with_offset(prefix, offset),
            None => store.list(prefix),
        };
        Self { store, prefix: prefix.cloned(), last: offset.cloned(), listed, attempts: Attempts::new() }
    }

    async fn next(mut self) -> Option<(Result<ObjectMeta>, Self)> {
        loop {
            match self.listed.next().await? {
                Ok(meta) => {
                    self.last = Some(meta.location.clone());
                    self.attempts = Attempts::new();
                    return Some((Ok(meta), self));
                }
                Err(error) => {
                    if !self.attempts.may_go_on(&error).await {
                        return Some((Err(error), self));
                    }
                    let Self { store, prefix, last, attempts, .. } = self;
                    self = Self { attempts, ..Self::new(store, prefix.as_ref(), last.as_ref()) };
                }
            }
        }
    }

    fn stream(self) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::unfold(self, Self::next).fuse().boxed()
    }
}

/// A store that lists a page at a time, as those of clouds do.
pub(super) trait Paged: ObjectStore + PaginatedListStore {}

impl<T: ObjectStore + PaginatedListStore> Paged for T {}

/// A page of what lies in a directory. Directories in it may be on other pages, too.
pub(super) fn pages(store: Arc<dyn Paged>, directory: &Path) -> BoxStream<'static, Result<ListResult>> {
    let prefix =
        Some(directory.as_ref()).filter(|path| !path.is_empty()).map(|path| format!("{path}{DELIMITER}"));
    let first = Some(PaginatedListOptions { delimiter: Some(DELIMITER.into()), ..Default::default() });
    let listed = stream::try_unfold(first, move |options| {
        let (store, prefix) = (store.clone(), prefix.clone());
        async move {
            let Some(options) = options else { return Ok(None) };
            let mut attempts = Attempts::new();
            let page = loop {
                match store.list_paginated(prefix.as_deref(), options.clone()).await {
                    Err(error) if attempts.may_go_on(&error).await => {}
                    listed => break listed?,
                }
            };
            let next =
                page.page_token.map(|token| PaginatedListOptions { page_token: Some(token), ..options });
            Ok(Some((page.result, next)))
        }
    });
    listed.boxed()
}

/// What became of each deletion.
async fn delete_all(store: &dyn ObjectStore, locations: Vec<Path>) -> Vec<Result<Path>> {
    let mut attempts = Attempts::new();
    loop {
        let again: Vec<Result<Path>> = locations.iter().cloned().map(Ok).collect();
        let deleted: Vec<Result<Path>> = store.delete_stream(stream::iter(again).boxed()).collect().await;
        let broken =
            deleted.iter().filter_map(|deleted| deleted.as_ref().err()).find(|error| broke_off(error));
        match broken {
            Some(error) if attempts.may_go_on(error).await => {}
            _ => return deleted,
        }
    }
}

#[async_trait]
impl ObjectStore for Patient {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.0.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut attempts = Attempts::new();
        loop {
            match self.0.get_opts(location, options.clone()).await {
                Err(error) if attempts.may_go_on(&error).await => {}
                got => return got,
            }
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.0.clone();
        let deleted = locations.try_chunks(DELETIONS).then(move |locations| {
            let store = store.clone();
            async move {
                match locations {
                    Ok(locations) => delete_all(store.as_ref(), locations).await,
                    Err(error) => vec![Err(error.1)],
                }
            }
        });
        deleted.flat_map(stream::iter).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        Listing::new(self.0.clone(), prefix, None).stream()
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        Listing::new(self.0.clone(), prefix, Some(offset)).stream()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut attempts = Attempts::new();
        loop {
            match self.0.list_with_delimiter(prefix).await {
                Err(error) if attempts.may_go_on(&error).await => {}
                listed => return listed,
            }
        }
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}
