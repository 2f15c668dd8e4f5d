//! Questions that somebody wrote down, by name.

/// A question that was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command) struct SavedQuery {
    /// What it asks, in a few words.
    pub(in crate::command) title: String,
    /// How it asks.
    pub(in crate::command) sql: String,
}

/// Where they are to be found.
pub(in crate::command) trait SavedQueries {
    /// All names, in the order to list them.
    fn names(&self) -> Vec<String>;

    /// The one of this name.
    fn get(&self, name: &str) -> Option<SavedQuery>;
}

/// None at all.
pub(in crate::command) struct NoSavedQueries;

impl SavedQueries for NoSavedQueries {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn get(&self, _: &str) -> Option<SavedQuery> {
        None
    }
}
