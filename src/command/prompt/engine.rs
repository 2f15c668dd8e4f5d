//! The threads that queries run on, apart from those that hear of Ctrl-C.
//!
//! A query that is given up ends where it pauses, and some operators, such as joins whose condition no row meets, do not
//! pause until they are done. Its threads are left to it, then, and the next query has new ones.

use std::io;

use tokio::runtime::{Handle, Runtime};

/// Threads for queries.
pub(super) struct Engine {
    runtime: Option<Runtime>,
}

impl Engine {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { runtime: None }
    }

    /// Threads that are free.
    ///
    /// # Errors
    /// If the system has none.
    pub(super) fn handle(&mut self) -> io::Result<Handle> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => Runtime::new()?,
        };
        Ok(self.runtime.insert(runtime).handle().clone())
    }

    /// Leaves the threads to what they are doing.
    pub(super) fn abandon(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.abandon();
    }
}
