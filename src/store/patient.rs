//! Asking again where an answer broke off.
//!
//! The stores ask again by themselves when a request is throttled, refused by a server in trouble, or not answered; and when
//! the content of an object breaks off. What they do not ask for again is a listing, the outcome of a deletion, or the reason
//! why an object cannot be had, whose text broke off. All of these can be asked for as often as one likes.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::client::HttpError;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::{DELIMITER, Path};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// How often it is asked again, and how long is waited before the first time; twice as long before each further one.
const ATTEMPTS: u32 = 5;
const WAIT: Duration = Duration::from_millis(100);

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

/// Whether an answer began and broke off. What was asked for again already, and in vain, says how often.
fn broke_off(error: &Error) -> bool {
    let mut causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
    causes.any(<dyn std::error::Error + 'static>::is::<HttpError>)
        && !error.to_string().contains(" retries, max_retries: ")
}

/// Waits before attempt number `attempt`, if there is to be one after this error.
async fn may_ask_again(attempt: u32, error: &Error) -> bool {
    if attempt >= ATTEMPTS || !broke_off(error) {
        return false;
    }
    tracing::info!(%error, "asking again");
    tokio::time::sleep(WAIT * 2_u32.pow(attempt)).await;
    true
}

/// Where a listing stands.
struct Listing {
    store: Arc<dyn ObjectStore>,
    prefix: Option<Path>,
    /// The last object that was listed.
    last: Option<Path>,
    listed: BoxStream<'static, Result<ObjectMeta>>,
    attempt: u32,
}

impl Listing {
    fn new(store: Arc<dyn ObjectStore>, prefix: Option<&Path>, offset: Option<&Path>) -> Self {
        let listed = match offset {
            Some(offset) => store.list_with_offset(prefix, offset),
            None => store.list(prefix),
        };
        Self { store, prefix: prefix.cloned(), last: offset.cloned(), listed, attempt: 0 }
    }

    async fn next(mut self) -> Option<(Result<ObjectMeta>, Self)> {
        loop {
            match self.listed.next().await? {
                Ok(meta) => {
                    self.last = Some(meta.location.clone());
                    self.attempt = 0;
                    return Some((Ok(meta), self));
                }
                Err(error) => {
                    if !may_ask_again(self.attempt, &error).await {
                        return Some((Err(error), self));
                    }
                    let attempt = self.attempt + 1;
                    self =
                        Self { attempt, ..Self::new(self.store, self.prefix.as_ref(), self.last.as_ref()) };
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
            let mut attempt = 0;
            let page = loop {
                match store.list_paginated(prefix.as_deref(), options.clone()).await {
                    Err(error) if may_ask_again(attempt, &error).await => attempt += 1,
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
    let mut attempt = 0;
    loop {
        let again: Vec<Result<Path>> = locations.iter().cloned().map(Ok).collect();
        let deleted: Vec<Result<Path>> = store.delete_stream(stream::iter(again).boxed()).collect().await;
        let broken =
            deleted.iter().filter_map(|deleted| deleted.as_ref().err()).find(|error| broke_off(error));
        match broken {
            Some(error) if may_ask_again(attempt, error).await => attempt += 1,
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
        let mut attempt = 0;
        loop {
            match self.0.get_opts(location, options.clone()).await {
                Err(error) if may_ask_again(attempt, &error).await => attempt += 1,
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
        let mut attempt = 0;
        loop {
            match self.0.list_with_delimiter(prefix).await {
                Err(error) if may_ask_again(attempt, &error).await => attempt += 1,
                listed => return listed,
            }
        }
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}
