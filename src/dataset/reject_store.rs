//! The files of rejects on the store: listed, read, replaced.
//!
//! A reject may be stored twice, when its object was converted by two tasks (with other filters, or beside other
//! objects). It is one reject all the same, told by its id, and is resolved in all files.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use glob::Pattern;
use hashbrown::{HashMap, HashSet};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore as _, ObjectStoreExt as _};

use super::rejects::{DIRECTORY, stem_of};
use super::{Dataset, Error, IdPrefix, RejectFile, RejectId, StoredReject};
use crate::decode::Reason;

/// Which rejects are meant. Empty lists leave everything in.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// For these reasons.
    pub reasons: Vec<Reason>,
    /// In these objects: the whole name, or a pattern with `*`, `?`, `[...]`.
    pub objects: Vec<String>,
    /// With these ids.
    pub ids: Vec<RejectId>,
}

impl Selection {
    /// Whether `reject` is meant.
    pub fn admits(&self, reject: &StoredReject) -> bool {
        let matches = |object: &String| {
            *object == reject.object
                || Pattern::new(object).is_ok_and(|pattern| pattern.matches(&reject.object))
        };
        (self.reasons.is_empty() || self.reasons.contains(&reject.reason))
            && (self.objects.is_empty() || self.objects.iter().any(matches))
            && (self.ids.is_empty() || self.ids.contains(&reject.id()))
    }
}

/// The ids in files of rejects that were read: by path, size and time.
pub(super) type KnownRejects = HashMap<(Path, u64, DateTime<Utc>), Vec<RejectId>>;

/// Ids that are named when a prefix is ambiguous.
const NAMED_CANDIDATES: usize = 5;

impl Dataset {
    /// The files of rejects that count, in the order of their names.
    ///
    /// # Errors
    /// If the log or the ledger cannot be read, or the store refuses the listing.
    pub async fn reject_files(&self) -> Result<Vec<Path>, Error> {
        Ok(self.counted_reject_files().await?.into_iter().map(|file| file.location).collect())
    }

    async fn counted_reject_files(&self) -> Result<Vec<ObjectMeta>, Error> {
        let mut files = self.stored_reject_files().await?;
        if !files.is_empty() {
            let manifest = self.manifest().await?;
            files.retain(|file| stem_of(&file.location).is_some_and(|stem| manifest.has_rejects(stem)));
        }
        Ok(files)
    }

    /// The ids of the rejects there are. What was read of them once is remembered: a run asks again and again.
    ///
    /// # Errors
    /// If a file of rejects cannot be read.
    pub async fn reject_ids(&self) -> Result<HashSet<RejectId>, Error> {
        let mut known = self.known_rejects.lock().await;
        let mut now = KnownRejects::new();
        for file in self.counted_reject_files().await? {
            // A retry writes a file anew, with less in it.
            let state = (file.location.clone(), file.size, file.last_modified);
            let ids = match known.remove(&state) {
                Some(ids) => ids,
                None => self.read_rejects(&file.location).await?.iter().map(StoredReject::id).collect(),
            };
            now.insert(state, ids);
        }
        *known = now;
        Ok(known.values().flatten().copied().collect())
    }

    /// The files of rejects, whether they count or not.
    pub(super) async fn stored_reject_files(&self) -> Result<Vec<ObjectMeta>, Error> {
        let listing = self.store.list(Some(&Path::from(DIRECTORY)));
        let mut files: Vec<ObjectMeta> =
            listing.try_collect().await.map_err(|source| self.refusal("list", DIRECTORY, source))?;
        files.retain(|file| file.location.filename().is_some_and(|name| name.ends_with(".parquet")));
        files.sort_unstable_by(|a, b| a.location.cmp(&b.location));
        Ok(files)
    }

    /// What a file of rejects holds.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn read_rejects(&self, file: &Path) -> Result<Vec<StoredReject>, Error> {
        let refused = |source| self.refusal("read", file, source);
        let content = self.store.get(file).await.map_err(refused)?.bytes().await.map_err(refused)?;
        RejectFile { path: file.to_string(), content }.decode()
    }

    /// Lets a file of rejects hold just these, or removes it if there are none left.
    ///
    /// # Errors
    /// If the store refuses.
    pub async fn replace_rejects(&self, file: &Path, rejects: &[StoredReject]) -> Result<(), Error> {
        if rejects.is_empty() {
            return self.delete(file).await;
        }
        let file = RejectFile::encode_as(rejects, file.to_string())?;
        self.put(&file.path, file.content).await
    }

    /// The ids that are meant by what was typed.
    ///
    /// # Errors
    /// [`Error::NoSuchReject`] or [`Error::AmbiguousReject`] unless each means exactly one; or if a file cannot be
    /// read.
    pub async fn resolve_rejects(&self, typed: &[IdPrefix]) -> Result<Vec<RejectId>, Error> {
        if typed.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = vec![BTreeSet::new(); typed.len()];
        for file in self.reject_files().await? {
            for id in self.read_rejects(&file).await?.iter().map(StoredReject::id) {
                for (prefix, ids) in typed.iter().zip(&mut found) {
                    if prefix.is_of(id) && ids.len() < NAMED_CANDIDATES {
                        ids.insert(id);
                    }
                }
            }
        }
        let resolved = typed.iter().zip(found).map(|(prefix, mut ids)| match (ids.pop_first(), ids.len()) {
            (None, _) => Err(Error::NoSuchReject { dataset: self.name.clone(), id: prefix.clone() }),
            (Some(id), 0) => Ok(id),
            (Some(first), _) => {
                let candidates = std::iter::once(first).chain(ids).map(RejectId::in_full).collect();
                Err(Error::AmbiguousReject { id: prefix.clone(), candidates })
            }
        });
        resolved.collect()
    }

    /// The reject with that id.
    ///
    /// # Errors
    /// As [`Self::resolve_rejects`].
    pub async fn find_reject(&self, typed: &IdPrefix) -> Result<StoredReject, Error> {
        let ids = self.resolve_rejects(std::slice::from_ref(typed)).await?;
        for file in self.reject_files().await? {
            let mut rejects = self.read_rejects(&file).await?.into_iter();
            if let Some(reject) = rejects.find(|reject| ids.contains(&reject.id())) {
                return Ok(reject);
            }
        }
        // Somebody else has resolved it meanwhile.
        Err(Error::NoSuchReject { dataset: self.name.clone(), id: typed.clone() })
    }
}
