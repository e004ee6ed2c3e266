//! `campc run`: the daemon.

mod banner;
mod setup;
mod watch;

use crate::bytecode::{Program, program_hash};
use crate::cli::compiled::{compiled, is_data_alone};
use crate::cli::context::{Context, print, remark};
use crate::cli::engine::open_engine;
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::logging::{self, LogFormat, LogOptions};
use crate::cli::project::Project;
use crate::cli::reach::{Notice, StorePlace};
use crate::cli::runtime::block_on;
use crate::daemon::api::EngineError;
use crate::daemon::{Engine, EngineOptions, ManualClock, Sending};
use crate::deliver::Deliverer;
use crate::http::{App, Keys, Server};
use crate::lang::Instant;
use setup::{Access, Setup};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Deliveries under way may take so long once the daemon is told to end.
const DRAIN_TIME: Duration = Duration::from_secs(30);

/// Clocks of machines differ by less.
const NOTICED_MS: i64 = 60_000;

/// Runs the daemon: takes events in, advances campaigns, hands messages over.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc run\n  campc run main.camp --listen 127.0.0.1:9000\n  campc run --clock manual     # then: campc clock advance 3d\n  campc run --watch            # deploys what you edit while it runs"
)]
pub struct Run {
    /// A .camp file or a directory to deploy first; without it, what is deployed runs, or, in a new store, the project
    pub path: Option<PathBuf>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Where to listen, in place of the project's
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Whether time runs by itself, or by `campc clock`
    #[arg(long, value_name = "CLOCK", default_value = "real")]
    pub clock: ClockChoice,
    /// Whether messages leave; a restored store sends nothing until `campc store arm`
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub sending: SendingChoice,
    /// What this process does
    #[arg(long, value_name = "ROLE", default_value = "all")]
    pub role: Role,
    /// How log lines look; -v says more, and CAMPC_LOG=campc::deliver=debug more precisely
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "CAMP_LOG")]
    pub log_format: LogFormat,
    /// Send spans of requests, batches, commits and attempts to this OpenTelemetry collector (needs a build with --features otel)
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,
    /// Deploy the source again whenever it changes, for work on a campaign
    #[arg(long)]
    pub watch: bool,
}

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ClockChoice {
    /// The system's.
    Real,
    /// Moved by hand.
    Manual,
}

/// Whether messages leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SendingChoice {
    /// If the store is not a restored copy.
    On,
    /// They wait in the outbox.
    Off,
}

/// What a process does. Others come with stores that many processes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Everything.
    All,
}

impl Run {
    /// Runs until it is told to end.
    ///
    /// # Errors
    /// Findings: 1; set-up: 2.
    pub fn run(&self, context: &Context) -> Outcome {
        // What went wrong may hold what a contact is called: of a panic only its place is told.
        crate::cli::panics::tell(crate::cli::panics::Telling::PlaceOnly);
        let options = LogOptions { verbosity: context.verbosity, format: self.log_format, otlp: self.otlp.clone() };
        let _spans = logging::install(&options)?;
        let project = Project::find(context, self.path.as_deref())?;
        let place = StorePlace::find(&project, self.store.as_deref())?;
        match self.role {
            Role::All => block_on(self.serve(context, &project, &place)),
        }
    }

    async fn serve(&self, context: &Context, project: &Project, place: &StorePlace) -> Outcome {
        // Heard from the first moment on: who is told to end while it starts ends as well as later.
        let ending = Ending::listen()?;
        let deployed = if place.exists() { deployed_program(project, place).await?.filter(|program| !is_data_alone(program)) } else { None };
        let (program, is_to_deploy) = self.program(context, (project, deployed))?;
        let setup = Setup::read(context, project, (&program, self.listen.as_deref()))?;
        let server = Server::bind(&setup.listen).await.map_err(|error| Failure::usage(error.to_string()))?;
        let address = server.address();
        let engine = self.open(place, &setup, &address.to_string())?;
        if is_to_deploy {
            deploy_first(&engine, &program).await?;
        }
        engine.start().await.map_err(|error| engine_failure(&error))?;
        let access = Access::of(&setup, &engine);
        let notice = Notice { listen: reachable(address), admin_token: access.admin_tokens.first().cloned().unwrap_or_default(), pid: std::process::id() };
        notice.write(&place.notice_path())?;
        tracing::info!(address = %notice.listen, deployment = engine.linked().map_or(0, |linked| linked.deployment.seq), "running");
        print(&banner::text(context, &engine, (&setup, &access), (&notice.listen, &place.path)));
        let keys = Keys::new(&access.write_keys, &access.admin_tokens);
        let tokens = setup.key_ring(&engine).ok_or_else(|| Failure::usage("there is no key to sign links with"))?;
        let app = App::new(engine.clone(), keys, tokens, setup.sites.clone()).on_store(&place.path);
        let watched = watch::Watched { context: context.clone(), path: self.path.clone(), engine: engine.clone() };
        let watch = if self.watch { Some(watch::Watch::begin(&project.root, watched)?) } else { None };
        let exit = until_told(server, app, (&engine, ending)).await;
        drop(watch);
        engine.drain(DRAIN_TIME).await;
        Notice::remove(&place.notice_path());
        tracing::info!("drained and ended");
        exit
    }

    /// The program to run, and whether it must be deployed first.
    fn program(&self, context: &Context, (project, deployed): (&Project, Option<Arc<Program>>)) -> Result<(Arc<Program>, bool), Failure> {
        match (self.path.as_ref().or_else(|| self.watch.then_some(&project.root)), deployed) {
            (Some(_), _) | (None, None) => Ok((Arc::new(compiled(project, context)?), true)),
            (None, Some(running)) => {
                match compiled(project, context) {
                    Ok(source) if program_hash(&source) == program_hash(&running) => {}
                    Ok(_) => remark("note: the source differs from what is deployed, which runs; `campc run .` deploys the source"),
                    Err(failure) if failure.exit == Exit::Failed => remark("note: the source has errors; what is deployed runs. `campc check` shows them"),
                    Err(failure) => return Err(failure),
                }
                Ok((running, false))
            }
        }
    }

