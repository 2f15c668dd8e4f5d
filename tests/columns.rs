//! `docs/COLUMNS.md` is the column list in words: made from `schemas/cloudtrail.json`, never by hand.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::harness::repository;

const HEAD: &str = "# Columns of `events`

Made from [schemas/cloudtrail.json](../schemas/cloudtrail.json); `UPDATE_DOCS=1 cargo test` makes it anew. Since: the
`eventVersion` that brought the field, as far as AWS says.

";

fn document(schema: &Value) -> String {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut document = HEAD.to_owned();
    document += "| column | type | from | since | what it holds |\n|---|---|---|---|---|\n";
    for column in schema["columns"].as_array().unwrap() {
        let mut source = match column["path"].as_str() {
            Some(path) => format!("`{path}`"),
            None => text(column, "kind"),
        };
        if let Some(fallback) = column["fallback"].as_str() {
            write!(source, ", else `{fallback}`").unwrap();
        }
        let name = text(column, "name");
        let (kind, since, doc) = (text(column, "type"), text(column, "since"), text(column, "doc"));
        writeln!(document, "| `{name}` | {kind} | {source} | {since} | {} |", doc.replace('|', "\\|"))
            .unwrap();
    }
    document += "\nIn the names of the directories, in this order:\n\n| column | type | what it holds |\n|---|---|---|\n";
    for column in schema["partitions"].as_array().unwrap() {
        writeln!(
            document,
            "| `{}` | {} | {} |",
            text(column, "name"),
            text(column, "type"),
            text(column, "doc")
        )
        .unwrap();
    }
    document
}

#[test]
fn the_table_of_columns_is_up_to_date() {
    let schema = fs::read_to_string(repository("schemas/cloudtrail.json")).unwrap();
    let expected = document(&serde_json::from_str(&schema).unwrap());
    let path = repository("docs/COLUMNS.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), expected);
}
