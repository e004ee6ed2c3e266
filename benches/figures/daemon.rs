//! The daemon as a process: started, asked about, stopped; its memory and its store from outside.

use super::client::Client;
use super::report::Failure;
use super::{Bench, source};
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running daemon with a project of its own.
#[derive(Debug)]
pub struct Daemon {
    process: Child,
    pub address: String,
    pub folder: PathBuf,
}

/// How long a daemon may take to answer at first.
const START: Duration = Duration::from_secs(120);

impl Daemon {
    /// Starts one on a new project in a folder of that name.
    pub fn start(bench: &Bench, name: &str, (source, toml): (String, String)) -> Result<Daemon, Failure> {
        let folder = bench.folder(name)?;
        fs::write(folder.join("main.camp"), source)?;
        fs::write(folder.join("camp.toml"), toml)?;
        Daemon::again(bench, &folder)
    }
    /// Starts one on a project that is there.
    pub fn again(bench: &Bench, folder: &Path) -> Result<Daemon, Failure> {
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let log = fs::File::create(folder.join("daemon.log"))?;
        let process = Command::new(&bench.binary)
            .args(["run", ".", "--listen", &address])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut daemon = Daemon { process, address, folder: folder.to_path_buf() };
        daemon.wait_until_ready()?;
        Ok(daemon)
    }
    fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let started = Instant::now();
        while started.elapsed() < START {
            if self.process.try_wait()?.is_some() {
                break;
            }
            let answer = self.client().and_then(|mut client| client.send("GET", "/readyz", "", b""));
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let log = fs::read_to_string(self.folder.join("daemon.log")).unwrap_or_default();
        Err(format!("the daemon did not become ready:\n{log}").into())
    }
    /// A new connection to it.
    pub fn client(&self) -> Result<Client, Failure> {
        Client::connect(&self.address)
    }
    /// Its resident memory in bytes.
    pub fn resident_bytes(&self) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
    }
    /// The processor time it has used, in seconds.
    pub fn cpu_seconds(&self) -> Result<f64, Failure> {
        cpu_seconds(&self.process.id().to_string())
    }
    /// The bytes it has handed to the disk.
    pub fn written_bytes(&self) -> Result<u64, Failure> {
        written_bytes(&self.process.id().to_string())
    }
    /// Its store, read only.
    pub fn store(&self) -> Result<Connection, Failure> {
        Ok(Connection::open_with_flags(self.folder.join("camp.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?)
    }
    /// How many rows of the outbox there are, and how many of them are accepted.
    pub fn outbox(&self) -> Result<(u64, u64), Failure> {
        let counts = self.store()?.query_row("SELECT count(*), count(*) FILTER (WHERE status = 2) FROM outbox", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(counts)
    }
    /// Ends it at once, as a crash would.
    pub fn kill(mut self) -> Result<PathBuf, Failure> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(self.folder.clone())
    }
    /// Ends it as an operator would, and waits.
    pub fn stop(mut self) -> Result<PathBuf, Failure> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        self.process.wait()?;
        Ok(self.folder.clone())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The project of the load with mail to files at full pace.
pub fn delivering() -> (String, String) {
    (source::load_project(), source::camp_toml(true))
}

/// The project of the load with the mail held back, so that nothing but events is measured.
pub fn holding() -> (String, String) {
    (source::load_project(), source::camp_toml(false))
}

/// The project of waits.
pub fn waves() -> (String, String) {
    (source::WAVE.to_owned(), source::camp_toml(false))
}

/// The bytes that a process has handed to the disk: a number, or `self`.
pub fn written_bytes(process: &str) -> Result<u64, Failure> {
    let io = fs::read_to_string(format!("/proc/{process}/io"))?;
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes:")).ok_or("no write_bytes")?;
    Ok(line.trim().parse()?)
}

/// The processor time that a process has used: a number, or `self`.
pub fn cpu_seconds(process: &str) -> Result<f64, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) / 100.0)
}
