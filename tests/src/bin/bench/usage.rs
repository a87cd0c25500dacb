use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// What a process and all its descendants have used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and system time.
    pub(crate) cpu: Duration,
    /// The sum of each living process's peak resident set, in bytes.
    pub(crate) peak_memory: u64,
}

/// Reads the usage of `pid` and its descendants from /proc. A forked child's pages shared with its
/// parent count in both, as `ps` counts them.
pub(crate) fn of_tree(pid: u32) -> Result<Usage> {
    let mut usage = Usage::default();
    for pid in descendants(pid)? {
        // a child may end between the listing and the reading
        if let Ok(one) = of_process(pid) {
            usage.cpu += one.cpu;
            usage.peak_memory += one.peak_memory;
        }
    }
    Ok(usage)
}

fn of_process(pid: u32) -> Result<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = after_command(&stat).split_whitespace().collect();
    // proc(5): utime and stime are fields 14 and 15, in ticks of 1/100 s on Linux
    let ticks: u64 = fields.get(11).context("utime")?.parse::<u64>()?
        + fields.get(12).context("stime")?.parse::<u64>()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0);
    Ok(Usage {
        cpu: Duration::from_millis(ticks * 10),
        peak_memory: peak * 1024,
    })
}

fn descendants(root: u32) -> Result<Vec<u32>> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            continue;
        };
        if let Some(parent) = after_command(&stat)
            .split_whitespace()
            .nth(1)
            .and_then(|text| text.parse().ok())
        {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        found.extend(children.remove(&pid).unwrap_or_default());
        next += 1;
    }
    Ok(found)
}

/// The part of /proc/PID/stat after the command in parentheses, which may itself hold anything.
fn after_command(stat: &str) -> &str {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest)
}
