//! The program: allocator, runtime, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use trailhouse::cli::Cli;
use trailhouse::{command, error::Exit};

/// Columns and rows are made of many short-lived buffers of all sizes; the system's allocator is slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Makes the allocator give freed memory back at once. It would keep much of it for later otherwise, and a process
/// that is told to stay within a limit would grow past it.
#[expect(unsafe_code, reason = "the allocator's options can be set in no other way")]
fn give_freed_memory_back() {
    /// `mi_option_purge_delay` of `mi_option_t` in mimalloc.h.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: stores a number in the allocator's own table of options, which any thread may do at any time.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 0) }
}

fn main() -> ExitCode {
    give_freed_memory_back();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("trailhouse: cannot start: {error}");
            return Exit::Failed.into();
        }
    };
    let exit = match runtime.block_on(command::run(cli)) {
        Ok(exit) => exit,
        // Whoever read our output has seen enough.
        Err(error) if error.is_broken_pipe() => Exit::Done,
        Err(error) => {
            eprintln!("trailhouse: {error}");
            error.exit()
        }
    };
    exit.into()
}
