//! Large objects, written in parts: they appear when the last part has arrived and the store is told so.
//!
//! An answer to one of these requests may break off or be lost, after the store has done what it was asked to. Parts can be
//! sent again, which the stores do. An upload whose beginning is in doubt is begun anew. And whether one came to its end is
//! told by the object: it is there and as long as it should be, or all of it is written once more. So this is for objects
//! that nobody else writes, or not with anything else in them.

use bytes::Bytes;
use futures::future::try_join_all;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, Result};

use super::attempts::Attempts;

/// Larger objects are written in parts.
const LARGEST_PUT_BYTES: usize = 32 << 20;

/// The size of parts. A bucket takes ten thousand.
const PART_BYTES: usize = 16 << 20;

/// Writes an object, in parts if it is large: several at a time.
///
/// # Errors
/// If the store refuses.
pub async fn put_whole(store: &dyn ObjectStore, path: &Path, content: Bytes) -> Result<()> {
    if content.len() <= LARGEST_PUT_BYTES {
        return store.put(path, content.into()).await.map(|_| ());
    }
    put_in_parts(store, path, &content).await
}

async fn put_in_parts(store: &dyn ObjectStore, path: &Path, content: &Bytes) -> Result<()> {
    let mut attempts = Attempts::new();
    loop {
        match put(store, path, content).await {
            Err(error) if attempts.may_go_on(&error).await => {}
            put => return put,
        }
    }
}

async fn put(store: &dyn ObjectStore, path: &Path, content: &Bytes) -> Result<()> {
    let mut upload = store.put_multipart(path).await?;
    let starts = (0..content.len()).step_by(PART_BYTES);
    let part = |start: usize| content.slice(start..content.len().min(start + PART_BYTES));
    let written: Vec<_> = starts.map(|start| upload.put_part(part(start).into())).collect();
    let failed = match try_join_all(written).await {
        Ok(_) => match upload.complete().await {
            Ok(_) => return Ok(()),
            Err(_) if is_there(store, path, content).await => return Ok(()),
            Err(error) => error,
        },
        Err(error) => error,
    };
    // What is left of it costs money until the bucket's own rules clear it away. Why it failed is what matters.
    if let Err(error) = upload.abort().await {
        tracing::info!(%error, "cannot clear away the parts of {path}");
    }
    Err(failed)
}

/// Whether an object is there, as long as it should be.
async fn is_there(store: &dyn ObjectStore, path: &Path, content: &Bytes) -> bool {
    store.head(path).await.is_ok_and(|found| found.size == content.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::ops::Range;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use futures::stream::BoxStream;
    use object_store::client::{HttpError, HttpErrorKind};
    use object_store::memory::InMemory;
    use object_store::{
        CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
        PutMultipartOptions, PutOptions, PutPayload, PutResult, UploadPart,
    };

    use super::*;

    /// What becomes of the first request to complete an upload.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum First {
        /// It is done, and the answer breaks off.
        DoneAndCut,
        /// It is done, nobody hears of it, and asking again finds no upload.
        DoneAndLost,
        /// It is not done, and the answer breaks off.
        Cut,
        /// It is refused.
        Refused,
    }

    /// A store that does that, and has no upload to abort then.
    #[derive(Debug)]
    struct Store {
        inner: InMemory,
        first: First,
        begun: Arc<AtomicU32>,
    }

    #[derive(Debug)]
    struct Upload {
        inner: Box<dyn MultipartUpload>,
        happens: Option<First>,
    }

    fn no_upload() -> Error {
        Error::NotFound { path: "a".to_owned(), source: "NoSuchUpload".into() }
    }

    #[async_trait]
    impl MultipartUpload for Upload {
        fn put_part(&mut self, data: PutPayload) -> UploadPart {
            self.inner.put_part(data)
        }

        async fn complete(&mut self) -> Result<PutResult> {
            if matches!(self.happens, None | Some(First::DoneAndCut | First::DoneAndLost)) {
                let done = self.inner.complete().await;
                if self.happens.is_none() {
                    return done;
                }
            }
            Err(match self.happens {
                Some(First::DoneAndCut | First::Cut) => {
                    let cut = std::io::Error::other("end of file before message length reached");
                    let source = HttpError::new(HttpErrorKind::Decode, cut).into();
                    Error::Generic { store: "S3", source }
                }
                Some(First::Refused) => {
                    Error::PermissionDenied { path: "a".to_owned(), source: "AccessDenied".into() }
                }
                _ => no_upload(),
            })
        }

        async fn abort(&mut self) -> Result<()> {
            Err(no_upload())
        }
    }

    impl fmt::Display for Store {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.inner.fmt(f)
        }
    }

    #[async_trait]
    impl ObjectStore for Store {
        async fn put_opts(&self, path: &Path, content: PutPayload, options: PutOptions) -> Result<PutResult> {
            self.inner.put_opts(path, content, options).await
        }

        async fn put_multipart_opts(
            &self,
            path: &Path,
            options: PutMultipartOptions,
        ) -> Result<Box<dyn MultipartUpload>> {
            let happens = (self.begun.fetch_add(1, Ordering::Relaxed) == 0).then_some(self.first);
            let inner = self.inner.put_multipart_opts(path, options).await?;
            Ok(Box::new(Upload { inner, happens }))
        }

        async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
            self.inner.get_opts(path, options).await
        }

        async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
            self.inner.get_ranges(path, ranges).await
        }

        fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
            self.inner.delete_stream(paths)
        }

        fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
            self.inner.list(prefix)
        }

        async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
            self.inner.list_with_delimiter(prefix).await
        }

        async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
            self.inner.copy_opts(from, to, options).await
        }
    }

    #[tokio::test]
    async fn an_object_is_whole_whatever_is_heard_of_its_completion() {
        let content = Bytes::from(vec![7; 2 * PART_BYTES + 1]);
        let path = Path::from("a");
        for (first, begun) in
            [(First::DoneAndCut, 1), (First::DoneAndLost, 1), (First::Cut, 2), (First::Refused, 1)]
        {
            let store = Store { inner: InMemory::new(), first, begun: Arc::default() };
            let put = put_in_parts(&store, &path, &content).await;
            assert_eq!(store.begun.load(Ordering::Relaxed), begun, "{first:?}");
            match first {
                First::Refused => assert!(matches!(put, Err(Error::PermissionDenied { .. })), "{put:?}"),
                _ => {
                    put.unwrap();
                    assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), content, "{first:?}");
                }
            }
        }
    }
}
