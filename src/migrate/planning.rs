//! Makes the plan of a deploy: aligns, looks at every contact once, and says what comes of it.

use super::align::align;
use super::captured::Readers;
use super::findings::campaign_findings;
use super::headers::header;
use super::landing::Crossing;
use super::mapping::{Choices, Fate, How, LateMove, Mapping};
use super::messages::{sent_by, text_of};
use super::plan::{CampaignChange, CampaignPlan, FieldPlan, LingeringPlan, Plan, SegmentPlan, StepHow, StepPlan};
use super::problems::{self, Finding};
use super::squeeze::squeeze;
use super::survey::{Counted, Survey, Surveyor, campaign_pairs};
use crate::advance::Switches;
use crate::bytecode::{CampaignDef, CampaignId, FieldId, Pc, Program, SegmentId, StepId, StepKind, campaign_hash};
use crate::lang::Instant;
use crate::machine::state::{ContactState, StableId};
use crate::machine::{Deployment, Evaluator, IdKind, Linked, stable};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// On how many contacts the move is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// On a thousand at each standing place.
    #[default]
    Sample,
    /// On all.
    All,
}

/// What the operator has chosen already.
#[derive(Clone, Debug, Default)]
pub struct Permits {
    /// Those whose place is ambiguous or gone finish on the old program.
    pub finish_on_old: Option<FinishOnOld>,
    /// Campaigns that end for all inside.
    pub ended: BTreeSet<String>,
    /// Fields whose misfits may go.
    pub cleared: BTreeSet<String>,
}

/// `--finish-on-old`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinishOnOld;

/// What a plan is made of.
#[derive(Debug)]
pub struct Question<'q> {
    /// The program that runs.
    pub running: Option<&'q Linked>,
    /// The new one.
    pub program: &'q Arc<Program>,
    /// Its hash.
    pub hash: [u8; 32],
    /// The operator's switches.
    pub switches: &'q Switches,
    /// Now.
    pub now: Instant,
    /// How much is tried.
    pub depth: Depth,
    /// What is chosen.
    pub permits: &'q Permits,
    /// What else decides about steps.
    pub choices: Choices<'q>,
}

/// From here on so many becoming due at once want a pace, whatever their share is.
const MANY: u64 = 1_000;
/// From here on they want one where they are more than a tenth of a campaign.
const SOME: u64 = 100;

/// Whether so many of those inside becoming due at once want a pace (E2205).
#[must_use]
pub fn needs_release(due: u64, inside: u64) -> bool {
    due > MANY || (due > SOME && due.saturating_mul(10) > inside)
}

/// E2205, in words: so many of those inside a campaign become due at once.
#[must_use]
pub fn wants_release(campaign: &str, (due, inside): (u64, u64)) -> String {
    let (due, inside) = (problems::grouped(due), problems::grouped(inside));
    format!("{due} of {inside} contacts in campaign {campaign:?} become due at once: choose a pace, such as `campc deploy --release 500-per-hour`")
}

/// The plan of a deploy, over the states of all contacts.
#[must_use]
pub fn plan(question: &Question<'_>, states: impl Iterator<Item = ContactState>) -> Plan {
    let Some(running) = question.running else { return first(question) };
    let mut plan = Plan { base: Some(hex(&running.deployment.program)), to: hex(&question.hash), ..Plan::default() };
    if !plan.is_change() {
        return plan;
    }
    let mapping = align((&running.program, &running.deployment), question.program, &question.choices);
    let deployment = Deployment::next(question.program, question.hash, question.now, Some((&running.deployment, &mapping.lineage(&running.deployment))));
    let next = Linked::new(question.program.clone(), deployment);
    let crossing = Crossing { running, next: &next, mapping: &mapping };
    let mut surveyor = surveyor(crossing, question);
    states.for_each(|state| surveyor.look(&state));
    let survey = surveyor.survey;
    plan.id = plan_id(&plan, &mapping);
    plan.contacts = survey.contacts;
    plan.is_sampled = question.depth == Depth::Sample && survey.steps.values().any(|counted| counted.tried > 0 && counted.tried < counted.here);
    let making = Making { question, crossing, survey: &survey, changed_segments: changed_segments(running, &next) };
    making.campaigns(&mut plan);
    making.segments(&mut plan);
    making.fields(&mut plan);
    making.lingering(&mut plan);
    plan.findings.extend(making.rule_findings().filter(|finding| !plan.campaigns.iter().any(|known| known.campaign == finding.campaign)).cloned());
    plan
}

