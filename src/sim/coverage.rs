//! Which steps and branches of the campaigns the tests reach.
//!
//! A step counts where an enrollment came to it, a branch where a decision took it. Steps of a sequence count once for each `do`.

use crate::advance::What;
use crate::base::Span;
use crate::bytecode::{ListenArm, Program};
use crate::machine::Deployment;
use crate::machine::state::StepUid;
use crate::semantic::hir::{Campaign, Project, Step, StepHeader, StepKind};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Whether the journal's word for a decision is this way of it.
type Taken<'a> = &'a dyn Fn(&str) -> bool;

/// What one test reached, or several together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    steps: FxHashSet<StepUid>,
    /// Decisions with what they came to, as the journal says it.
    decisions: FxHashSet<(StepUid, Arc<str>)>,
}

impl Trace {
    /// An enrollment came to a step.
    pub fn reach(&mut self, step: StepUid) {
        self.steps.insert(step);
    }
    /// A line of a journal: decisions count.
    pub fn hear(&mut self, step: Option<StepUid>, what: What, why: &Arc<str>) {
        if let (Some(step), What::Decided) = (step, what) {
            self.decisions.insert((step, why.clone()));
        }
    }
    /// Adds what another reached.
    pub fn join(&mut self, other: &Trace) {
        self.steps.extend(other.steps.iter().copied());
        self.decisions.extend(other.decisions.iter().cloned());
    }
}

/// A step or a branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Where it stands; of an `else` that is not there, the decision.
    pub span: Span,
    /// Its identity, or the words that lead to the branch.
    pub name: String,
    /// Whether a test reached it.
    pub is_reached: bool,
}

/// What of a campaign the tests reach.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignCoverage {
    /// Its name.
    pub campaign: Arc<str>,
    /// Where its name stands.
    pub span: Span,
    /// Its steps in source order.
    pub steps: Vec<Place>,
    /// The ways its decisions can go, in source order.
    pub branches: Vec<Place>,
}

impl CampaignCoverage {
    /// How many of its steps are reached.
    #[must_use]
    pub fn steps_reached(&self) -> usize {
        self.steps.iter().filter(|place| place.is_reached).count()
    }
    /// How many of its branches are reached.
    #[must_use]
    pub fn branches_reached(&self) -> usize {
        self.branches.iter().filter(|place| place.is_reached).count()
    }
}

/// The coverage of every campaign, in the order of the project.
#[must_use]
pub(super) fn coverage(project: &Project, (program, deployment): (&Program, &Deployment), trace: &Trace) -> Vec<CampaignCoverage> {
    let campaign = |campaign: &Campaign| {
        let mut survey = Survey { program, deployment, trace, steps: Vec::new(), branches: Vec::new() };
        survey.all(&campaign.steps);
        CampaignCoverage { campaign: campaign.name.clone(), span: campaign.name_span, steps: survey.steps, branches: survey.branches }
    };
    project.campaigns.iter().map(campaign).collect()
}

struct Survey<'a> {
    program: &'a Program,
    deployment: &'a Deployment,
    trace: &'a Trace,
    steps: Vec<Place>,
    branches: Vec<Place>,
}

