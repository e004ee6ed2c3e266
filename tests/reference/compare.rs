//! One case through both: the machine by way of `campc test`'s own door, and the reference. What a user would see must be the same.

use super::{Mutant, interpret};
use campc::advance::What;
use campc::compiler::{Workspace, analyze, compile_with_tests};
use campc::lang::Zone;
use campc::semantic::hir::{Project, Step, StepKind, Test, TestStepKind};
use campc::sim::{TestSuite, TraceContact, TraceFacts, TraceLine, trace_test};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// What became of a case.
#[derive(Debug)]
pub enum Verdict {
    /// The compiler found these mistakes in it: the generator's fault, or the checker's.
    Rejected(Vec<String>),
    /// So many histories agreed; so many were left out because a chain was cut.
    Agreed {
        histories: usize,
        cut: usize,
    },
    Differs(Box<Difference>),
}

/// Where the two go apart.
#[derive(Debug)]
pub struct Difference {
    /// The history's number.
    pub history: usize,
    /// Both stories of the contact, and a mark where they part.
    pub report: String,
    /// What the first lines that differ are about: a shrunk case must still be about that.
    pub kind: String,
}

/// The holidays of the made projects: near where their histories begin.
const HOLIDAYS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Acme//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20260109\r\nSUMMARY:One\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20260309\r\nSUMMARY:Two\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// A made source with the file that it names.
pub fn workspace(source: &str) -> Workspace {
    let mut workspace = Workspace::of_source("case.camp", source);
    workspace.add_file("holidays.ics", HOLIDAYS);
    workspace
}

/// How often each thing occurred, and what took the time: compiling, the machine, the reference.
#[derive(Clone, Debug, Default)]
pub struct Counters(pub BTreeMap<String, usize>, pub [std::time::Duration; 3]);

impl Counters {
    pub fn count(&mut self, what: &str) {
        if let Some(count) = self.0.get_mut(what) {
            *count += 1;
        } else {
            self.0.insert(what.to_owned(), 1);
        }
    }
    pub fn add(&mut self, other: &Counters) {
        for (what, count) in &other.0 {
            *self.0.entry(what.clone()).or_default() += count;
        }
        for (mine, others) in self.1.iter_mut().zip(other.1) {
            *mine += others;
        }
    }
}

/// Compiles a source and runs its histories by both.
pub fn compare(source: &str, mutant: Mutant, counters: &mut Counters) -> Verdict {
    match catch_unwind(AssertUnwindSafe(|| compare_unguarded(source, mutant, counters))) {
        Ok(verdict) => verdict,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let text = text.unwrap_or_default();
            Verdict::Differs(Box::new(Difference { history: 0, report: format!("a panic: {text}"), kind: "panic".to_owned() }))
        }
    }
}

fn compare_unguarded(source: &str, mutant: Mutant, counters: &mut Counters) -> Verdict {
    let began = Instant::now();
    let analysis = analyze(&workspace(source));
    let compiled = if analysis.has_errors() { Err(analysis.errors()) } else { compile_with_tests(&analysis) };
    let (program, blocks) = match compiled {
        Ok(compiled) => compiled,
        Err(findings) => {
            let describe =
                |finding: &campc::diagnostics::Diagnostic| format!("{} {}: {}", finding.code, analysis.sources.describe(finding.primary.span), finding.title);
            return Verdict::Rejected(findings.iter().map(describe).collect());
        }
    };
    let suite = match TestSuite::new(program, blocks) {
        Ok(suite) => suite,
        Err(error) => return Verdict::Rejected(vec![error]),
    };
    counters.1[0] += began.elapsed();
    let project = &analysis.project;
    let (mut histories, mut cut) = (0, 0);
    for (number, test) in project.tests.iter().enumerate() {
        let began = Instant::now();
        let machine = trace_test(&suite, number, test);
        counters.1[1] += began.elapsed();
        if is_cut(&machine) {
            cut += 1;
            continue;
        }
        let began = Instant::now();
        let reference = interpret_some_way(project, test, mutant, &machine);
        counters.1[2] += began.elapsed();
        let Some(reference) = reference.filter(|reference| !is_cut(reference)) else {
            cut += 1;
            continue;
        };
        count(&machine, counters);
        if let Some(difference) = difference(project, test, &machine, &reference) {
            return Verdict::Differs(Box::new(Difference { history: number, ..difference }));
        }
        histories += 1;
    }
    Verdict::Agreed { histories, cut }
}

/// More ways than this nobody tries.
const WAYS: usize = 2_000;