    fn open(&self, place: &StorePlace, setup: &Setup, listen: &str) -> Result<Engine, Failure> {
        let deliverer = Deliverer::new(&setup.deliver).map_err(|error| Failure::usage(error.to_string()))?;
        let mut options = EngineOptions { carrier: Some(Arc::new(deliverer)), deaths: Some(place.deaths_path()), ..setup.engine_options(listen) };
        // A store's own time stands above zero, so that a manual clock begins where the store stopped.
        let manual = Arc::new(ManualClock::new(Instant(0)));
        if self.sending == SendingChoice::Off {
            options.sending = Sending::Off;
        }
        if self.clock == ClockChoice::Manual {
            options.clock = manual.clone();
        }
        let engine = Engine::open(Box::new(place.open()?), options).map_err(|error| engine_failure(&error))?;
        if engine.sending() == Sending::Off && self.sending == SendingChoice::On {
            remark(
                "warning: this store is a restored copy, so nothing is sent: the one it was copied from may be sending the same; `campc store arm` changes that",
            );
        }
        let wall = Instant::from_timestamp(jiff::Timestamp::now());
        match self.clock {
            ClockChoice::Manual if engine.now() <= Instant(0) => crate::daemon::Clock::move_to(manual.as_ref(), wall),
            ClockChoice::Manual => {}
            ClockChoice::Real => look_at_clock(&engine, wall),
        }
        Ok(engine)
    }
}

/// A store never goes back in time: one that stands ahead of this machine (it ran on a manual clock, or the machine's was set back)
/// would stand still until the machine has caught up.
fn look_at_clock(engine: &Engine, wall: Instant) {
    let ahead_ms = engine.now().millis_since(wall);
    let ahead = crate::lang::Duration::from_millis(u64::try_from(ahead_ms / 1_000 * 1_000).unwrap_or(0));
    if ahead_ms > NOTICED_MS {
        remark(&format!(
            "warning: the store's time is {}, {ahead} ahead of this machine's clock: nothing falls due until the machine has caught up. \
             A store that ran on a manual clock goes on with `--clock manual`; for the real one take a new store",
            engine.zone().format_rfc3339(engine.now())
        ));
    }
}

/// What is deployed to a store: its secrets must be known before anything of it runs.
async fn deployed_program(project: &Project, place: &StorePlace) -> Result<Option<Arc<Program>>, Failure> {
    let engine = open_engine(project, place)?;
    let program = engine.linked().map(|linked| linked.program.clone());
    engine.drain(Duration::from_secs(5)).await;
    Ok(program)
}

/// Serves until a signal comes or the disk fails.
async fn until_told(server: Server, app: App, (engine, mut ending): (&Engine, Ending)) -> Outcome {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(app, async {
        // An error means that the sender is gone, which ends the server as well.
        let _ = stopped.await;
    }));
    let exit = tokio::select! {
        () = ending.told() => Ok(Exit::Done),
        error = engine.failed() => {
            remark(&format!("error: the store failed, so the daemon ends before it could lie: {error}"));
            Ok(Exit::Disk)
        }
    };
    let _ = stop.send(());
    if let Err(error) = serving.await {
        tracing::error!(%error, "the server broke off");
    }
    exit
}

/// The signals that end the daemon.
struct Ending {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Ending {
    #[cfg(unix)]
    fn listen() -> Result<Ending, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let hear = |kind| signal(kind).map_err(|error| Failure::usage(format!("signals cannot be heard: {error}")));
        Ok(Ending { terminate: hear(SignalKind::terminate())?, interrupt: hear(SignalKind::interrupt())? })
    }
    #[cfg(not(unix))]
    fn listen() -> Result<Ending, Failure> {
        Ok(Ending {})
    }
    #[cfg(unix)]
    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
    #[cfg(not(unix))]
    async fn told(&mut self) {
        // Where it cannot be heard, the process ends without draining, as by a crash; nothing is lost by that.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Where commands on this machine reach the server: an address that stands for all of them is reached through loopback.
fn reachable(address: std::net::SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("127.0.0.1:{}", address.port()) } else { address.to_string() }
}

/// Deploys the source before the daemon begins. A roll-over that an earlier run left behind is done first, unless the program runs already.
async fn deploy_first(engine: &Engine, program: &Arc<Program>) -> Result<(), Failure> {
    if engine.linked().is_some_and(|running| running.deployment.program == program_hash(program)) {
        return Ok(());
    }
    engine.rolled_over().await;
    engine.deploy(program.clone()).await.map(drop).map_err(|error| not_deployed(&error))
}

fn not_deployed(error: &EngineError) -> Failure {
    match error {
        EngineError::NotDeployable(obstacles) => {
            Failure::rendered(Exit::Failed, format!("{obstacles}\nnothing was deployed; `campc plan` shows the whole change"))
        }
        EngineError::Refused(_) => Failure::rendered(Exit::Failed, error.to_string()),
        EngineError::Store(_)
        | EngineError::Commit(_)
        | EngineError::NothingDeployed
        | EngineError::Program(_)
        | EngineError::Unknown(_)
        | EngineError::Settled(_)
        | EngineError::RealClock
        | EngineError::ClockBack { .. }
        | EngineError::Closed => engine_failure(error),
    }
}

fn engine_failure(error: &EngineError) -> Failure {
    Failure::usage(format!("the engine cannot start: {error}"))
}
