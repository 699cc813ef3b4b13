//! One processor per ledger: whoever works on the data folder holds its lock, and the operating
//! system lets go of it when the process ends, however it ends.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;

/// The lock's file in the data folder.
const LOCK_FILE: &str = "ledger.lock";

/// The data folder is in use by another process.
#[derive(Debug, thiserror::Error)]
#[error("another onhand works on {0}; stop it first")]
pub struct InUse(String);

/// Holds a data folder's ledger until it is dropped.
#[derive(Debug)]
pub struct LedgerLock(#[expect(dead_code, reason = "held open, which is what the lock is")] File);

impl LedgerLock {
    /// Takes the lock of a data folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`InUse`] when another process holds it, or when the folder cannot be written.
    pub fn take(data: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(data)
            .with_context(|| format!("the data folder {} cannot be made", data.display()))?;
        let path = data.join(LOCK_FILE);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("{} cannot be written", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(InUse(data.display().to_string()).into()),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} cannot be locked", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_has_one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = LedgerLock::take(folder.path()).unwrap();
        let second = LedgerLock::take(folder.path()).unwrap_err();
        assert!(second.is::<InUse>(), "{second}");
        drop(first);
        assert!(LedgerLock::take(folder.path()).is_ok());
    }
}
