//! The program: allocator, runtime, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use trailhouse::cli::Cli;
use trailhouse::{command, error::Exit};

/// Columns and rows are made of many short-lived buffers of all sizes; the system's allocator is slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
            eprintln!("trailhouse: {error}");
            error.exit()
        }
    };
    exit.into()
}
