//! What is remembered of one contact.

use super::World;
use campc::bytecode::{BuiltinField, CampaignId, Channel, EventId, ListId, MessageEvent, MessageId, SegmentId, StepId, TopicId};
use campc::lang::{Instant, Record, Value, Zone};
use campc::semantic::hir::{Campaign, Expr, Step, Until};
use campc::sim::{TraceContact, TraceFacts, TraceLine};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// What became of a sending.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    Held,
    Sent,
    Skipped,
    Failed,
    Cancelled,
}

/// A message on its way to the contact.
#[derive(Clone, Debug)]
pub struct Sending {
    pub message: MessageId,
    pub channel: Channel,
    pub step: StepId,
    /// The `reach` that it is a channel of.
    pub reach: Option<StepId>,
    pub fate: Fate,
    pub at: Instant,
    pub campaign: CampaignId,
    /// Since when a cap alone has kept it.
    pub capped_since: Option<Instant>,
    /// In which passes of the loops around it.
    pub passes: Vec<u32>,
    /// When a throttle lets it leave.
    pub slot: Option<Instant>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    Custom(EventId),
    Visited(Arc<str>),
    /// To the sending of that number.
    Message(MessageEvent, usize),
}

/// A remembered event.
#[derive(Clone, Debug)]
pub struct Event {
    pub what: Happened,
    pub properties: Record,
    pub detail: Option<Arc<str>>,
    pub happened: Instant,
    /// Its place in the order of acceptance.
    pub seq: usize,
}

/// Something that a trigger may wait for.
#[derive(Clone, Debug, PartialEq)]
pub enum Edge {
    Created,
    Event(usize),
    EnteredSegment(SegmentId),
    LeftSegment(SegmentId),
    EnteredList(ListId),
    LeftList(ListId),
    Tagged(Arc<str>),
    Untagged(Arc<str>),
    Field(usize, Value, Value),
    Points(usize, f64, f64),
    Subscribed(TopicId),
    Unsubscribed(TopicId),
    Enroll(CampaignId),
    Broadcast(CampaignId, usize),
}

/// Who is triggered, with what was captured.
#[derive(Clone, Debug)]
pub struct Start {
    pub campaign: CampaignId,
    pub slot: Option<usize>,
    pub record: Value,
}

