//! What the operating system knows of threads, where it can be asked without unsafe code.

/// The number of the current thread in the operating system; on Linux, outside of model checks.
#[cfg(all(target_os = "linux", not(any(loom, shuttle))))]
pub(crate) fn current_tid() -> Option<u64> {
    let link = std::fs::read_link("/proc/thread-self").ok()?;
    link.file_name()?.to_str()?.parse().ok()
}

#[cfg(not(all(target_os = "linux", not(any(loom, shuttle)))))]
pub(crate) fn current_tid() -> Option<u64> {
    None
}

/// Gives the current thread the name that people can tell apart, if std has cut it at any byte.
#[cfg(all(target_os = "linux", not(any(loom, shuttle))))]
pub(crate) fn rename_current(name: &str) {
    let short = crate::name::for_os(name);
    if short != name {
        // A name is a help and nothing depends on it: `/proc` may not be there.
        let _ = std::fs::write("/proc/thread-self/comm", short);
    }
}

#[cfg(not(all(target_os = "linux", not(any(loom, shuttle)))))]
pub(crate) fn rename_current(_name: &str) {}

/// The threads of this process: number and name.
#[cfg(target_os = "linux")]
pub(crate) fn threads() -> std::io::Result<Vec<(u64, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/task")? {
        let entry = entry?;
        let Some(tid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A thread that ended in between has no name any more, and is none.
        if let Ok(name) = std::fs::read(entry.path().join("comm")) {
            found.push((tid, String::from_utf8_lossy(&name).trim_end().to_owned()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn threads() -> std::io::Result<Vec<(u64, String)>> {
    Err(std::io::Error::new(
        std::io::ErrorKind::Unsupported,
        "the threads of a process can be listed on Linux only",
    ))
}

/// The child processes of this process, zombies included.
#[cfg(target_os = "linux")]
pub(crate) fn children() -> std::io::Result<std::collections::BTreeSet<u32>> {
    let own = std::process::id();
    let mut found = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // One that ended and was waited for in between is no child any more.
        let Ok(stat) = std::fs::read(entry.path().join("stat")) else { continue };
        let stat = String::from_utf8_lossy(&stat);
        // The name, in parentheses, may hold anything; after it come the state and the parent.
        let after = stat.rsplit(')').next().unwrap_or_default();
        if after.split_whitespace().nth(1).and_then(|parent| parent.parse().ok()) == Some(own) {
            found.insert(pid);
        }
    }
    Ok(found)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn children() -> std::io::Result<std::collections::BTreeSet<u32>> {
    Err(std::io::Error::new(
        std::io::ErrorKind::Unsupported,
        "the children of a process can be listed on Linux only",
    ))
}
