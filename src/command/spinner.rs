//! A sign of life on stderr, if that is a terminal, while a query has nothing to show yet.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// What takes less than this needs no sign.
const PATIENCE: Duration = Duration::from_secs(1);

const INTERVAL: Duration = Duration::from_millis(100);

/// Turns until it is dropped, and leaves no trace.
pub(super) struct Spinner {
    turning: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Spinner {
    /// Shows how long it has been turning, and how many `rows` have come.
    pub(super) fn start(rows: Arc<AtomicU64>) -> Self {
        if !io::stderr().is_terminal() {
            return Self { turning: None };
        }
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || turn(&rows, &stopped));
        Self { turning: Some((stop, thread)) }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.turning.take() {
            drop(stop);
            // It is decoration: if its thread has failed, the query has not.
            let _ = thread.join();
        }
    }
}

fn turn(rows: &AtomicU64, stopped: &Receiver<()>) {
    let goes_on = |time| matches!(stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout));
    if !goes_on(PATIENCE) {
        return;
    }
    let bar = ProgressBar::new_spinner().with_elapsed(PATIENCE);
    let style = ProgressStyle::with_template("{spinner} {elapsed}  {msg}");
    // A template that is wrong falls back to the default one; a test could not see it.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    loop {
        bar.set_message(format!("{} rows", HumanCount(rows.load(Ordering::Relaxed))));
        bar.tick();
        if !goes_on(INTERVAL) {
            break;
        }
    }
    bar.finish_and_clear();
}
