//! Random edits with people inside: whoever stands anywhere goes on, finishes on the old version or is stranded; nothing is sent twice.

use super::rig::{DAY, HOUR, START};
use campc::advance::{Bringing, Input, InputKind, Outcome, Switches, advance, redeploy};
use campc::bytecode::{Program, program_hash};
use campc::compiler::{Workspace, analyze, compile};
use campc::lang::Instant;
use campc::machine::state::{ContactState, ContactUid, EffectId};
use campc::machine::{Deployment, Linked, Terms};
use campc::migrate::{Choices, align};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Edits in the suite; `CAMP_EDITS` makes it more.
const EDITS: u64 = 250;
/// Contacts that are inside at each edit, each somewhere else.
const PEOPLE: u64 = 8;

/// A sequence that is the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

#[derive(Clone)]
enum Node {
    Line(String),
    Block(String, Vec<Node>, Vec<Node>),
}

fn node(dice: &mut Dice, depth: usize) -> Node {
    let mail = ["a", "b", "c", "d"][dice.roll(4)];
    match dice.roll(if depth == 0 { 9 } else { 7 }) {
        0 | 1 => Node::Line(format!("email {mail}")),
        2..=4 => Node::Line(format!("wait {}d", 1 + dice.roll(4))),
        5 => Node::Line(format!("wait {}h", 6 + dice.roll(20))),
        6 => Node::Line("points +1".to_owned()),
        _ => {
            let condition = ["points > 3", "points > 0", "purchase within 2d"][dice.roll(3)];
            Node::Block(condition.to_owned(), nodes(dice, depth + 1, 3), nodes(dice, depth + 1, 3))
        }
    }
}

fn nodes(dice: &mut Dice, depth: usize, most: usize) -> Vec<Node> {
    (0..1 + dice.roll(most)).map(|_| node(dice, depth)).collect()
}

fn edit(dice: &mut Dice, steps: &mut Vec<Node>) {
    let at = dice.roll(steps.len());
    if let Node::Block(_, yes, no) = &mut steps[at]
        && dice.roll(3) > 0
    {
        let arm = if dice.roll(2) == 0 { yes } else { no };
        return edit(dice, arm);
    }
    match dice.roll(5) {
        0 => steps.insert(at, node(dice, 1)),
        1 if steps.len() > 1 => drop(steps.remove(at)),
        2 => {
            let to = dice.roll(steps.len());
            steps.swap(at, to);
        }
        3 => steps.insert(at, steps[at].clone()),
        _ => steps[at] = node(dice, 1),
    }
}

fn write(steps: &[Node], indent: usize, out: &mut String) {
    let blank = " ".repeat(indent);
    for step in steps {
        match step {
            Node::Line(line) => out.push_str(&format!("{blank}{line}\n")),
            Node::Block(condition, yes, no) => {
                out.push_str(&format!("{blank}if {condition} then {{\n"));
                write(yes, indent + 2, out);
                out.push_str(&format!("{blank}}} else {{\n"));
                write(no, indent + 2, out);
                out.push_str(&format!("{blank}}}\n"));
            }
        }
    }
}

fn program(steps: &[Node]) -> Option<Arc<Program>> {
    let mut source = "project \"Acme\" { timezone \"UTC\" from \"a@acme.example\" address \"1 King St\" }\nevent purchase\n".to_owned();
    for mail in ["a", "b", "c", "d"] {
        source.push_str(&format!("email {mail} {{ subject \"S\" body \"B. https://acme.example/1\" }}\n"));
    }
    source.push_str("campaign \"c\" {\n  published\n  when contact created\n");
    write(steps, 2, &mut source);
    source.push_str("}\n");
    let analysis = analyze(&Workspace::of_source("main.camp", &source));
    analysis.errors().is_empty().then(|| Arc::new(compile(&analysis).unwrap()))
}

/// A contact on its way, and every effect there ever was.
struct Person {
    state: ContactState,
    wake: Option<Instant>,
    effects: BTreeSet<EffectId>,
    now: Instant,
}

