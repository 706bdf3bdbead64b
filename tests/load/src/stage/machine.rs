//! What the kernel says of processes: memory, time on the processors, open files.

use std::fs;

use serde::Serialize;

/// The machine a figure comes from.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Processors we may use.
    pub cores: usize,
    /// Their name.
    pub processor: String,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// The kernel.
    pub kernel: String,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
            line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: field(&read("/proc/cpuinfo"), "model name"),
            memory_mib: memory.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// What one process holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Footprint {
    /// Resident memory in bytes.
    pub rss: u64,
    /// Its share of memory in bytes, shared pages counted once among all who share them.
    pub pss: u64,
    /// Open files and sockets.
    pub fds: u64,
}

/// What a process holds now; nothing once it is gone.
pub fn footprint(pid: u32) -> Footprint {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let kib = |name: &str| {
        let line = rollup.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|value| value.parse::<u64>().ok()).unwrap_or_default()
    };
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |entries| entries.count() as u64);
    Footprint { rss: kib("Rss:") * 1024, pss: kib("Pss:") * 1024, fds }
}

/// What a process holds for itself alone, without what it shares with others such as Postgres' buffers, in bytes.
pub fn own_memory(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find(|line| line.starts_with("Anonymous:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|value| value.parse::<u64>().ok()).unwrap_or_default() * 1024
}

/// The processor time of a process and all below it that live, in seconds.
pub fn cpu_seconds(pid: u32) -> f64 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let below: f64 = children.split_whitespace().filter_map(|child| child.parse().ok()).map(cpu_seconds).sum();
    own_cpu_seconds(pid) + below
}

/// The processor time of one process, in seconds. The servers are children of whoever measures, and are not counted here.
pub fn own_cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name before it may hold anything, also spaces and brackets.
    let after = stat.rsplit_once(") ").map(|(_, after)| after).unwrap_or_default();
    let ticks: f64 = after.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// The processes below a process.
pub(super) fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen() {
        let own = footprint(std::process::id());
        assert!(own.rss > 1024 * 1024 && own.pss > 0 && own.fds > 2);
        let alone = own_memory(std::process::id());
        assert!(alone > 0 && alone <= own.rss);
        let before = cpu_seconds(std::process::id());
        let mut sum = 0_u64;
        while cpu_seconds(std::process::id()) - before < 0.02 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(Machine::this().memory_mib > 100);
    }
}