impl Survey<'_> {
    fn all(&mut self, steps: &[Step]) {
        steps.iter().for_each(|step| self.step(step));
    }

    fn step(&mut self, step: &Step) {
        let header = &step.header;
        let is_reached = self.is_reached(header);
        let name = header.name.as_ref().unwrap_or(&header.path).to_string();
        // What a sequence does is inside.
        if !matches!(step.kind, StepKind::Do { .. }) {
            self.steps.push(Place { span: header.span, name, is_reached });
        }
        match &step.kind {
            StepKind::Decide { deadline, then_, else_, .. } => {
                let late = if deadline.is_some() { "the time was up" } else { "no" };
                let is_green = |why: &str| why != late;
                self.branch(header, "then", (then_, &is_green));
                self.branch(header, "else", (else_, &|why| why == late));
            }
            StepKind::WaitFor { deadline: Some(_), .. } => {
                self.branch(header, "it holds", (&[], &|why| why != "the time was up"));
                self.branch(header, "the time is up", (&[], &|why| why == "the time was up"));
            }
            StepKind::Await { arms, deadline } => {
                for (index, arm) in arms.iter().enumerate() {
                    let text = self.arm_text(header, index);
                    self.branch(header, &format!("on {text}"), (&arm.body, &|why| why == &*text));
                }
                if let Some((_, body)) = deadline {
                    self.branch(header, "after", (body, &|why| why == "the time was up"));
                }
            }
            StepKind::Timeline { arms, .. } => arms.iter().for_each(|arm| self.body(arm.span, "arm", &arm.body)),
            StepKind::Split(arms) => arms.iter().for_each(|arm| self.body(arm.span, arm.label.as_deref().unwrap_or("share"), &arm.body)),
            StepKind::Experiment { variants, .. } => variants.iter().for_each(|variant| self.body(variant.span, &variant.name, &variant.body)),
            StepKind::Reach(steps) | StepKind::Repeat { body: steps, .. } | StepKind::Do { body: steps, .. } => self.all(steps),
            StepKind::Parallel(branches) => branches.iter().for_each(|branch| self.all(branch)),
            StepKind::Send { .. }
            | StepKind::Webhook { .. }
            | StepKind::Notify { .. }
            | StepKind::Set { .. }
            | StepKind::Clear { .. }
            | StepKind::AddItem { .. }
            | StepKind::RemoveItem { .. }
            | StepKind::AddPoints { .. }
            | StepKind::SetPoints { .. }
            | StepKind::Tag(_)
            | StepKind::Untag(_)
            | StepKind::AddToList(_)
            | StepKind::RemoveFromList(_)
            | StepKind::Subscribe(_)
            | StepKind::Unsubscribe(_)
            | StepKind::Enroll(_)
            | StepKind::Leave(_)
            | StepKind::Emit { .. }
            | StepKind::Mute(_)
            | StepKind::Wait { .. }
            | StepKind::WaitBetween { .. }
            | StepKind::WaitUntil(_)
            | StepKind::WaitFor { deadline: None, .. }
            | StepKind::Stop(_)
            | StepKind::Error => {}
        }
    }

    /// A way that a decision can go: taken where its first step was reached, or the journal says so.
    fn branch(&mut self, decision: &StepHeader, name: &str, (body, is_taken): (&[Step], Taken<'_>)) {
        let uid = self.uid(decision);
        let said = self.trace.decisions.iter().any(|(step, why)| Some(*step) == uid && is_taken(why));
        let is_reached = said || body.first().is_some_and(|first| self.is_reached(&first.header));
        let span = body.first().map_or(decision.span, |first| first.header.span);
        let path = decision.name.as_ref().unwrap_or(&decision.path);
        self.branches.push(Place { span, name: format!("{path}: {name}"), is_reached });
        self.all(body);
    }

    /// An arm that has its own place in the source; one without steps leaves no trace and is not counted.
    fn body(&mut self, span: Span, name: &str, body: &[Step]) {
        if let Some(first) = body.first() {
            let is_reached = self.is_reached(&first.header);
            self.branches.push(Place { span, name: name.to_owned(), is_reached });
            self.all(body);
        }
    }

    fn uid(&self, header: &StepHeader) -> Option<StepUid> {
        self.deployment.steps.get(header.id.index()).copied()
    }

    fn is_reached(&self, header: &StepHeader) -> bool {
        self.uid(header).is_some_and(|uid| self.trace.steps.contains(&uid))
    }

    /// The condition of an arm, as journals say it.
    fn arm_text(&self, decision: &StepHeader, index: usize) -> Arc<str> {
        let arms: &[ListenArm] = self.program.listens.iter().find(|def| def.step == decision.id).map_or(&[], |def| def.arms.as_slice());
        let block = arms.get(index).and_then(|arm| self.program.blocks.get(arm.condition.index()));
        block.map(|block| block.text.clone()).unwrap_or_default()
    }
}
