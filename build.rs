//! Gives each column of `schemas/cloudtrail.json` a constant, so that code which needs a certain column names it
//! under the compiler's eyes; and lists the files of views, so that adding one is adding a file.

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
    let out = path::PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("column_ids.rs"), constants)?;

    let mut views = texts("/// Names and texts of `schemas/views`.", "SQL_VIEWS", "schemas/views", "sql")?;
    views +=
        &texts("/// Names and texts of `schemas/services`.", "SERVICE_VIEWS", "schemas/services", "json")?;
    fs::write(out.join("views.rs"), views)?;
    let saved = texts("/// Names and texts of `queries`.", "SAVED_QUERIES", "queries", "sql")?;
    fs::write(out.join("saved.rs"), saved)?;
    Ok(())
}

/// A constant of names and texts of files.
fn texts(
    doc: &str,
    constant: &str,
    directory: &str,
    extension: &str,
) -> Result<String, Box<dyn error::Error>> {
    let mut texts = format!("{doc}\nconst {constant}: &[(&str, &str)] = &[\n");
    for file in files(directory, extension)? {
        let name = file.file_stem().and_then(|name| name.to_str()).ok_or("a file has no name")?;
        writeln!(texts, "    ({name:?}, include_str!({file:?})),")?;
    }
    texts.push_str("];\n");
    Ok(texts)
}

/// The files of a kind in a directory, in the order of their names.
fn files(directory: &str, extension: &str) -> Result<Vec<path::PathBuf>, Box<dyn error::Error>> {
    println!("cargo::rerun-if-changed={directory}");
    let root = path::PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join(directory);
    let mut files =
        fs::read_dir(root)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}
