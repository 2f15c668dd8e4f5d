//! The program: allocator, runtime, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use trailhouse::cli::Cli;
use trailhouse::query::harmless;
use trailhouse::{command, error::Exit};

/// Columns and rows are made of many short-lived buffers of all sizes. The system's allocator is slow at that, and
/// others leave holes between them until a process that is told to stay within a limit has grown past it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What the allocator reads before `main`, ended by a zero byte: freed memory goes back to the system a second later.
/// By default it would keep it for ten.
///
/// <https://jemalloc.net/jemalloc.3.html#tuning>
#[expect(unsafe_code, reason = "the allocator looks for its options under this name")]
#[unsafe(export_name = "_rjem_malloc_conf")]
static ALLOCATOR_OPTIONS: &[u8; 37] = b"dirty_decay_ms:1000,muzzy_decay_ms:0\0";

fn main() -> ExitCode {
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
            eprintln!("trailhouse: {}", harmless(&error.to_string()));
            error.exit()
        }
    };
    exit.into()
}
