//! The load generator: a process of its own, so that its work is told apart from the daemon's, and nobody's pauses are another's.
//!
//! `figures generate WORD NUMBER…` is the process; the functions start it and read the one line that it prints.

use super::client::Client;
use super::daemon::{Daemon, cpu_seconds};
use super::events;
use super::report::{Failure, ms, percentile};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Connections that send at once, each with one request under way at most.
const CONNECTIONS: usize = 32;
/// Connections of a flood: enough to keep the daemon busy, few enough to wait little.
const FLOOD_CONNECTIONS: usize = 8;
/// Events of a request of a flood, and of one that makes people known.
const FLOOD_BATCH: usize = 100;
const KNOWN_BATCH: usize = 500;

/// What a run of the generator came to. Latencies are milliseconds from the moment a request was due.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    pub seconds: f64,
    /// The generator's own processor time.
    pub cpu_seconds: f64,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub longest: f64,
}

/// A generator at work.
#[derive(Debug)]
pub struct Running {
    process: Child,
}

impl Running {
    fn start(daemon: &Daemon, word: &str, numbers: &[f64]) -> Result<Running, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["generate", word, &daemon.address]).args(numbers.iter().map(ToString::to_string));
        Ok(Running { process: command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()? })
    }
    /// Waits for its end.
    pub fn wait(self) -> Result<Report, Failure> {
        let output = self.process.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let words: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
        match words.as_deref() {
            Ok([seconds, cpu, p50, p99, p999, longest]) if output.status.success() => {
                Ok(Report { seconds: *seconds, cpu_seconds: *cpu, p50: *p50, p99: *p99, p999: *p999, longest: *longest })
            }
            Ok(_) | Err(_) => Err(format!("the generator failed: {text}").into()),
        }
    }
}

/// Makes `count` people known from number `first` on; with `due`, the first one's instant and what lies between two, in milliseconds.
pub fn identify(daemon: &Daemon, (first, count): (usize, usize), due: Option<(i64, f64)>) -> Result<Report, Failure> {
    let (from, step) = due.unwrap_or((0, 0.0));
    Running::start(daemon, "identify", &[first as f64, count as f64, from as f64, step])?.wait()
}

/// Sends `inputs` events about `people` as fast as they are taken, every second one with a mail.
pub fn flood(daemon: &Daemon, people: usize, inputs: usize) -> Result<Report, Failure> {
    Running::start(daemon, "flood", &[people as f64, inputs as f64])?.wait()
}

/// A steady load: who it is about, how many requests a second of how many events each, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub people: usize,
    pub rate: f64,
    pub batch: usize,
    pub seconds: f64,
}

/// Sends at a pace. Each request has its moment, and its latency runs from there, whether or not a connection was free then.
pub fn pace(daemon: &Daemon, pace: Pace) -> Result<Running, Failure> {
    Running::start(daemon, "pace", &[pace.people as f64, pace.rate, pace.batch as f64, pace.seconds])
}

/// The process: does what the arguments say and prints one line.
pub fn run(args: &[String]) -> Result<(), Failure> {
    let [word, address, numbers @ ..] = args else { return Err("generate WORD ADDRESS NUMBER…".into()) };
    let numbers: Vec<f64> = numbers.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let started = Instant::now();
    let mut latencies = match (word.as_str(), numbers.as_slice()) {
        ("identify", [first, count, from, step]) => send_known(address, (*first as usize, *count as usize), (*from as i64, *step))?,
        ("flood", [people, inputs]) => send_flood(address, *people as usize, *inputs as usize)?,
        ("pace", [people, rate, batch, seconds]) => {
            send_paced(address, &Pace { people: *people as usize, rate: *rate, batch: *batch as usize, seconds: *seconds })?
        }
        _ => return Err(format!("what is {word} {numbers:?}?").into()),
    };
    latencies.sort_by(f64::total_cmp);
    let at = |share| if latencies.is_empty() { 0.0 } else { percentile(&latencies, share) };
    println!("{} {} {} {} {} {}", started.elapsed().as_secs_f64(), cpu_seconds("self")?, at(0.5), at(0.99), at(0.999), at(1.0));
    Ok(())
}

/// Runs `one` on so many connections until it says there is nothing left; gives all latencies.
fn on_connections(address: &str, count: usize, one: impl Fn(&mut Client, &mut Vec<f64>) -> Result<bool, Failure> + Sync) -> Result<Vec<f64>, Failure> {
    let all = Mutex::new(Vec::new());
    let work = || -> Result<(), Failure> {
        let (mut client, mut mine) = (Client::connect(address)?, Vec::new());
        while one(&mut client, &mut mine)? {}
        all.lock().map_err(|_| "a sender panicked")?.extend(mine);
        Ok(())
    };
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(|| work().map_err(|error| error.to_string()))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err("a sender panicked".to_string()))).collect()
    });
    results.into_iter().collect::<Result<Vec<()>, String>>()?;
    Ok(all.into_inner().map_err(|_| "a sender panicked")?)
}

fn send_known(address: &str, (first, count): (usize, usize), (from, step): (i64, f64)) -> Result<Vec<f64>, Failure> {
    let next = AtomicUsize::new(0);
    on_connections(address, FLOOD_CONNECTIONS, |client, _| {
        let offset = next.fetch_add(KNOWN_BATCH, Ordering::Relaxed);
        if offset >= count {
            return Ok(false);
        }
        let body = events::batch(KNOWN_BATCH.min(count - offset), |into, index| {
            let due = (from > 0).then(|| from + ((offset + index) as f64 * step) as i64);
            events::identify(into, first + offset + index, due);
        });
        client.post_events("/v1/batch", &body)?;
        Ok(true)
    })
}

fn send_flood(address: &str, people: usize, inputs: usize) -> Result<Vec<f64>, Failure> {
    let next = AtomicUsize::new(0);
    on_connections(address, FLOOD_CONNECTIONS, |client, latencies| {
        let first = next.fetch_add(FLOOD_BATCH, Ordering::Relaxed);
        if first >= inputs {
            return Ok(false);
        }
        let started = Instant::now();
        client.post_events("/v1/batch", &tracks(people, (first, FLOOD_BATCH), "m"))?;
        latencies.push(ms(started.elapsed()));
        Ok(true)
    })
}

fn send_paced(address: &str, pace: &Pace) -> Result<Vec<f64>, Failure> {
    let (next, start) = (AtomicUsize::new(0), Instant::now() + Duration::from_millis(100));
    let requests = (pace.rate * pace.seconds) as usize;
    on_connections(address, CONNECTIONS, |client, latencies| {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= requests {
            return Ok(false);
        }
        let due = start + Duration::from_secs_f64(number as f64 / pace.rate);
        let body = tracks(pace.people, (number * pace.batch, pace.batch), "p");
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        client.post_events("/v1/batch", &body)?;
        latencies.push(ms(due.elapsed()));
        Ok(true)
    })
}

/// Neighbours in a batch are strangers to each other, as they are in life.
fn tracks(people: usize, (first, count): (usize, usize), kind: &str) -> Vec<u8> {
    events::batch(count, |into, index| {
        let number = first + index;
        let user = (number / 2).wrapping_mul(7919) % people;
        events::track(into, if number.is_multiple_of(2) { "ordered" } else { "looked" }, user, &format!("{kind}-{number}"));
    })
}
