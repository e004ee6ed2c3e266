//! What lowering reads: identities, decisions made explicit, sequences expanded, segments in order.

use super::{BASE, check};
use campc::semantic::hir::{ExprKind, Step, StepKind};

/// Every step's identity with what it does, indented by depth.
fn outline(steps: &[Step], depth: usize, out: &mut String) {
    for step in steps {
        let name = step.header.name.as_ref().map(|name| format!(" as {name}")).unwrap_or_default();
        let mut line = format!("{}{} {}{name}", "  ".repeat(depth), step.header.id.0, step.header.path);
        let mut inner: Vec<(&str, &[Step])> = Vec::new();
        match &step.kind {
            StepKind::Decide { deadline, then_, else_, .. } => {
                if let Some(deadline) = deadline {
                    let ExprKind::Literal(value) = &deadline.duration.kind else { panic!("a literal") };
                    line.push_str(&format!(" within {value}"));
                    if let Some(wait) = &deadline.wait {
                        line.push_str(&format!(" (wait {} {})", wait.id.0, wait.path));
                    }
                }
                inner.push(("then", then_));
                inner.push(("else", else_));
            }
            StepKind::Do { body, .. } => inner.push(("do", body)),
            StepKind::AddPoints { amount, .. } => line.push_str(&format!(" {:?}", amount.literal())),
            _ => {}
        }
        out.push_str(&line);
        out.push('\n');
        for (label, body) in inner {
            if !body.is_empty() {
                out.push_str(&format!("{}{label}:\n", "  ".repeat(depth + 1)));
                outline(body, depth + 2, out);
            }
        }
    }
}

fn outline_of(text: &str) -> String {
    let checked = check(&format!("{BASE}{text}"));
    let campaign = checked.project.campaigns.last().expect("a campaign");
    let mut out = String::new();
    outline(&campaign.steps, 0, &mut out);
    out
}

#[test]
fn the_red_paths_wait_becomes_the_deadline() {
    let text = "campaign a { when enrolled email welcome if opened(email) then sms short else { wait 3d email reminder } }";
    assert_eq!(outline_of(text), "5 email welcome\n6 if within 3d (wait 8 else/wait)\n  then:\n    7 then/sms short\n  else:\n    9 else/email reminder\n");
}

#[test]
fn not_within_swaps_its_arms() {
    let text = "campaign a { when enrolled if not purchase within 1w then tag \"no\" else tag \"yes\" }";
    assert_eq!(outline_of(text), "5 if within 1w\n  then:\n    7 else/tag yes\n  else:\n    6 then/tag no\n");
}

#[test]
fn sequences_are_expanded_with_their_arguments() {
    let text = "sequence q(n: number) { points +n wait 1d wait 2d as pause }\ncampaign a { when enrolled do q(3) do q(4) as again }";
    assert_eq!(
        outline_of(text),
        "5 do q\n  do:\n    6 do q/points Some(Number(3.0))\n    7 do q/wait\n    8 do q/wait#2 as do q/pause\n\
         9 do q#2 as again\n  do:\n    10 again/points Some(Number(4.0))\n    11 again/wait\n    12 again/wait#2 as again/pause\n"
    );
}

#[test]
fn equals_are_counted_by_their_whole_path() {
    let text = "campaign a { when enrolled if vip then email reminder if vip then email reminder else wait 1d wait 1d }";
    assert_eq!(outline_of(text), "5 if\n  then:\n    6 then/email reminder\n7 if#2\n  then:\n    8 then/email reminder#2\n  else:\n    9 else/wait\n10 wait\n");
}

#[test]
fn segments_stand_behind_those_they_read() {
    let checked = check(&format!("{BASE}segment a1 = in segment c1\nsegment b1 = points > 3\nsegment c1 = in segment b1 and in segment hot\n"));
    let names: Vec<&str> = checked.project.segments.iter().map(|segment| segment.name.as_ref()).collect();
    assert_eq!(names, ["hot", "b1", "c1", "a1"]);
    for (at, segment) in checked.project.segments.iter().enumerate() {
        assert!(segment.reads.iter().all(|read| read.index() < at));
    }
}