/// The plan of the first deploy of a store: everything is new.
fn first(question: &Question<'_>) -> Plan {
    let program = question.program;
    let campaigns = (0..program.campaigns.len()).map(|at| new_campaign(program, CampaignId::from_index(at)));
    Plan { id: hex(&question.hash), base: None, to: hex(&question.hash), campaigns: campaigns.collect(), ..Plan::default() }
}

fn new_campaign(program: &Program, campaign: CampaignId) -> CampaignPlan {
    let def = program.campaigns.get(campaign.index());
    CampaignPlan {
        campaign: def.map(|def| def.name.to_string()).unwrap_or_default(),
        was: None,
        change: CampaignChange::New,
        from: None,
        to: Some(hex(&campaign_hash(program, campaign))),
        inside: 0,
        becomes: def.map(|def| if def.is_published { "published" } else { "draft" }.to_owned()),
        steps: Vec::new(),
        header: Vec::new(),
        unchanged_steps: 0,
        unchanged_here: 0,
        due_at_once: 0,
        ends_at_once: 0,
        stranded: 0,
        finishes_on_old: 0,
        needs_release: false,
        findings: Vec::new(),
    }
}

fn surveyor<'s>(crossing: Crossing<'s>, question: &'s Question<'s>) -> Surveyor<'s> {
    let (running, next) = (crossing.running, crossing.next);
    let is_changed = |at: usize| crossing.mapping.campaigns.get(at).is_none_or(|mapped| mapped.is_changed);
    let changed = running.deployment.campaigns.iter().enumerate().filter(|(at, _)| is_changed(*at)).map(|(_, id)| *id).collect();
    let readers = campaign_pairs(&crossing).into_iter().filter(|(old, _)| is_changed(old.index()));
    let readers: FxHashMap<StableId, Readers<'_>> =
        readers.map(|(old, new)| (stable(&running.deployment.campaigns, old.index()), Readers::new(&running.program, &next.program, new))).collect();
    Surveyor {
        crossing,
        question,
        changed,
        segments: changed_segments(running, next).into_iter().collect(),
        fields: changed_fields(running, next),
        readers,
        places: next.program.places.iter().map(|place| (place.step, place.ordinal)).collect(),
        survey: Survey::default(),
        evaluator: Evaluator::default(),
    }
}

/// Segments of the new program that are new or have another predicate, or read such a one.
fn changed_segments(running: &Linked, next: &Linked) -> BTreeSet<SegmentId> {
    let mut changed: BTreeSet<SegmentId> = BTreeSet::new();
    for (at, def) in next.program.segments.iter().enumerate() {
        let former = running.segment(stable(&next.deployment.segments, at)).and_then(|id| running.program.segments.get(id.index()));
        let text = |program: &Program, block: crate::bytecode::BlockId| program.blocks.get(block.index()).map(|block| squeeze(&block.text));
        let is_same = former.is_some_and(|former| text(&running.program, former.predicate) == text(&next.program, def.predicate));
        let reads = next.program.blocks.get(def.predicate.index()).map_or(&[][..], |block| block.reads.as_slice());
        // A segment stands behind those it reads.
        let reads_changed = reads.iter().any(|fact| matches!(fact, crate::bytecode::Fact::Segment(other) if changed.contains(other)));
        if !is_same || reads_changed {
            changed.insert(SegmentId::from_index(at));
        }
    }
    changed
}

fn changed_fields(running: &Linked, next: &Linked) -> Vec<FieldId> {
    let fields = next.program.fields.iter().enumerate();
    let is_other = |(at, def): &(usize, &crate::bytecode::FieldDef)| {
        let former = running.field(stable(&next.deployment.fields, *at)).and_then(|id| running.program.fields.get(id.index()));
        former.is_some_and(|former| former.ty != def.ty)
    };
    fields.filter(is_other).map(|(at, _)| FieldId::from_index(at)).collect()
}

