//! `--help` is a contract with the reader.

use crate::harness::Dir;

#[test]
fn help() {
    let dir = Dir::new();
    for command in
        ["convert", "query", "export", "inspect", "check", "compact", "vacuum", "rejects", "generate"]
    {
        insta::assert_snapshot!(command, dir.run(&[command, "--help"]).succeeds().stdout);
    }
    for action in ["list", "show", "retry"] {
        let help = dir.run(&["rejects", "trail", action, "--help"]).succeeds().stdout;
        insta::assert_snapshot!(format!("rejects_{action}"), help);
    }
    insta::assert_snapshot!("trailhouse", dir.run(&["--help"]).succeeds().stdout);
    let version = dir.run(&["--version"]).succeeds().stdout;
    assert_eq!(version, concat!("trailhouse ", env!("CARGO_PKG_VERSION"), "\n"));
}
