//! What people would otherwise write themselves, on PostgreSQL: an idempotency table and `UPDATE …
//! WHERE quantity >= n`, one transaction an event, every commit synced. Measured by `pgbench`, which
//! comes with it, on a server of our own in a temporary folder.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, bail, ensure};
use hdrhistogram::Histogram;
use tempfile::TempDir;

use super::Bench;
use super::load::histogram;
use super::report::{Aim, Unit};
use super::workload::{LEVELS, LOCATION, STOCK};

const NAME: &str = "PG";

/// Where Debian keeps PostgreSQL's programs, one folder a version.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// Connections.
const CONNECTIONS: [u32; 3] = [1, 8, 32];

/// Seconds of each measurement.
const MEASURED_S: u32 = 2;

/// PostgreSQL refuses to run as root; this is who runs it then.
const USER: &str = "postgres";

/// Synced commits, and room enough that no checkpoint falls into a measurement.
const SETTINGS: &str = "-c listen_addresses='' -c fsync=on -c synchronous_commit=on \
                        -c full_page_writes=on -c shared_buffers=256MB -c max_wal_size=4GB \
                        -c checkpoint_timeout=1h";

/// As a program sends it: five statements, prepared once, over a local socket.
const TRANSACTION: &str = r"\set n random_zipfian(1, :levels, 1.1) * 7919 % :levels
\set d random(1, 3)
\set i :i + 1
BEGIN;
INSERT INTO events (source, id, body) VALUES ('wms-' || :run || '-' || :client_id, 'scan-' || lpad(:i::text, 12, '0'), '{}') ON CONFLICT DO NOTHING;
UPDATE stock SET quantity = quantity - :d, version = version + 1 WHERE sku = 'SKU-' || lpad(:n::text, 7, '0') AND location = 'berlin' AND quantity >= :d;
COMMIT;
";

/// The table of the comparison.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let Some(programs) = programs() else {
        bench.report.remark(
            "PG: PostgreSQL is not installed, so it is not compared: `apt-get install postgresql`",
        );
        return Ok(());
    };
    let server = Postgres::start(bench, &programs)?;
    bench.report.remark(format!(
        "PG: {}, fsync on, {LEVELS} rows of stock, the same Zipf-distributed SKUs; one transaction \
         an event: BEGIN, INSERT into the idempotency table, UPDATE … WHERE quantity >= n, COMMIT, \
         prepared, over a local socket; pgbench on one thread beside it",
        server.version()?
    ));
    let mut run = 0;
    let mut committed = 0;
    bench.each_round(|bench, _| {
        for connections in CONNECTIONS {
            run += 1;
            let (rate, delays) = server.measure(connections, run)?;
            committed += delays.len();
            let mut add = |what: &str, unit, value| {
                let what = format!("{connections} connections{what}");
                bench.report.add(NAME, &what, unit, Aim::None, value);
            };
            add("", Unit::PerSecond, rate);
            add(", p99", Unit::Millis, delays.value_at_quantile(0.99) as f64 / 1e9);
        }
        server.check(committed)
    })
}

/// The newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(PROGRAMS).ok()?.flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| number(path))?;
    let programs = newest.join("bin");
    ["initdb", "pg_ctl", "pgbench"].iter().all(|it| programs.join(it).exists()).then_some(programs)
}

/// A server that runs; stopped when dropped.
struct Postgres {
    programs: PathBuf,
    /// Holds the data, the socket and pgbench's logs.
    folder: TempDir,
}