/// Which arm of a split a contact falls into is a hash that the specification leaves open: the reference tries them all, and the one that agrees is
/// taken. None where there are too many.
fn interpret_some_way(project: &Project, test: &Test, mutant: Mutant, machine: &[TraceContact]) -> Option<Vec<TraceContact>> {
    let mut best = interpret(project, test, mutant, &[]);
    let open = all_choices(project);
    if open.is_empty() || is_cut(&best) {
        return Some(best);
    }
    // Who shares something with others cannot be looked at alone.
    let is_shared = !project.policy.throttles.is_empty() || project.campaigns.iter().any(|campaign| campaign.throttle.is_some());
    let is_coupled = is_shared || test.steps.iter().any(|step| matches!(step.kind, TestStepKind::Merge { .. }));
    let groups: Vec<Vec<usize>> = if is_coupled { vec![(0..best.len()).collect()] } else { (0..best.len()).map(|who| vec![who]).collect() };
    for group in groups {
        let own: Vec<(usize, u32, usize)> = group.iter().flat_map(|who| open.iter().map(|(step, arms)| (*who, *step, *arms))).collect();
        let ways: usize = own.iter().map(|(.., arms)| arms).product();
        if ways > WAYS {
            return None;
        }
        let differs = |traces: &[TraceContact]| group.iter().any(|who| contact_difference(project, test, *who, &machine[*who], &traces[*who]).is_some());
        let common = |traces: &[TraceContact]| group.iter().map(|who| agreed(&machine[*who], &traces[*who])).sum::<usize>();
        for way in 1..ways {
            if !differs(&best) {
                break;
            }
            let other = interpret(project, test, mutant, &chosen(&own, way));
            // Where none agrees, the one that does for longest tells most.
            if !differs(&other) || common(&other) > common(&best) {
                group.iter().for_each(|who| best[*who] = other[*who].clone());
            }
        }
    }
    Some(best)
}

/// The arm of each choice in a way.
fn chosen(own: &[(usize, u32, usize)], way: usize) -> Vec<(usize, u32, usize)> {
    let mut rest = way;
    let pick = |(who, step, arms): &(usize, u32, usize)| {
        let arm = rest % arms;
        rest /= arms;
        (*who, *step, arm)
    };
    own.iter().map(pick).collect()
}

/// What is left open: splits, with how many arms each has.
fn all_choices(project: &Project) -> Vec<(u32, usize)> {
    let mut open = Vec::new();
    project.campaigns.iter().for_each(|campaign| open_choices(&campaign.steps, &mut open));
    open
}

/// How many lines two stories have in common.
fn agreed(machine: &TraceContact, reference: &TraceContact) -> usize {
    let seen = |trace: &TraceContact| trace.lines.iter().filter(|line| is_seen(line)).cloned().collect::<Vec<_>>();
    seen(machine).iter().zip(&seen(reference)).take_while(|(a, b)| is_same(a, b)).count()
}

/// Every split, and how many arms it has.
fn open_choices(steps: &[Step], open: &mut Vec<(u32, usize)>) {
    for step in steps {
        if let StepKind::Split(arms) = &step.kind {
            open.push((step.header.id.0, arms.len()));
        }
        super::bodies(&step.kind).into_iter().for_each(|body| open_choices(body, open));
    }
}

fn is_cut(trace: &[TraceContact]) -> bool {
    trace.iter().any(|contact| contact.lines.iter().any(|line| line.what == What::Problem))
}

fn count(trace: &[TraceContact], counters: &mut Counters) {
    for line in trace.iter().flat_map(|contact| &contact.lines) {
        counters.count(line.what.word());
        if matches!(line.what, What::Skipped | What::NotEnrolled) {
            counters.count(&format!("{}: {}", line.what.word(), line.why));
        }
    }
}

/// What is compared of a journal: what a user sees happen, not how the engine speaks of its work.
fn is_seen(line: &TraceLine) -> bool {
    match line.what {
        What::NotEnrolled => &*line.why != "past",
        // What is said of arms that do not run is not laid down.
        What::Skipped => &*line.why != "past",
        What::Enrolled | What::Sent | What::Exited | What::Stopped | What::Finished | What::Restarted => true,
        What::Called | What::Notified | What::Goal | What::EnteredSegment | What::LeftSegment => true,
        What::Waiting | What::Decided | What::Held | What::Failed | What::Cancelled | What::Changed => false,
        What::Problem | What::Merged | What::Moved | What::HandedOver | What::LateResult => false,
        What::Faulted | What::Quarantined | What::Retried | What::Dropped => false,
    }
}

