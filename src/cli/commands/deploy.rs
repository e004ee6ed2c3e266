//! `campc deploy`: makes the source the running program, with people inside.

use super::plan::{changes, findings, route};
use crate::bytecode::encode;
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print, remark};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, StorePlace, encoded};
use crate::cli::runtime::block_on;
use crate::daemon::api::{DeployOptions, RollOver};
use crate::migrate::{Plan as DeployPlan, wants_release};
use serde_json::{Value as Json, json};
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Makes the source the running program, atomically; contacts in flight follow. Shows the plan and asks first.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc deploy\n  campc deploy --yes --finish-on-old\n  campc deploy --release 500-per-hour\n  campc deploy monday.plan     # only what `campc plan -o monday.plan` has shown\n  campc deploy --rollback\n\nExit codes: 0 deployed or nothing to do, 1 not deployable or declined, 2 usage or set-up."
)]
pub struct Deploy {
    /// A .camp file, a directory, or a FILE.plan, in place of the project
    pub path: Option<PathBuf>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Those whose place is gone finish on the version they are in
    #[arg(long)]
    pub finish_on_old: bool,
    /// How many of those that become due at once go on in an hour
    #[arg(long, value_name = "N-per-hour", value_parser = per_hour)]
    pub release: Option<u32>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Take the last deploy back
    #[arg(long, conflicts_with_all = ["path", "hold", "go_on"])]
    pub rollback: bool,
    /// Let the roll-over of the last deploy rest: both versions go on
    #[arg(long, conflicts_with_all = ["path", "go_on"])]
    pub hold: bool,
    /// Let a resting roll-over go on
    #[arg(long = "continue", conflicts_with = "path")]
    pub go_on: bool,
    /// A campaign that is gone from the source: it ends for everybody inside
    #[arg(long, value_name = "NAME")]
    pub end: Vec<String>,
    /// A field whose values are given up where they do not fit its new type
    #[arg(long, value_name = "FIELD")]
    pub clear: Vec<String>,
}

fn per_hour(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix("-per-hour").and_then(|number| number.parse::<u32>().ok()).filter(|number| *number > 0);
    number.ok_or_else(|| "write it as 500-per-hour".to_owned())
}

impl Deploy {
    /// Deploys.
    ///
    /// # Errors
    /// Findings, or a deploy that is refused: 1; set-up: 2.
    pub fn run(&self, context: &Context) -> Outcome {
        let agreed = self.path.as_deref().filter(|path| path.extension().is_some_and(|extension| extension == "plan"));
        let project = Project::find(context, self.path.as_deref().filter(|_| agreed.is_none()))?;
        let place = StorePlace::find(&project, self.store.as_deref())?;
        if self.hold || self.go_on {
            return self.roll(&project);
        }
        let agreed = agreed.map(read_plan).transpose()?;
        let is_new_store = !place.exists();
        if is_new_store {
            if self.rollback {
                return Err(Failure::failed(format!("there is no store at {}, so nothing was deployed", place.path.display())));
            }
            // A store comes into being with its first program.
            drop(place.open()?);
        }
        if self.rollback { self.roll_back(context, &project) } else { self.deploy(context, &project, agreed.as_ref()) }
    }

    fn options(&self, base: Option<String>) -> DeployOptions {
        DeployOptions { base, is_finishing_on_old: self.finish_on_old, ended: self.end.clone(), cleared: self.clear.clone(), release_per_hour: self.release }
    }

    fn deploy(&self, context: &Context, project: &Project, agreed: Option<&DeployPlan>) -> Outcome {
        let program = compiled(project, context)?;
        let image = encode(&program);
        block_on(async {
            let door = Door::open(project, self.store.as_deref()).await?;
            let outcome = self.deploy_through(context, &door, (image, agreed)).await;
            door.close().await;
            outcome
        })
    }

    async fn deploy_through(&self, context: &Context, door: &Door, (image, agreed): (Vec<u8>, Option<&DeployPlan>)) -> Outcome {
        let plan: DeployPlan = typed(door.send(&route(&self.options(None), None)?, image.clone()).await?.ok()?)?;
        if let Some(agreed) = agreed
            && (agreed.id != plan.id || agreed.base != plan.base)
        {
            let text = "error[E2201]: this plan is of another time: the running program or the source is another one now; plan again and look at what it says";
            return Err(Failure::rendered(Exit::Failed, text));
        }
        show(context, &plan)?;
        if !plan.is_change() {
            return Ok(Exit::Done);
        }
        if let Some(campaign) = plan.campaigns.iter().find(|campaign| campaign.needs_release && self.release.is_none()) {
            let text = wants_release(&campaign.campaign, (campaign.due_at_once, campaign.inside));
            return Err(Failure::rendered(Exit::Failed, format!("error[E2205]: {text}\nnothing was deployed")));
        }
        if agreed.is_none() && !self.yes && plan.base.is_some() && !is_wanted("Deploy this?")? {
            remark("nothing was deployed");
            return Ok(Exit::Failed);
        }
        let options = serde_json::to_string(&self.options(plan.base.clone())).map_err(|error| Failure::usage(error.to_string()))?;
        let answer = door.send(&format!("/v1/deploy?options={}", encoded(&options)), image).await?;
        self.tell(door, answer.ok()?).await
    }