impl Postgres {
    fn start(bench: &Bench, programs: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("onhand-pg-").tempdir_in(parent(bench)?)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        if is_root() {
            let owner = format!("{USER}:");
            let chown = Command::new("chown").arg(owner).arg(folder.path()).status()?;
            ensure!(chown.success(), "the folder cannot be given to {USER}");
        }
        let server = Self { programs: programs.to_owned(), folder };
        let data = server.path("data");
        server
            .run("initdb", &["-D", &data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"])?;
        let (log, settings) = (server.path("log"), format!("{SETTINGS} -k {}", server.path("")));
        server.run("pg_ctl", &["start", "-w", "-s", "-D", &data, "-l", &log, "-o", &settings])?;
        server.sql(&format!(
            "CREATE TABLE events (source text, id text, body text NOT NULL, PRIMARY KEY (source, id));
             CREATE TABLE stock (sku text, location text, quantity bigint NOT NULL,
                 version bigint NOT NULL, PRIMARY KEY (sku, location));
             INSERT INTO stock SELECT 'SKU-' || lpad(n::text, 7, '0'), '{LOCATION}', {STOCK}, 1
                 FROM generate_series(0, {LEVELS} - 1) n;"
        ))?;
        // Neither can be part of a transaction, as several statements together are.
        server.sql("VACUUM ANALYZE stock")?;
        server.sql("CHECKPOINT")?;
        Ok(server)
    }

    /// Events a second over so many connections, and how long each took, in nanoseconds.
    fn measure(&self, connections: u32, run: u32) -> anyhow::Result<(f64, Histogram<u64>)> {
        let script = self.path("transaction.sql");
        fs::write(&script, TRANSACTION)?;
        let prefix = self.path(&format!("run-{run}"));
        let (connections, seconds) = (connections.to_string(), MEASURED_S.to_string());
        let (levels, number) = (format!("levels={LEVELS}"), format!("run={run}"));
        let output = self.run(
            "pgbench",
            &[
                "-n",
                "-M",
                "prepared",
                "-j",
                "1",
                "-c",
                &connections,
                "-T",
                &seconds,
                "-D",
                "i=0",
                "-D",
                &levels,
                "-D",
                &number,
                "-l",
                "--log-prefix",
                &prefix,
                "-f",
                &script,
                "-h",
                &self.path(""),
                "-U",
                USER,
                "postgres",
            ],
        )?;
        let said = String::from_utf8(output.stdout)?;
        let after = |name: &str| {
            let line = said.lines().find_map(|line| line.trim().strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse::<f64>().ok())
        };
        let failed = after("number of failed transactions:");
        ensure!(failed.is_none_or(|failed| failed == 0.0), "transactions failed: {said}");
        let rate = after("tps =").context("pgbench says how many transactions it made")?;
        Ok((rate, self.delays(&format!("run-{run}."))?))
    }

    /// The delays in pgbench's logs: of each transaction a line, its third field microseconds.
    fn delays(&self, prefix: &str) -> anyhow::Result<Histogram<u64>> {
        let mut delays = histogram()?;
        for entry in fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            let is_log = path
                .file_name()
                .is_some_and(|name| name.to_str().is_some_and(|name| name.starts_with(prefix)));
            if !is_log {
                continue;
            }
            for line in fs::read_to_string(&path)?.lines() {
                let field = line.split(' ').nth(2).context("a line of pgbench has a delay")?;
                delays.saturating_record(field.parse::<u64>()? * 1_000);
            }
        }
        Ok(delays)
    }

    /// Every transaction that was counted has to be there.
    fn check(&self, committed: u64) -> anyhow::Result<()> {
        let rows: u64 = self.sql("SELECT count(*) FROM events")?.trim().parse()?;
        ensure!(rows == committed, "{rows} events are there, and {committed} were counted");
        let changed: u64 = self.sql("SELECT sum(version - 1) FROM stock")?.trim().parse()?;
        ensure!(changed == committed, "{changed} changes are there, not {committed}");
        Ok(())
    }

    fn version(&self) -> anyhow::Result<String> {
        let version = self.sql("SHOW server_version")?;
        Ok(format!("PostgreSQL {}", version.trim()))
    }

    fn sql(&self, statements: &str) -> anyhow::Result<String> {
        let socket = self.path("");
        let arguments =
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", &socket, "-U", USER];
        let rest = ["-d", "postgres", "-c", statements];
        let output = self.run("psql", &[&arguments[..], &rest[..]].concat())?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// A path in the folder, as text: it is made of plain characters.
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string().trim_end_matches('/').to_owned()
    }

    /// Runs one of PostgreSQL's programs to its end.
    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        // The server that `pg_ctl` starts keeps what it inherits.
        command.args(arguments).current_dir(self.folder.path()).env_remove("PGDATA");
        let output = if program == "pg_ctl" {
            let status = command.stdout(std::process::Stdio::null()).status()?;
            Output { status, stdout: Vec::new(), stderr: Vec::new() }
        } else {
            command.output()?
        };
        if !output.status.success() {
            let (said, errors) = (output.stdout, output.stderr);
            let (said, errors) = (String::from_utf8_lossy(&said), String::from_utf8_lossy(&errors));
            bail!("{program} ended with {}: {said}{errors}", output.status);
        }
        Ok(output)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // One that never started has nothing to stop.
        let _ = self.run("pg_ctl", &["stop", "-s", "-m", "fast", "-D", &self.path("data")]);
    }
}

/// Where the data goes. Root hands it to another user, who may not get into our own folders.
fn parent(bench: &Bench) -> anyhow::Result<PathBuf> {
    if is_root() { Ok(PathBuf::from("/var/tmp")) } else { bench.place.folder("postgres") }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
