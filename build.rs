//! Gives each column of `schemas/cloudtrail.json` a constant, so that code which needs a certain column names it
//! under the compiler's eyes.

use std::fmt::Write as _;
use std::{env, error, fs, path};

fn main() -> Result<(), Box<dyn error::Error>> {
    const SCHEMA: &str = "schemas/cloudtrail.json";
    println!("cargo::rerun-if-changed={SCHEMA}");

    let schema: serde_json::Value = serde_json::from_str(&fs::read_to_string(SCHEMA)?)?;
    let columns = schema["columns"].as_array().ok_or("`columns` is no array")?;
    let mut constants = String::new();
    for (index, column) in columns.iter().enumerate() {
        let name = column["name"].as_str().ok_or("a column has no name")?;
        writeln!(constants, "/// `{name}`\npub const {}: usize = {index};", name.to_uppercase())?;
    }
    writeln!(
        constants,
        "/// How many columns a data file has.\npub const COUNT: usize = {};",
        columns.len()
    )?;
    fs::write(path::Path::new(&env::var("OUT_DIR")?).join("column_ids.rs"), constants)?;
    Ok(())
}