fn plan_id(plan: &Plan, mapping: &Mapping) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("campc plan 1");
    hasher.update(plan.base.as_deref().unwrap_or("").as_bytes()).update(plan.to.as_bytes());
    for fate in &mapping.fates {
        let (kind, to) = match fate {
            Fate::Mapped { to, how } => (if *how == How::Rule { 1_u8 } else { 0 }, to.0),
            Fate::Stopped => (2, 0),
            Fate::Ambiguous(_) => (3, 0),
            Fate::Gone => (4, 0),
        };
        hasher.update(&[kind]).update(&to.to_be_bytes());
    }
    hex(hasher.finalize().as_bytes())
}

/// A hash in full.
pub(super) fn hex(bytes: &[u8; 32]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Everything a plan is made from.
pub(super) struct Making<'m> {
    pub question: &'m Question<'m>,
    pub crossing: Crossing<'m>,
    pub survey: &'m Survey,
    pub changed_segments: BTreeSet<SegmentId>,
}

impl Making<'_> {
    fn campaigns(&self, plan: &mut Plan) {
        let (running, next) = (self.crossing.running, self.crossing.next);
        let pairs = campaign_pairs(&self.crossing);
        for at in 0..next.program.campaigns.len() {
            let new = CampaignId::from_index(at);
            match pairs.iter().find(|(_, known)| *known == new) {
                Some((old, _)) => plan.campaigns.extend(self.changed_campaign((*old, new))),
                None => plan.campaigns.push(new_campaign(&next.program, new)),
            }
        }
        for (at, def) in running.program.campaigns.iter().enumerate().filter(|(at, _)| !pairs.iter().any(|(old, _)| old.index() == *at)) {
            let id = stable(&running.deployment.campaigns, at);
            let inside = self.survey.inside.get(&id).copied().unwrap_or(0);
            let bound = self.survey.bound.get(&id).copied().unwrap_or(0);
            let mut gone = CampaignPlan {
                change: CampaignChange::Gone,
                from: Some(hex(&campaign_hash(&running.program, CampaignId::from_index(at)))),
                to: None,
                inside,
                becomes: None,
                ..new_campaign(&running.program, CampaignId::from_index(at))
            };
            if self.question.permits.ended.contains(def.name.as_ref()) {
                gone.ends_at_once = inside;
            } else if self.question.permits.finish_on_old.is_some() {
                gone.finishes_on_old = inside;
            } else if bound > 0 {
                gone.findings.push(problems::campaign_gone(&def.name, running.program.describe(def.span), bound));
            }
            plan.campaigns.push(gone);
        }
    }

    fn changed_campaign(&self, (old, new): (CampaignId, CampaignId)) -> Option<CampaignPlan> {
        let (running, next) = (self.crossing.running, self.crossing.next);
        let (former, def) = (running.program.campaigns.get(old.index())?, next.program.campaigns.get(new.index())?);
        let findings: Vec<_> = self.rule_findings().filter(|finding| finding.campaign == def.name.as_ref()).cloned().collect();
        let is_changed = self.crossing.mapping.campaigns.get(old.index()).is_some_and(|mapped| mapped.is_changed);
        let has_rule = self.late_rows(new).next().is_some()
            || former.steps.iter().any(|step| matches!(self.crossing.mapping.fate(*step), Fate::Stopped | Fate::Mapped { how: How::Rule, .. }));
        if !is_changed && !has_rule && findings.is_empty() {
            return None;
        }
        let id = stable(&running.deployment.campaigns, old.index());
        let mut made = CampaignPlan {
            was: (former.name != def.name).then(|| former.name.to_string()),
            change: CampaignChange::Changed,
            from: Some(hex(&campaign_hash(&running.program, old))),
            inside: self.survey.inside.get(&id).copied().unwrap_or(0),
            becomes: (former.is_published != def.is_published).then(|| if def.is_published { "published" } else { "draft" }.to_owned()),
            header: header((&running.program, former), (&next.program, def), &|segment| self.changed_segments.contains(&segment)),
            findings,
            ..new_campaign(&next.program, new)
        };
        self.steps((old, new), &mut made);
        self.exits(id, &mut made);
        self.end_of_time(def, &mut made);
        made.stranded = self.scaled(id, self.survey.stranded.get(&id).copied().unwrap_or(0));
        made.due_at_once = made.due_at_once.min(made.inside);
        made.needs_release = needs_release(made.due_at_once, made.inside);
        campaign_findings(self, (old, new), &mut made);
        Some(made)
    }

    /// How many stand at a step of the running program.
    pub fn counted(&self, step: StepId) -> Counted {
        let uid = self.crossing.running.deployment.steps.get(step.index());
        uid.and_then(|uid| self.survey.steps.get(uid)).copied().unwrap_or_default()
    }

    /// How many inside have had what a step of the running program sends.
    pub fn had(&self, step: StepId) -> u64 {
        let uid = self.crossing.running.deployment.steps.get(step.index());
        uid.and_then(|uid| self.survey.had.get(uid)).copied().unwrap_or(0)
    }

    fn steps(&self, (old, new): (CampaignId, CampaignId), made: &mut CampaignPlan) {
        let (running, next) = (&self.crossing.running.program, &self.crossing.next.program);
        let steps = |program: &Program, id: CampaignId| program.campaigns.get(id.index()).map(|def| def.steps.clone()).unwrap_or_default();
        // Where a step stands in the new text, or behind what it stood behind.
        let mut rows: Vec<((usize, usize), StepPlan)> = Vec::new();
        let mut position = 0;
        for (order, step) in steps(running, old).into_iter().enumerate() {
            let counted = self.counted(step);
            let fate = self.crossing.mapping.fate(step);
            position = fate.target().map_or(position, |to| to.index() + 1);
            let row = self.step_row(step, fate, counted);
            made.due_at_once += row.due_at_once;
            if is_worth_telling(&row) {
                rows.push(((position, order), row));
            } else {
                made.unchanged_steps += 1;
                made.unchanged_here += row.here;
            }
        }
        let added: Vec<StepId> = steps(next, new).into_iter().filter(|step| !self.is_target(*step)).collect();
        let reached = self.reached((old, &added));
        for step in added {
            let identity = next.steps.get(step.index()).map(|def| def.identity().to_string());
            let here = reached.get(&step).copied().unwrap_or(0);
            let row = StepPlan { old: None, new: identity, how: StepHow::New, here, due_at_once: 0, before: None, after: None, is_content_changed: false };
            rows.push(((step.index() + 1, 0), row));
        }
        rows.extend(self.late_rows(new).map(|row| ((usize::MAX, 0), row)));
        rows.sort_by_key(|(place, _)| *place);
        made.steps = rows.into_iter().map(|(_, row)| row).collect();
    }

    /// What is wrong with lines of `migrate`. A line that somebody stands at who was put aside earlier has work to do still.
    fn rule_findings(&self) -> impl Iterator<Item = &Finding> {
        let mapping = self.crossing.mapping;
        let works = |finding: &Finding| mapping.late.iter().any(|late| late.title == finding.title && self.aside_at(late) > 0);
        mapping.findings.iter().filter(move |finding| finding.is_error() || !works(finding))
    }

    fn aside_at(&self, late: &LateMove) -> u64 {
        self.survey.aside.get(&late.from).copied().unwrap_or(0)
    }

    /// The lines that lead those who were put aside by an earlier deploy.
    fn late_rows(&self, new: CampaignId) -> impl Iterator<Item = StepPlan> {
        let next = &self.crossing.next.program;
        let is_here = move |late: &&LateMove| self.aside_at(late) > 0 && self.late_campaign(late) == Some(new);
        self.crossing.mapping.late.iter().filter(is_here).map(|late| StepPlan {
            old: Some(late.step.clone()),
            new: late.to.and_then(|to| next.steps.get(to.index())).map(|def| def.identity().to_string()),
            how: if late.to.is_some() { StepHow::Rule } else { StepHow::Stopped },
            here: self.aside_at(late),
            due_at_once: 0,
            before: None,
            after: None,
            is_content_changed: false,
        })
    }

    fn late_campaign(&self, late: &LateMove) -> Option<CampaignId> {
        self.crossing.next.program.campaigns.iter().position(|def| *def.name == *late.campaign).map(CampaignId::from_index)
    }

    fn is_target(&self, step: StepId) -> bool {
        self.crossing.mapping.origins.get(step.index()).is_some_and(Option::is_some)
    }

    fn step_row(&self, step: StepId, fate: &Fate, counted: Counted) -> StepPlan {
        let (running, next) = (&self.crossing.running.program, &self.crossing.next.program);
        let identity = |program: &Program, id: StepId| program.steps.get(id.index()).map(|def| def.identity().to_string());
        let head = |program: &Program, id: StepId| {
            let def = program.steps.get(id.index())?;
            Some(program.outline.steps.get(id.index()).map_or(&def.text, |outline| &outline.head).to_string())
        };
        let how = match fate {
            Fate::Mapped { how: How::Rule, .. } => StepHow::Rule,
            Fate::Mapped { how: How::Name, .. } => StepHow::Name,
            Fate::Mapped { how: How::Anchor, .. } => StepHow::Anchor,
            Fate::Mapped { how: How::Ordinal, .. } => StepHow::Ordinal,
            Fate::Mapped { how: How::Moved, .. } => StepHow::Moved,
            Fate::Stopped => StepHow::Stopped,
            Fate::Ambiguous(_) => StepHow::Ambiguous,
            Fate::Gone => StepHow::Gone,
        };
        let (before, after) = (head(running, step), fate.target().and_then(|to| head(next, to)));
        let is_other = after.as_ref().is_some_and(|after| before.as_deref().map(squeeze) != Some(squeeze(after)));
        let content = |program: &Program, id: StepId| sent_by(program, id).map(|message| text_of(program, message));
        let is_content_changed = fate.target().is_some_and(|to| content(running, step) != content(next, to));
        let is_moved = how == StepHow::Moved;
        StepPlan {
            old: identity(running, step),
            new: fate.target().and_then(|to| identity(next, to)),
            how,
            here: if is_moved { self.had(step) } else { counted.here },
            due_at_once: if fate.target().is_some() { counted.due_at_once() } else { 0 },
            before: if is_other { before } else { None },
            after: if is_other { after } else { None },
            is_content_changed,
        }
    }

    /// How many of those inside may still come to each of the new steps.
    fn reached(&self, (old, added): (CampaignId, &[StepId])) -> BTreeMap<StepId, u64> {
        let mut reached: BTreeMap<StepId, u64> = BTreeMap::new();
        if added.is_empty() {
            return reached;
        }
        let standing = self.crossing.running.program.campaigns.get(old.index()).map_or(&[][..], |def| def.steps.as_slice());
        for step in standing {
            let here = self.counted(*step).here;
            let Some(to) = self.crossing.mapping.fate(*step).target().filter(|_| here > 0) else { continue };
            for ahead in ahead_of(&self.crossing.next.program, to) {
                if added.contains(&ahead) {
                    *reached.entry(ahead).or_default() += here;
                }
            }
        }
        reached
    }

    /// So many of those tried are so many of all inside a campaign.
    fn scaled(&self, id: StableId, count: u64) -> u64 {
        let tried = self.survey.tried.get(&id).copied().unwrap_or(0);
        let inside = self.survey.inside.get(&id).copied().unwrap_or(0);
        let all = (u128::from(count) * u128::from(inside)).checked_div(u128::from(tried)).unwrap_or(0);
        u64::try_from(all).unwrap_or(u64::MAX).max(count)
    }

    /// The last day of a campaign may be behind already: then it ends for all inside.
    fn end_of_time(&self, def: &CampaignDef, made: &mut CampaignPlan) {
        if def.active_until.is_none_or(|until| until > self.question.now) {
            return;
        }
        made.ends_at_once = made.inside;
        made.header.iter_mut().filter(|line| line.line.starts_with("active")).for_each(|line| line.ends_at_once = made.inside);
    }

    fn exits(&self, id: StableId, made: &mut CampaignPlan) {
        let Some(exits) = self.survey.exits.get(&id) else { return };
        let scaled = |count: u64| self.scaled(id, count);
        made.ends_at_once = exits.values().copied().map(scaled).sum();
        for (why, count) in exits {
            let count = scaled(*count);
            let line = made.header.iter_mut().filter(|line| line.line.starts_with("exit when") && line.change != "gone");
            let mut lines: Vec<_> = line.collect();
            let named = lines.iter().position(|line| line.line.ends_with(why.as_str()));
            if let Some(line) = lines.get_mut(named.unwrap_or(0)) {
                line.ends_at_once += count;
            }
        }
    }

    fn segments(&self, plan: &mut Plan) {
        let (running, next) = (self.crossing.running, self.crossing.next);
        for segment in &self.changed_segments {
            let Some(def) = next.program.segments.get(segment.index()) else { continue };
            let is_known = running.segment(stable(&next.deployment.segments, segment.index())).is_some();
            let (comes_in, goes_out) = self.survey.segments.get(&segment.index()).copied().unwrap_or_default();
            let change = if is_known { "changed" } else { "new" };
            plan.segments.push(SegmentPlan { segment: def.name.to_string(), change: change.to_owned(), comes_in, goes_out });
        }
        for (at, def) in running.program.segments.iter().enumerate() {
            if next.segment(stable(&running.deployment.segments, at)).is_none() {
                plan.segments.push(SegmentPlan { segment: def.name.to_string(), change: "gone".to_owned(), comes_in: 0, goes_out: 0 });
            }
        }
    }

    fn lingering(&self, plan: &mut Plan) {
        let registry = &self.crossing.running.deployment.registry;
        plan.lingering.extend(self.survey.lingering.iter().map(|(campaign, (enrollments, since))| LingeringPlan {
            campaign: registry.name_of(IdKind::Campaign, *campaign).map(ToString::to_string).unwrap_or_default(),
            enrollments: *enrollments,
            since: since.to_rfc3339(),
            days: u64::try_from(self.question.now.millis_since(*since) / 86_400_000).unwrap_or(0),
        }));
    }

    fn fields(&self, plan: &mut Plan) {
        let (running, next) = (self.crossing.running, self.crossing.next);
        for field in changed_fields(running, next) {
            let Some(def) = next.program.fields.get(field.index()) else { continue };
            let former = running.field(stable(&next.deployment.fields, field.index())).and_then(|id| running.program.fields.get(id.index()));
            let (values, misfits) = self.survey.fields.get(&field.index()).copied().unwrap_or_default();
            let (from, to) = (former.map(|former| former.ty.to_string()).unwrap_or_default(), def.ty.to_string());
            if misfits > 0 && !self.question.permits.cleared.contains(def.name.as_ref()) {
                plan.findings.push(problems::misfit(&def.name, (&from, &to), (misfits, values)));
            }
            plan.fields.push(FieldPlan { field: def.name.to_string(), from, to, values, misfits });
        }
        debug_assert!(running.deployment.registry.name_of(IdKind::Field, 0).is_none(), "0 is never given");
    }
}

