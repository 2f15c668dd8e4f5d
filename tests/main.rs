//! The program from outside: every test runs the binary on real files and looks at what comes of it.
//!
//! One binary for all, so that DataFusion is linked once.

// A test that fails by panicking is a test that failed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounting;
mod architecture;
mod aws_pages;
mod bad_input;
mod check;
mod columns;
mod compact;
mod containers;
mod convert;
mod damage;
mod export;
mod faults;
mod generate;
mod harness;
mod help;
mod inspect;
mod killed;
mod lookup;
mod mistakes;
mod prompt;
mod query;
mod rejects;
mod saved;
mod sql_docs;
mod together;
mod views;
