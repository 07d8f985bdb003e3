//! What this process has found out of templates, by their server and their revisions.

use std::collections::HashMap;
use std::sync::Mutex;

use super::live;
use super::name::Sum;
use super::url::Url;
use crate::error::Error;

/// A template, by where it is and what it is of.
pub(super) type Key = (Url, Sum);

pub(super) struct Seen<T>(Mutex<Option<HashMap<Key, T>>>);

impl<T: Clone> Seen<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// What was found out before, or is now. Several may look at once: a server sees to it that one builds.
    pub(super) async fn or_find(&self, key: &Key, find: impl AsyncFnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let seen = live::lock(&self.0).get_or_insert_default().get(key).cloned();
        match seen {
            Some(seen) => Ok(seen),
            None => {
                let found = find().await?;
                live::lock(&self.0).get_or_insert_default().insert(key.clone(), found.clone());
                Ok(found)
            }
        }
    }

    /// It is not true any more.
    pub(super) fn forget(&self, key: &Key) {
        live::lock(&self.0).get_or_insert_default().remove(key);
    }
}
