//! `campc plan`: what a deploy would change.

mod human;

use crate::bytecode::encode;
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print, remark};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, StorePlace, encoded};
use crate::cli::runtime::block_on;
use crate::daemon::PlanDepth;
use crate::daemon::api::DeployOptions;
use crate::migrate::Plan as DeployPlan;
use serde_json::json;
use std::path::PathBuf;

use human::text;
pub use human::{changes, findings};

/// Shows what a deploy would change, campaign by campaign, with the contacts in flight. Changes nothing.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc plan\n  campc plan --format json | jq .inside\n  campc plan -o monday.plan\n\nExit codes: 0 nothing changes, 1 not deployable, 2 usage or set-up, 3 something changes."
)]
pub struct Plan {
    /// A .camp file or a directory, in place of the project's
    pub path: Option<PathBuf>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: super::DataFormat,
    /// Try the move on every contact, not on a thousand at each standing place
    #[arg(long)]
    pub all: bool,
    /// Write the whole plan to a file
    #[arg(short, long, value_name = "FILE.plan")]
    pub output: Option<PathBuf>,
    /// Plan as if those without a place finished on the version they are in
    #[arg(long)]
    pub finish_on_old: bool,
    /// Plan as if a campaign that is gone from the source ended for everybody inside
    #[arg(long, value_name = "NAME")]
    pub end: Vec<String>,
    /// Plan as if the values of a field went that do not fit its new type
    #[arg(long, value_name = "FIELD")]
    pub clear: Vec<String>,
}

impl Plan {
    /// Prints the plan.
    ///
    /// # Errors
    /// Findings: 1; set-up: 2.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, self.path.as_deref())?;
        let image = encode(&compiled(&project, context)?);
        let place = StorePlace::find(&project, self.store.as_deref())?;
        let options =
            DeployOptions { is_finishing_on_old: self.finish_on_old, ended: self.end.clone(), cleared: self.clear.clone(), ..DeployOptions::default() };
        let route = route(&options, self.all.then_some(PlanDepth::All))?;
        let answer = block_on(async {
            let door = if place.exists() {
                Door::open(&project, self.store.as_deref()).await?
            } else {
                remark(&format!("there is no store at {} yet: everything is new; `campc run` deploys it", place.path.display()));
                Door::to_nothing(&project)?
            };
            let answer = door.send(&route, image).await;
            door.close().await;
            answer?.ok()
        })?;
        let plan: DeployPlan =
            serde_json::from_value(answer).map_err(|error| Failure::usage(format!("the daemon's plan cannot be read: {error}; is it of another version?")))?;
        self.show(context, &project, &plan)?;
        Ok(match (plan.is_deployable(), plan.is_change()) {
            (false, _) => Exit::Failed,
            (true, true) => Exit::Differs,
            (true, false) => Exit::Done,
        })
    }

    fn show(&self, context: &Context, project: &Project, plan: &DeployPlan) -> Result<(), Failure> {
        if let Some(path) = &self.output {
            let text = serde_json::to_string_pretty(plan).map_err(|error| Failure::usage(error.to_string()))?;
            std::fs::write(path, text + "\n").map_err(|error| Failure::io("the plan cannot be written to", path, &error))?;
        }
        match self.format {
            super::DataFormat::Human => print(&text(plan, context.paint_stdout(), &|source| line_of(project, source))),
            super::DataFormat::Json => lines(plan).iter().for_each(|line| print(&format!("{line}\n"))),
        }
        Ok(())
    }
}

/// The way to a plan under these choices.
///
/// # Errors
/// Never in practice: the choices are plain data.
pub fn route(options: &DeployOptions, depth: Option<PlanDepth>) -> Result<String, Failure> {
    let options = serde_json::to_string(options).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(format!("/v1/plan?all={}&options={}", depth == Some(PlanDepth::All), encoded(&options)))
}

/// One object a campaign, segment and field, one a line; findings without a campaign last.
fn lines(plan: &DeployPlan) -> Vec<serde_json::Value> {
    let campaigns = plan.campaigns.iter().map(|campaign| json!(campaign));
    let segments = plan.segments.iter().map(|segment| json!(segment));
    let fields = plan.fields.iter().map(|field| json!(field));
    let is_more = !plan.findings.is_empty() || !plan.lingering.is_empty();
    let rest = is_more.then(|| json!({ "findings": plan.findings, "lingering": plan.lingering }));
    campaigns.chain(segments).chain(fields).chain(rest).collect()
}

/// The line of source that `main.camp:14:3` names, if the file is at hand and has one.
fn line_of(project: &Project, source: &str) -> Option<String> {
    let mut parts = source.rsplitn(3, ':');
    let (_, line, path) = (parts.next()?, parts.next()?.parse::<usize>().ok()?, parts.next()?);
    let text = std::fs::read_to_string(project.root.join(path)).ok()?;
    text.lines().nth(line.checked_sub(1)?).map(ToOwned::to_owned)
}
