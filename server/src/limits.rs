//! What the process asks of the operating system.

/// Lets the process have as many files open as the system allows it at all: each connection is one,
/// and what systems allow without being asked (often 1,024) is less than a few viewers need.
///
/// # Errors
/// When the system refuses what it said it would allow.
pub fn open_many_files() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}
