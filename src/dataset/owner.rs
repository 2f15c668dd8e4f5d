//! Who works on a dataset, and whether they still do.
//!
//! A process is told by its machine, its number and the moment it started, so that a number given out again is not
//! mistaken for it. Of processes elsewhere nothing can be known.

use serde::{Deserialize, Serialize};

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owner {
    /// For people.
    pub(super) host: String,
    /// Where the number of the process means something: a running system and, on Linux, a namespace of processes.
    machine: String,
    pub(super) process: u32,
    /// When it started, by the system's own count.
    started: String,
}

/// What is known of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It runs, and is not this process.
    Alive,
    /// It is this process.
    Own,
    /// It has ended.
    Ended,
    /// It ran elsewhere.
    Unknown,
}

impl Owner {
    /// This process.
    pub(super) fn this() -> Self {
        let process = std::process::id();
        let started = started(process).unwrap_or_default();
        Self { host: host(), machine: machine(), process, started }
    }

    /// Whether it still runs.
    pub(super) fn fate(&self) -> Fate {
        if self.machine.is_empty() || self.machine != machine() {
            return Fate::Unknown;
        }
        match started(self.process) {
            Some(started) if started == self.started && self.process == std::process::id() => Fate::Own,
            Some(started) if started == self.started => Fate::Alive,
            _ => Fate::Ended,
        }
    }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    name.or_else(|| std::env::var("HOSTNAME").ok())
        .map_or_else(|| "?".to_owned(), |name| name.trim().to_owned())
}

/// Empty where the system does not tell.
fn machine() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let processes = std::fs::read_link("/proc/self/ns/pid");
    match (boot, processes) {
        (Ok(boot), Ok(processes)) => format!("{} {}", boot.trim(), processes.display()),
        _ => String::new(),
    }
}

/// When a process started, in ticks since the system did: the 22nd field of
/// [`/proc/[pid]/stat`](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). `None` if it does not run.
fn started(process: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    // A zombie has ended; it waits to be asked how.
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_told_apart() {
        let this = Owner::this();
        assert_eq!(this.fate(), Fate::Own);
        assert_eq!(Owner { started: "1".to_owned(), ..this.clone() }.fate(), Fate::Ended);
        assert_eq!(Owner { machine: "other".to_owned(), ..this.clone() }.fate(), Fate::Unknown);
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let other = Owner { process: child.id(), started: started(child.id()).unwrap(), ..this };
        assert_eq!(other.fate(), Fate::Alive);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(other.fate(), Fate::Ended);
    }
}
