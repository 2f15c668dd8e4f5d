//! What was typed before, kept in the user's directory for such things. A prompt without it is a prompt all the same:
//! nothing here fails.

use std::fs::DirBuilder;
use std::path::PathBuf;

use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

/// So many are kept.
pub(super) const ENTRIES: usize = 10_000;

/// The file in which it is kept, if there can be one. Only its owner can read it: questions name people.
pub(super) struct History {
    file: Option<PathBuf>,
}

/// Reads it.
pub(super) fn open<H: Helper>(editor: &mut Editor<H, FileHistory>) -> History {
    let file = file();
    if let Some(file) = &file {
        // The first time there is none.
        let _ = editor.load_history(file);
    }
    History { file }
}

impl History {
    /// Adds to it, and keeps that at once: whatever ends the prompt, it was not in vain.
    pub(super) fn add<H: Helper>(&mut self, editor: &mut Editor<H, FileHistory>, text: &str) {
        let added = editor.add_history_entry(text).unwrap_or(false);
        if let Some(file) = self.file.as_ref().filter(|_| added)
            && let Err(error) = editor.append_history(file)
        {
            tracing::info!("the history is not kept: cannot write {}: {error}", file.display());
            self.file = None;
        }
    }
}

/// <https://specifications.freedesktop.org/basedir-spec/latest/>
fn file() -> Option<PathBuf> {
    let set = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual =
        || std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".local/state"));
    let directory = set.or_else(usual)?.join("trailhouse");
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if let Err(error) = builder.create(&directory) {
        tracing::info!("no history is kept: cannot make {}: {error}", directory.display());
        return None;
    }
    Some(directory.join("history"))
}
