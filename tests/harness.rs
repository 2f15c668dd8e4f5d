//! A directory of its own for each test, and the binary to run in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

/// A directory that goes when the test does.
pub(crate) struct Dir {
    dir: TempDir,
}

/// What a run of the binary did.
#[derive(Debug)]
pub(crate) struct Run {
    command: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Dir {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        // Also for a run as another user.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs the binary in this directory.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        run(self.command(args), b"")
    }

    /// Runs the binary with `input` on its standard input.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &[u8]) -> Run {
        run(self.command(args), input)
    }

    /// Runs the binary as somebody whom file permissions apply to.
    pub(crate) fn run_unprivileged(&self, args: &[&str]) -> Run {
        let mut command = self.command(args);
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(65534).gid(65534);
        }
        run(command, b"")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailhouse"));
        command.args(args).current_dir(self.dir.path()).env_remove("RUST_LOG").env("COLUMNS", "100");
        command
    }

    /// Runs the binary and goes away after the first of its output, as `head` does: that is no failure.
    #[track_caller]
    pub(crate) fn leave_unread(&self, args: &[&str]) {
        let mut child = self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 100];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stderr).unwrap()),
            (Some(0), String::new())
        );
    }

    /// Converts and returns the JSON report.
    pub(crate) fn convert(&self, args: &[&str]) -> serde_json::Value {
        let run = self.run(&[&["convert", "--report", "json"], args].concat());
        assert!(matches!(run.code, Some(0 | 3)), "{run:#?}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// The rows of a query, as JSON objects.
    pub(crate) fn query(&self, dataset: &str, sql: &str) -> Vec<serde_json::Value> {
        let run = self.run(&["query", dataset, sql, "--format", "ndjson"]).succeeds();
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// All files below `name`, by path relative to it, with their content.
    pub(crate) fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(name), &self.path(name), &mut files);
        files
    }

    /// The data files of a dataset, by path below it, with their content.
    pub(crate) fn data_files(&self, dataset: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files(dataset);
        files.retain(|path, _| !path.starts_with('_'));
        files
    }

    /// The output with what differs from run to run taken out.
    pub(crate) fn stable(&self, text: &str) -> String {
        let text = text.replace(&self.dir.path().canonicalize().unwrap().display().to_string(), "[DIR]");
        text.lines().filter(|line| !line.starts_with("elapsed ")).map(|line| format!("{line}\n")).collect()
    }
}

fn collect(root: &Path, directory: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

fn run(mut command: Command, input: &[u8]) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let line = format!("{command:?}");
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // A program that does not read its input closes it; that is its right.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().unwrap()
    });
    Run {
        command: line,
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits(0)
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// The repository's own files.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// An event: number `n` of a service, at second `n` of 2025-03-01 or later.
pub(crate) fn event(n: u32, service: &str, region: &str) -> String {
    let (day, hour, minute, second) = (n / 86_400 + 1, n / 3600 % 24, n / 60 % 60, n % 60);
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","accountId":"111122223333","accessKeyId":"AKIA{n:016}","userName":"user{}"}},"eventTime":"2025-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z","eventSource":"{service}.amazonaws.com","eventName":"Get{service}","awsRegion":"{region}","sourceIPAddress":"198.51.100.{}","requestParameters":{{"bucketName":"bucket-{}","n":{n}}},"responseElements":null,"requestID":"r{n}","eventID":"00000000-0000-4000-8000-{n:012}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}}"#,
        n % 7,
        n % 250,
        n % 10,
    )
}

/// A trail's log file of these events.
pub(crate) fn log_file(events: &[String]) -> String {
    format!(r#"{{"Records":[{}]}}"#, events.join(","))
}
