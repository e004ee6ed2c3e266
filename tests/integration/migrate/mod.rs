//! Aligning two programs, and the plan of a deploy.

mod aligning;
mod planning;
mod properties;

use campc::bytecode::{Program, program_hash};
use campc::compiler::{Workspace, analyze, compile};
use campc::lang::Instant;
use campc::machine::Deployment;
use campc::migrate::{Choices, Fate, Mapping, align};

/// The program of a source that has no project of its own.
pub fn program(source: &str) -> Program {
    let project = format!("project \"Acme\" {{ timezone \"UTC\" from \"a@acme.example\" address \"1 King St\" }}\n{source}");
    let analysis = analyze(&Workspace::of_source("main.camp", &project));
    assert!(analysis.errors().is_empty(), "{:#?}\n{source}", analysis.errors());
    compile(&analysis).unwrap()
}

/// A first deployment.
pub fn deployed(program: &Program) -> Deployment {
    Deployment::next(program, program_hash(program), Instant(0), None)
}

/// The messages that steps send, and a campaign with these steps.
pub fn campaign(steps: &str) -> String {
    campaign_with("", steps)
}

/// The same with lines of a header.
pub fn campaign_with(header: &str, steps: &str) -> String {
    let message = |name: &str| format!("email {name} {{ subject \"{name}\" transactional body \"Hello, {name}.\" }}\n");
    let messages: String = ["one", "two", "three"].iter().map(|name| message(name)).collect();
    format!("{messages}event buy {{ sku: text }}\ncampaign \"c\" {{ published when contact created {header}\n{steps} }}")
}

pub fn aligned(old: &str, new: &str) -> (Program, Program, Mapping) {
    let (old, new) = (program(old), program(new));
    let mapping = align((&old, &deployed(&old)), &new, &Choices::default());
    (old, new, mapping)
}

/// `wait#2 -> cooldown rule`, a line a step of the old version; of an ambiguous one its candidates.
pub fn lines(old: &str, new: &str) -> Vec<String> {
    let (old, new, mapping) = aligned(old, new);
    let name = |program: &Program, id: campc::bytecode::StepId| program.steps[id.index()].identity().to_string();
    let line = |(at, fate): (usize, &Fate)| {
        let from = old.steps[at].identity();
        match fate {
            Fate::Mapped { to, how } => format!("{from} -> {} {}", name(&new, *to), format!("{how:?}").to_lowercase()),
            Fate::Stopped => format!("{from} stopped"),
            Fate::Ambiguous(candidates) => {
                let candidates: Vec<String> = candidates.iter().map(|to| name(&new, *to)).collect();
                format!("{from} ? {}", candidates.join(" "))
            }
            Fate::Gone => format!("{from} gone"),
        }
    };
    mapping.fates.iter().enumerate().map(line).collect()
}