fn is_same(a: &TraceLine, b: &TraceLine) -> bool {
    let has_reason = matches!(a.what, What::NotEnrolled | What::Skipped);
    let has_step = matches!(a.what, What::Sent | What::Skipped | What::Called | What::Notified);
    let has_name = matches!(a.what, What::EnteredSegment | What::LeftSegment);
    (a.at, a.campaign, a.what) == (b.at, b.campaign, b.what)
        && (!has_step || a.step == b.step)
        && (!has_reason || a.why == b.why)
        && (!has_name || a.why.contains(&*b.why) || b.why.contains(&*a.why))
}

fn difference(project: &Project, test: &Test, machine: &[TraceContact], reference: &[TraceContact]) -> Option<Difference> {
    machine.iter().zip(reference).enumerate().find_map(|(who, (machine, reference))| contact_difference(project, test, who, machine, reference))
}

fn contact_difference(project: &Project, test: &Test, who: usize, machine: &TraceContact, reference: &TraceContact) -> Option<Difference> {
    let zone = test.now.as_ref().and_then(|now| now.zone.as_deref()).and_then(Zone::find).unwrap_or_else(Zone::utc);
    let name = test.contacts[who].name.as_deref().unwrap_or("contact");
    let seen = |trace: &TraceContact| trace.lines.iter().filter(|line| is_seen(line)).cloned().collect::<Vec<_>>();
    let (left, right) = (seen(machine), seen(reference));
    let first = (0..left.len().max(right.len())).find(|at| !left.get(*at).zip(right.get(*at)).is_some_and(|(a, b)| is_same(a, b)));
    if let Some(at) = first {
        let show = |line: Option<&TraceLine>| line.map_or_else(|| "nothing".to_owned(), |line| describe(project, &zone, line));
        let word = |line: Option<&TraceLine>| line.map_or("nothing", |line| line.what.word());
        let mut report = format!("{name}: the stories part at line {}\n  machine:   {}\n  reference: {}\n", at + 1, show(left.get(at)), show(right.get(at)));
        for (who, lines) in [("machine", &left), ("reference", &right)] {
            let _ = writeln!(report, "  the {who}'s story:");
            for line in lines.iter().take(at + 6) {
                let _ = writeln!(report, "    {}", describe(project, &zone, line));
            }
        }
        let kind = format!("{} / {}", word(left.get(at)), word(right.get(at)));
        return Some(Difference { history: 0, report, kind });
    }
    if machine.calls != reference.calls {
        let report = format!("{name}: webhooks were called otherwise\n  machine:   {:?}\n  reference: {:?}\n", machine.calls, reference.calls);
        return Some(Difference { history: 0, report, kind: "webhook".to_owned() });
    }
    if let Some((what, report)) = facts_difference(project, &machine.facts, &reference.facts) {
        return Some(Difference { history: 0, report: format!("{name}: {report}"), kind: format!("facts: {what}") });
    }
    None
}

fn facts_difference(project: &Project, machine: &[TraceFacts], reference: &[TraceFacts]) -> Option<(String, String)> {
    for (at, (a, b)) in machine.iter().zip(reference).enumerate() {
        for (index, (left, right)) in a.fields.iter().zip(&b.fields).enumerate() {
            let name = &project.fields[index].name;
            if left != right && !["points", "id", "last_seen_at"].contains(&&**name) {
                return Some((name.to_string(), format!("at expectation {}: {name} is {left} by the machine, {right} by the reference\n", at + 1)));
            }
        }
        let others = [
            ("points", format!("{:?}", a.points), format!("{:?}", b.points)),
            ("tags", format!("{:?}", a.tags), format!("{:?}", b.tags)),
            ("lists", format!("{:?}", a.lists), format!("{:?}", b.lists)),
            ("segments", format!("{:?}", a.segments), format!("{:?}", b.segments)),
        ];
        for (what, left, right) in others {
            if left != right {
                return Some((what.to_owned(), format!("at expectation {}: {what} are {left} by the machine, {right} by the reference\n", at + 1)));
            }
        }
    }
    None
}

fn describe(project: &Project, zone: &Zone, line: &TraceLine) -> String {
    let campaign = line.campaign.map_or_else(String::new, |id| format!(" campaign {:?}", project.campaigns[id.index()].name));
    let step = line.step.map_or_else(String::new, |id| format!(" step #{}", id.0));
    format!("{}.{:03} {}{campaign}{step} {}", zone.format(line.at), line.at.0.rem_euclid(1000), line.what.word(), line.why)
}