/// A step that stays as it is needs no line of its own.
fn is_worth_telling(row: &StepPlan) -> bool {
    let is_settled = matches!(row.how, StepHow::Name | StepHow::Anchor | StepHow::Ordinal);
    !is_settled || row.before.is_some() || row.is_content_changed || row.due_at_once > 0
}

/// The steps that may come after one, whatever is decided on the way; itself only if it comes again.
pub(super) fn ahead_of(program: &Program, step: StepId) -> FxHashSet<StepId> {
    let start = program.code.iter().position(|op| *op == crate::bytecode::Op::Step(step)).map(Pc::from_index);
    let mut open: Vec<Pc> = start.map(|pc| program.behind(pc)).unwrap_or_default();
    let (mut seen, mut steps) = (FxHashSet::default(), FxHashSet::default());
    while let Some(pc) = open.pop() {
        if !seen.insert(pc) {
            continue;
        }
        if let Some(crate::bytecode::Op::Step(ahead)) = program.code.get(pc.index()) {
            steps.insert(*ahead);
        }
        open.extend(program.behind(pc));
    }
    steps
}

/// Whether anybody waits at a kind of step.
pub(super) fn is_standing_kind(kind: StepKind) -> bool {
    match kind {
        StepKind::Wait | StepKind::Decision | StepKind::Await | StepKind::Timeline | StepKind::Repeat | StepKind::Parallel | StepKind::Experiment => true,
        StepKind::Email
        | StepKind::Sms
        | StepKind::Push
        | StepKind::Reach
        | StepKind::Webhook
        | StepKind::Notify
        | StepKind::Split
        | StepKind::Change
        | StepKind::Sequence
        | StepKind::Stop => false,
    }
}