/// Where in a block an enrollment goes on.
#[derive(Clone, Copy, Debug)]
pub enum Frame<'p> {
    Block(&'p [Step], usize),
    /// A pass of a `repeat` that began then, with the place in the order of acceptance; how many passes have begun.
    Repeat(&'p Step, Instant, usize, u32),
    /// The channels of a `reach` that are still to be tried.
    Reach(&'p [Step], usize),
    /// An arm of a timeline: the timeline, and which run of its arm.
    Arm(&'p Step, usize),
}

/// What a thread waits for.
#[derive(Clone, Debug)]
pub enum Wait<'p> {
    /// A moment that is fixed, and the one that then is waited for.
    Timer(Instant, Option<&'p Until>),
    /// A moment that is planned anew with every change: since when it has been waited for, and what is planned.
    Until(&'p Until, Instant, Option<Instant>),
    /// A condition, or the time is up; what had been accepted on arrival.
    Listen { arms: Vec<Arm<'p>>, since: Instant, due: Option<Instant>, late: &'p [Step], from_seq: usize, is_decision: bool },
    /// The window opens. What may still take the place of the message.
    Held { send: usize, until: Option<Instant>, instead: Option<Arm<'p>> },
    /// A place under a limit that others may want at the same instant.
    Place { send: usize, instead: Option<Arm<'p>> },
    /// The arms of a timeline, of which each runs at its time as a line of its own.
    Timeline { step: &'p Step, seen: Value, arms: Vec<TimelineArm>, children: Vec<usize> },
    /// All branches of a `parallel`, by thread.
    Join(Vec<usize>),
    /// A gap between two passes.
    Gap { step: &'p Step, until: Instant, passes: u32 },
    /// The answer to a webhook, which comes as an input of its own.
    Answer(usize),
    /// For ever.
    Never,
}

/// An arm of a timeline on its way.
#[derive(Clone, Debug)]
pub struct TimelineArm {
    pub planned: Option<Instant>,
    pub is_done: bool,
    pub is_past: bool,
}

/// Triggering events that are gathered before the steps begin: since the first, and until when.
#[derive(Clone, Copy, Debug)]
pub struct Gathering {
    pub since: Instant,
    pub until: Instant,
}

/// A rhythm in which points fade: since when, how often they have, and when they do next.
#[derive(Clone, Copy, Debug)]
pub struct Fade {
    pub since: Instant,
    pub times: u32,
    pub due: Instant,
}

/// A condition and what it leads to.
#[derive(Clone, Copy, Debug)]
pub struct Arm<'p> {
    pub condition: &'p Expr,
    pub body: &'p [Step],
    pub capture: Option<usize>,
    /// How many frames were open at the decision.
    pub depth: usize,
}

/// One line of execution.
#[derive(Clone, Debug)]
pub struct Thread<'p> {
    pub frames: Vec<Frame<'p>>,
    pub wait: Option<Wait<'p>>,
    /// At which step it stands.
    pub step: Option<StepId>,
    pub is_done: bool,
    /// The pass that it was begun in, as a branch.
    pub pass: Option<(Instant, usize)>,
    /// The decision whose red path this thread has just taken.
    pub red: Option<Arm<'p>>,
    /// Numbers of the sendings on its path.
    pub path: Vec<usize>,
    /// Whether its last send found no way to the contact.
    pub is_unreachable: bool,
}

/// One pass of the contact through a campaign.
#[derive(Clone, Debug)]
pub struct Enrollment<'p> {
    pub id: usize,
    pub campaign: CampaignId,
    pub started: Instant,
    /// When it first came in: a restart begins anew, the time for goals does not.
    pub entered: Instant,
    /// Events accepted before this are not its history.
    pub since: usize,
    pub captures: Vec<Value>,
    pub threads: Vec<Thread<'p>>,
    pub each: Option<Value>,
    /// What its events are gathered by.
    pub by: Option<Value>,
    /// Numbers of all its sendings.
    pub path: Vec<usize>,
    /// Whether it has ended: only its goals may still be counted.
    pub is_over: bool,
    /// Whether it only is measured.
    pub is_held_out: bool,
    pub goals: Vec<bool>,
    pub gathering: Option<Gathering>,
    /// Arms of timelines that have run, by the step of the timeline: each once an enrollment.
    pub arms: Vec<(StepId, Value, Vec<TimelineArm>)>,
    /// The steps that it has come to: who has come to more is further on.
    pub executed: BTreeSet<StepId>,
    /// Messages that another enrollment, which went up in this one, has sent already.
    pub done_elsewhere: Vec<(StepId, Vec<u32>)>,
}

/// A contact.
pub struct Person<'p> {
    pub world: &'p World<'p>,
    pub index: usize,
    pub now: Instant,
    pub zone: Zone,
    /// Whether the zone has changed at this instant: windows and clock times are planned anew.
    pub is_zone_new: bool,
    pub is_there: bool,
    /// Whom it went up in.
    pub merged_into: Option<usize>,
    pub fields: Vec<Value>,
    pub tags: BTreeSet<Arc<str>>,
    pub lists: BTreeSet<ListId>,
    pub points: Vec<f64>,
    /// Rhythms in which points fade, by group and line: since when, and how often they have.
    pub fades: BTreeMap<(usize, usize), Fade>,
    /// Given or withdrawn, where anything is recorded.
    pub channels: [Option<bool>; 3],
    pub topics: BTreeMap<TopicId, bool>,
    /// Addresses that bounced: a new one leaves the bounce behind.
    pub bounced: Vec<Value>,
    pub complained: bool,
    pub has_device: bool,
    pub muted_until: Option<Instant>,
    pub segments: Vec<bool>,
    pub events: Vec<Event>,
    pub sends: Vec<Sending>,
    /// When each point rule gave, and for which campaign's message.
    pub given: Vec<Vec<(Instant, Option<CampaignId>)>>,
    pub enrollments: Vec<Enrollment<'p>>,
    /// Campaign, end and value of `each` of those that have ended.
    pub past: Vec<(CampaignId, Instant, Option<Value>)>,
    /// Sendings that ask for the slot of a throttle, with enrollment and thread before.
    pub queueing: Vec<(usize, usize, usize)>,
    /// Webhooks that wait for their answer: enrollment and thread, slot, webhook.
    pub asked: VecDeque<(usize, usize, usize, usize)>,
    /// Timelines whose arms are being begun: enrollment and thread.
    pub beginning: Vec<(usize, usize)>,
    pub edges: VecDeque<Edge>,
    pub starts: VecDeque<Start>,
    /// Campaigns that are paused, and the one whose people are just deciding what they do after a pause.
    pub paused: BTreeSet<CampaignId>,
    pub resuming: Option<CampaignId>,
    pub missed: Vec<Start>,
    pub seq: usize,
    /// When each number of the order of acceptance was given.
    pub accepted: Vec<Instant>,
    pub next_id: usize,
    pub broadcasts_until: Instant,
    pub trace: TraceContact,
}

impl<'p> Person<'p> {
    pub fn new(world: &'p World<'p>, index: usize, now: Instant) -> Person<'p> {
        let project = world.project;
        Person {
            world,
            index,
            now,
            zone: world.zone.clone(),
            is_zone_new: false,
            is_there: false,
            merged_into: None,
            fields: vec![Value::Unset; project.fields.len()],
            tags: BTreeSet::new(),
            lists: BTreeSet::new(),
            points: vec![0.0; project.groups.len().max(1)],
            fades: BTreeMap::new(),
            channels: [None; 3],
            topics: BTreeMap::new(),
            bounced: Vec::new(),
            complained: false,
            has_device: false,
            muted_until: None,
            segments: vec![false; project.segments.len()],
            events: Vec::new(),
            sends: Vec::new(),
            given: vec![Vec::new(); project.rules.len()],
            enrollments: Vec::new(),
            past: Vec::new(),
            queueing: Vec::new(),
            asked: VecDeque::new(),
            beginning: Vec::new(),
            edges: VecDeque::new(),
            starts: VecDeque::new(),
            paused: BTreeSet::new(),
            resuming: None,
            missed: Vec::new(),
            seq: 0,
            accepted: vec![Instant::FAR_PAST],
            next_id: 0,
            broadcasts_until: now,
            trace: TraceContact::default(),
        }
    }

    pub fn campaign(&self, id: CampaignId) -> &'p Campaign {
        &self.world.project.campaigns[id.index()]
    }

    /// The value of a field, its default where it has none.
    pub fn field(&self, index: usize) -> Value {
        let def = &self.world.project.fields[index];
        if def.builtin == Some(BuiltinField::Points) {
            return Value::Number(self.points[0]);
        }
        match &self.fields[index] {
            Value::Unset => def.default.clone(),
            value => value.clone(),
        }
    }

    /// The contact's own zone, else the project's.
    pub fn zone(&self) -> Zone {
        self.zone.clone()
    }

    pub fn look_up_zone(&self) -> Zone {
        let own = self.field(self.world.builtin(BuiltinField::Timezone));
        own.as_text().and_then(Zone::find).unwrap_or_else(|| self.world.zone.clone())
    }

    pub fn log(&mut self, what: campc::advance::What, campaign: Option<CampaignId>, step: Option<StepId>, why: &str) {
        self.trace.lines.push(TraceLine { at: self.now, campaign, step, what, why: Arc::from(why) });
    }

    pub fn snapshot(&mut self) {
        if !self.is_there {
            self.trace.facts.push(TraceFacts::default());
            return;
        }
        let ids = |count: usize| (0..count).map(|index| u32::try_from(index).expect("tables are small"));
        let facts = TraceFacts {
            fields: (0..self.fields.len()).map(|index| self.field(index)).collect(),
            points: self.points.clone(),
            tags: self.tags.iter().cloned().collect(),
            lists: self.lists.iter().copied().collect(),
            segments: ids(self.segments.len()).map(SegmentId).filter(|id| self.segments[id.index()]).collect(),
        };
        self.trace.facts.push(facts);
    }
}
