//! Faults of disk and clock in a program under test, switched on and off while it runs: see
//! `faults.c`, which is compiled here once.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::program::onhand;

/// What can be wrong; its place in the file is its place here.
#[derive(Debug, Clone, Copy)]
enum Field {
    ClockShiftS,
    SyncFails,
    SyncWaits,
    DiskFull,
    Syncs,
}

/// Fields, each of 8 bytes.
const FIELDS: u64 = 5;

/// The faults of one program, or of several one after another.
pub struct Faults {
    path: PathBuf,
    file: File,
}

impl Faults {
    /// None yet. `folder` is the program's, too.
    pub fn none(folder: &Path) -> Self {
        let path = folder.join("faults");
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        file.set_len(FIELDS * 8).unwrap();
        Self { path, file }
    }

    /// The program with these arguments, whose disk and clock can fail.
    pub fn onhand(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = onhand(folder, arguments);
        command.env("LD_PRELOAD", library()).env("FAULTS", &self.path);
        command
    }

    /// Moves the wall clock to this many seconds from the real time.
    pub fn shift_clock(&self, seconds: i64) {
        self.set(Field::ClockShiftS, seconds);
    }

    /// From now on the disk cannot sync.
    pub fn fail_syncs(&self, fail: bool) {
        self.set(Field::SyncFails, fail.into());
    }

    /// From now on a sync takes until it is let go.
    pub fn hold_syncs(&self, hold: bool) {
        self.set(Field::SyncWaits, hold.into());
    }

    /// From now on no file can be written.
    pub fn fill_disk(&self, full: bool) {
        self.set(Field::DiskFull, full.into());
    }

    /// Syncs begun.
    pub fn syncs(&self) -> i64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, Field::Syncs as u64 * 8).unwrap();
        i64::from_ne_bytes(bytes)
    }

    fn set(&self, field: Field, value: i64) {
        self.file.write_all_at(&value.to_ne_bytes(), field as u64 * 8).unwrap();
    }
}

/// The compiled library.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/faults.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join("faults.so");
        // Under another name first: a second run of the tests may be using the old one.
        let new = folder.join(format!("faults-{}.so", std::process::id()));
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&new);
        assert!(compiler.arg(source).status().expect("a C compiler is needed").success());
        std::fs::rename(new, &library).unwrap();
        library
    })
}