    fn roll_back(&self, context: &Context, project: &Project) -> Outcome {
        block_on(async {
            let door = Door::open(project, self.store.as_deref()).await?;
            let outcome = self.roll_back_through(context, &door).await;
            door.close().await;
            outcome
        })
    }

    async fn roll_back_through(&self, context: &Context, door: &Door) -> Outcome {
        let path = format!("{}&back=true", route(&self.options(None), None)?);
        let plan: DeployPlan = typed(door.send(&path, Vec::new()).await?.ok()?)?;
        let options = serde_json::to_string(&self.options(None)).map_err(|error| Failure::usage(error.to_string()))?;
        let back = format!("/v1/roll-back?options={}", encoded(&options));
        if plan.is_deployable() {
            show(context, &plan)?;
            if !self.yes && !is_wanted("Take the last deploy back?")? {
                remark("nothing was deployed");
                return Ok(Exit::Failed);
            }
        } else {
            print(&changes(&plan, context.paint_stdout()));
        }
        self.tell(door, door.post(&back, String::new()).await?.ok()?).await
    }

    fn roll(&self, project: &Project) -> Outcome {
        let word = if self.hold { "hold" } else { "continue" };
        block_on(async {
            let door = Door::open(project, self.store.as_deref()).await?;
            let answer = door.post("/v1/roll-over", json!({ "rolling": word }).to_string()).await;
            door.close().await;
            let progress: RollOver = typed(answer?.ok()?)?;
            print(&format!("{}\n", progress_text(&progress)));
            Ok(Exit::Done)
        })
    }

    /// Says what was deployed. Where no daemon runs, the contacts follow before the command ends.
    async fn tell(&self, door: &Door, deployed: Json) -> Outcome {
        if let Door::Here { engine, .. } = door {
            engine.idle().await;
        }
        let progress: RollOver = typed(door.get("/v1/roll-over").await?.ok()?)?;
        let seq = deployed.get("seq").and_then(Json::as_u64).unwrap_or(0);
        print(&format!("deployment {seq} runs; {}\n", progress_text(&progress)));
        Ok(Exit::Done)
    }
}

/// Shows a plan: what changes is data, what is found goes to stderr.
///
/// # Errors
/// Findings that forbid it: exit 1.
fn show(context: &Context, plan: &DeployPlan) -> Result<(), Failure> {
    print(&changes(plan, context.paint_stdout()));
    let found = findings(plan, context.paint_stderr(), &|_| None);
    if !plan.is_deployable() {
        return Err(Failure::rendered(Exit::Failed, format!("{found}\nnothing was deployed")));
    }
    if !found.is_empty() {
        remark(found.trim_end());
    }
    Ok(())
}

fn progress_text(progress: &RollOver) -> String {
    let counts =
        [(progress.moved, "went on"), (progress.ended, "ended"), (progress.finishing, "finish on the old version"), (progress.stranded, "are stranded")];
    let counts: Vec<String> = counts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let state = match (progress.finished.is_some(), progress.is_resting) {
        (true, _) => "all contacts are under it",
        (false, true) => "the roll-over rests",
        (false, false) => "contacts follow; `campc status` says how far they are",
    };
    if counts.is_empty() { state.to_owned() } else { format!("{state}: {}", counts.join(", ")) }
}

/// Asks on a terminal. Elsewhere nobody can answer, and `--yes` must be said.
fn is_wanted(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nobody is here to be asked; say --yes"));
    }
    let unheard = |error: std::io::Error| Failure::usage(format!("the answer cannot be read: {error}"));
    let mut err = std::io::stderr();
    write!(err, "{question} [y/N] ").and_then(|()| err.flush()).map_err(unheard)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(unheard)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn read_plan(path: &Path) -> Result<DeployPlan, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::io("the plan cannot be read:", path, &error))?;
    serde_json::from_str(&text).map_err(|error| Failure::usage(format!("{} is no plan: {error}", path.display())))
}

fn typed<T: serde::de::DeserializeOwned>(json: Json) -> Result<T, Failure> {
    serde_json::from_value(json).map_err(|error| Failure::usage(format!("the daemon's answer cannot be read: {error}; is it of another version?")))
}
