//! A progress bar on stderr, if that is a terminal.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::convert::Progress;

/// Draws how far a run is, until it is stopped.
pub(super) struct Bar {
    drawing: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

const INTERVAL: Duration = Duration::from_millis(100);

impl Bar {
    pub(super) fn start(progress: Arc<Progress>) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { drawing: None };
        }
        let done = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let done = done.clone();
            move || draw(&progress, &done)
        });
        Self { drawing: Some((done, thread)) }
    }

    pub(super) fn stop(self) {
        if let Some((done, thread)) = self.drawing {
            done.store(true, Ordering::Relaxed);
            // The bar is decoration: if its thread has failed, the run has not.
            let _ = thread.join();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a bar ticks")]
fn draw(progress: &Progress, done: &AtomicBool) {
    let bar = ProgressBar::new(0);
    let style = "{spinner} {msg}  {binary_bytes}/{binary_total_bytes} {wide_bar}  ETA {eta}";
    // A template that is wrong falls back to the default one; a test could not see it.
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    while !done.load(Ordering::Relaxed) {
        let now = progress.snapshot();
        let rate = now.events as f64 / bar.elapsed().as_secs_f64().max(0.1);
        if now.total_objects == 0 {
            bar.set_message("listing");
        } else {
            bar.set_message(format!(
                "{}/{} objects  {} events  {}/s",
                HumanCount(now.objects),
                HumanCount(now.total_objects),
                HumanCount(now.events),
                HumanCount(rate as u64),
            ));
        }
        bar.set_length(now.total_bytes);
        bar.set_position(now.bytes);
        bar.tick();
        std::thread::sleep(INTERVAL);
    }
    bar.finish_and_clear();
}
