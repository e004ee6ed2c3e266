//! The real binary in a folder of its own: commands run to their end, daemons on the manual clock, and requests byte by byte.

use base64::Engine as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A folder with files in it.
pub struct Folder {
    dir: tempfile::TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Folder {
    pub fn new() -> Folder {
        Folder { dir: tempfile::tempdir().unwrap() }
    }
    /// A folder with a project that `campc new` made.
    pub fn project(recipe: &str) -> Folder {
        let folder = Folder::new();
        let ran = folder.run(&["new", ".", "--recipe", recipe]);
        assert_eq!(ran.code, 0, "{ran:?}");
        folder
    }
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let full = self.path().join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, text).unwrap();
    }
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_campc"));
        command.args(args).current_dir(self.path()).env_remove("NO_COLOR").stdin(Stdio::null());
        command
    }
    pub fn run(&self, args: &[&str]) -> Ran {
        finished(&mut self.command(args))
    }
    pub fn run_with_stdin(&self, args: &[&str], stdin: &str) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
    /// Sends that left, from the outbox's index.
    pub fn outbox(&self) -> Vec<serde_json::Value> {
        let index = std::fs::read_to_string(self.path().join("outbox/index.jsonl")).unwrap_or_default();
        index.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
    /// The text of a mail that left, its soft line breaks taken out.
    pub fn mail(&self, entry: &serde_json::Value) -> String {
        let raw = self.read(&format!("outbox/{}", entry["file"].as_str().unwrap()));
        raw.replace("=\r\n", "").replace("=3D", "=")
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Runs a command to its end.
pub fn finished(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// A daemon on the manual clock.
pub struct Daemon {
    child: Child,
    pub address: String,
    pub write_key: String,
    pub admin_token: String,
}

/// An answer to a request.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.head, String::from_utf8_lossy(&self.body)))
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.split_once(':').filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()))
    }
    /// The stable end of the problem's type.
    pub fn problem(&self) -> String {
        self.json()["type"].as_str().unwrap().trim_start_matches("urn:campc:problem:").to_string()
    }
}

impl Daemon {
    /// Starts one in a project's folder and waits until it listens.
    pub fn start(folder: &Folder) -> Daemon {
        Daemon::start_with(folder, &["run", "--clock", "manual", "--listen", "127.0.0.1:0"])
    }
    pub fn start_with(folder: &Folder, args: &[&str]) -> Daemon {
        Daemon::of(folder.command(args).stderr(Stdio::piped()))
    }
    /// With variables of its environment.
    pub fn start_in(folder: &Folder, args: &[&str], variables: &[(&str, &str)]) -> Daemon {
        Daemon::of(folder.command(args).envs(variables.iter().copied()).stderr(Stdio::piped()))
    }
    /// Starts a command that is a daemon; its stderr goes where the command says.
    pub fn of(command: &mut Command) -> Daemon {
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut daemon = Daemon { address: String::new(), write_key: String::new(), admin_token: String::new(), child };
        let mut lines = BufReader::new(daemon.child.stdout.take().unwrap()).lines();
        for line in lines.by_ref() {
            let line = line.unwrap();
            let value = |prefix: &str| line.strip_prefix(prefix).map(|rest| rest.split_whitespace().next().unwrap().to_string());
            if let Some(url) = value("listening ") {
                daemon.address = url.trim_start_matches("http://").to_string();
            }
            if let Some(key) = value("write key ") {
                daemon.write_key = key;
            }
            if let Some(token) = value("admin token ") {
                daemon.admin_token = token;
            }
            if line.contains("campc why") {
                break;
            }
        }
        if daemon.address.is_empty() {
            let mut err = String::new();
            daemon.child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut err).unwrap());
            panic!("the daemon did not start: {err}");
        }
        daemon
    }
    /// A request as its bytes; the connection is closed after it.
    pub fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // A server that has heard enough closes early; what it said is read all the same.
        let _ = stream.write_all(bytes);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let split = all.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&all)));
        let head = String::from_utf8(all[..split].to_vec()).unwrap();
        let mut body = all[split + 4..].to_vec();
        if head.to_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        Reply { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body }
    }
    pub fn request(&self, (method, path): (&str, &str), headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: camp\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.raw(&[head.as_bytes(), b"\r\n", body].concat())
    }
    pub fn basic(&self) -> String {
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{}:", self.write_key)))
    }
    /// A call with the write key.
    pub fn send(&self, path: &str, body: &str) -> Reply {
        self.request(("POST", path), &[("Authorization", &self.basic())], body.as_bytes())
    }
    /// A call with the admin token.
    pub fn admin(&self, method: &str, path: &str, body: &str) -> Reply {
        self.request((method, path), &[("Authorization", &format!("Bearer {}", self.admin_token))], body.as_bytes())
    }
    pub fn idle(&self) {
        assert_eq!(self.admin("POST", "/v1/idle", "").json()["idle"], true);
    }
    pub fn advance(&self, by: &str) {
        let reply = self.admin("POST", "/v1/clock/advance", &format!("{{\"by\":\"{by}\"}}"));
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    /// Waits until it ends by itself: the exit code.
    pub fn wait(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
    /// Asks it to end, and waits: the exit code.
    pub fn stop(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
    /// The same; also all that it said on stderr.
    pub fn stop_and_read(mut self) -> (i32, String) {
        let mut errors = self.child.stderr.take().unwrap();
        let code = self.stop();
        let mut said = String::new();
        errors.read_to_string(&mut said).unwrap();
        (code, said)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that has ended already needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap().trim(), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        out.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    out
}