impl Person {
    fn take(&mut self, outcome: Outcome, case: &str) {
        self.wake = outcome.next_wake;
        for effect in outcome.effects {
            assert!(self.effects.insert(effect.id), "an effect came twice\n{case}");
        }
    }
    fn feed(&mut self, linked: &Linked, kind: InputKind, case: &str) {
        let outcome = advance(linked, &Switches::default(), &mut self.state, &Input::new(kind), self.now);
        self.take(outcome, case);
    }
    fn run(&mut self, linked: &Linked, until: Instant, case: &str) {
        while let Some(at) = self.wake.filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.feed(linked, InputKind::Wake, case);
        }
        self.now = until;
    }
}

fn one_edit(seed: u64) -> Option<(usize, usize)> {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let steps = nodes(&mut dice, 0, 6);
    let mut edited = steps.clone();
    (0..1 + dice.roll(3)).for_each(|_| edit(&mut dice, &mut edited));
    let (old, new) = (program(&steps)?, program(&edited)?);
    let mut text = String::new();
    write(&steps, 0, &mut text);
    text.push_str("---\n");
    write(&edited, 0, &mut text);
    let first = Deployment::next(&old, program_hash(&old), START, None);
    let running = Arc::new(Linked::new(old, first));
    let mapping = align((&running.program, &running.deployment), &new, &Choices::default());
    let is_finishing_on_old = dice.roll(2) == 0;
    let lineage = mapping.lineage(&running.deployment);
    let second = Deployment::next(&new, program_hash(&new), START, Some((&running.deployment, &lineage)));
    let second = Deployment { terms: Terms { is_finishing_on_old, ..Terms::default() }, ..second };
    let next = Linked::new(new, second).with_former(vec![running.clone()]);
    let (mut moved, mut aside) = (0, 0);
    for number in 0..PEOPLE {
        let case = format!("seed {seed}, contact {number}, finishing on old: {is_finishing_on_old}\n{text}");
        let uid = ContactUid(seed * 1_000 + number);
        let state = ContactState { uid, created_at: START, accepted_at: START, deployment: 1, ..ContactState::default() };
        let mut person = Person { state, wake: None, effects: BTreeSet::new(), now: START };
        let email = running.program.fields.iter().position(|field| field.name.as_ref() == "email").map(campc::bytecode::FieldId::from_index).unwrap();
        let changes = vec![campc::advance::Change::SetField(email, campc::lang::Value::text("a@x.example"))];
        person.feed(&running, InputKind::Created { changes }, &case);
        let moment = START.plus_millis(i64::try_from(dice.roll(9 * 24)).unwrap() * HOUR);
        person.run(&running, moment, &case);
        let before = person.state.enrollments.len();
        let outcome = redeploy(&next, &Switches::default(), (&mut person.state, &mut Bringing::default()), moment);
        person.take(outcome, &case);
        let ended = person.state.past.iter().filter(|(_, past)| past.ended.is_some()).count();
        assert_eq!(person.state.enrollments.len() + ended, 1, "somebody is lost\n{case}");
        moved += before - person.state.asides.len().min(before);
        aside += person.state.asides.len();
        person.run(&next, moment.plus_millis(90 * DAY), &case);
        for enrollment in &person.state.enrollments {
            assert!(person.state.is_stranded(enrollment.uid), "somebody stands still for no reason\n{case}\n{enrollment:#?}");
            assert!(!is_finishing_on_old, "those without a place were to finish\n{case}");
        }
    }
    Some((moved, aside))
}

#[test]
fn r03_no_edit_loses_anybody_or_sends_anything_twice() {
    let edits = std::env::var("CAMP_EDITS").ok().and_then(|edits| edits.parse().ok()).unwrap_or(EDITS);
    let done: Vec<(usize, usize)> = (1..=edits).filter_map(one_edit).collect();
    let (moved, aside) = done.iter().fold((0, 0), |(moved, aside), one| (moved + one.0, aside + one.1));
    assert!(done.len() > usize::try_from(edits).unwrap() / 2, "{} of {edits} were programs", done.len());
    assert!(moved > 0 && aside > 0, "{moved} moved, {aside} put aside");
}
