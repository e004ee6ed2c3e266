//! What a plan finds: one constructor a code, with its text. A finding is plain data, because it crosses the daemon's door.

use super::tree::Tree;
use crate::base::{Code, Span};
use crate::bytecode::{MigrationDef, Program, StepId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Which program a place belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The one that is deployed.
    Running,
    /// The one that is to be deployed.
    New,
}

/// What a plan found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `E2103`.
    pub code: Cow<'static, str>,
    /// What is so, with numbers: `311 contacts stand at \`wait#2\`, which no longer exists`.
    pub title: String,
    /// The campaign's name in the new program, or in the running one where it is gone.
    pub campaign: String,
    /// Where: `main.camp:14:3`; empty where it is nowhere.
    pub source: String,
    /// Whose source that is.
    pub version: Version,
    /// What else is to be known, line by line.
    pub notes: Vec<String>,
    /// What to do.
    pub help: String,
    /// Lines of source to add to the campaign, where that settles it: whole and ready.
    pub block: Option<String>,
    /// How many contacts it concerns.
    pub contacts: u64,
}

impl Finding {
    /// Whether the plan cannot be deployed as long as it stands.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.code.starts_with('E')
    }
    pub(super) fn new(code: Code, campaign: &str, title: String) -> Finding {
        Finding {
            code: Cow::Borrowed(code.as_str()),
            title,
            campaign: campaign.to_owned(),
            source: String::new(),
            version: Version::Running,
            notes: Vec::new(),
            help: String::new(),
            block: None,
            contacts: 0,
        }
    }
    pub(super) fn at(self, version: Version, source: String) -> Finding {
        Finding { version, source, ..self }
    }
    pub(super) fn with_help(self, help: impl Into<String>) -> Finding {
        Finding { help: help.into(), ..self }
    }
    pub(super) fn with_note(mut self, note: impl Into<String>) -> Finding {
        self.notes.push(note.into());
        self
    }
    /// With its campaign in words, for where no plan stands around it.
    #[must_use]
    pub fn of_its_campaign(&self) -> Finding {
        let is_said = self.campaign.is_empty() || self.title.contains(&format!("{:?}", self.campaign));
        if is_said { self.clone() } else { self.clone().with_note(format!("in campaign {:?}", self.campaign)) }
    }
    pub(super) fn with_block(self, block: Option<String>) -> Finding {
        Finding { block, ..self }
    }
}

/// As it looks without colours: title, place, what else is to be known, what to do.
impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.is_error() { "error" } else { "warning" };
        write!(f, "{word}[{}]: {}", self.code, self.title)?;
        if let Some(place) = self.place() {
            write!(f, "\n  ┌─ {place}")?;
        }
        for note in &self.notes {
            write!(f, "\n  = {note}")?;
        }
        write!(f, "\n  help: {}", self.advice())?;
        self.block.iter().flat_map(|block| block.lines()).try_for_each(|line| write!(f, "\n        {line}"))
    }
}

impl Finding {
    /// Where it is, and in which version; none where it is nowhere.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let place = match self.version {
            Version::Running => self.source.replacen(':', " (deployed version):", 1),
            Version::New => self.source.clone(),
        };
        (!place.is_empty()).then_some(place)
    }
    /// What to do, before the lines to paste.
    #[must_use]
    pub fn advice(&self) -> String {
        format!("{}{}", self.help, if self.block.is_some() { "; add to the campaign:" } else { "" })
    }
}

/// The program, its campaign's name, and the line of `migrate` in it.
type Written<'p> = (&'p Program, &'p str, Option<Span>);

fn at_line(finding: Finding, (program, _, span): Written<'_>) -> Finding {
    finding.at(Version::New, span.map_or_else(String::new, |span| program.describe(span)))
}

/// W2110: an earlier deploy has done what the line says.
pub(super) fn rule_is_done(written: Written<'_>, line: &MigrationDef) -> Finding {
    let title = format!("`from {}` has done its work", quoted(&line.from));
    let finding = Finding::new(Code::W2110, written.1, title).with_help("take the line out; leaving it does no harm");
    at_line(finding, written)
}

/// E2109: the left side is no step of the running version, and never was.
pub(super) fn no_such_left(written: Written<'_>, line: &MigrationDef, old: &Tree<'_>) -> Finding {
    let title = format!("there is no step `{}` in the running version of campaign \"{}\"", line.from, written.1);
    let names: Vec<&str> = old.nodes.iter().map(|node| node.def.identity().as_ref()).collect();
    let likely = names.iter().copied().map(|name| (strsim::normalized_levenshtein(name, &line.from), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    let help = match likely {
        Some((likeness, name)) if likeness >= 0.5 => format!("did you mean {}?", quoted(name)),
        Some(_) | None => format!("its steps are: {}", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")),
    };
    at_line(Finding::new(Code::E2109, written.1, title).with_help(help), written)
}

/// E2109: the right side is no step of the new version. The checker says so first, so this is for programs that it has not seen.
pub(super) fn no_such_right(written: Written<'_>, line: &MigrationDef, to: &str) -> Finding {
    let title = format!("there is no step `{to}` in the new version of campaign \"{}\"", written.1);
    let help = format!("name a step of the new version, or write `from {} stop`", quoted(&line.from));
    at_line(Finding::new(Code::E2109, written.1, title).with_help(help), written)
}

/// A step as `migrate` writes it: a name as it is, a path or a name with other signs in quotes.
pub(super) fn quoted(identity: &str) -> String {
    let is_name = identity.starts_with(|c: char| c.is_ascii_lowercase()) && identity.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_name && !is_word(identity) { identity.to_owned() } else { format!("\"{}\"", identity.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// Words that begin a path of their own (`wait`, `if`): they are written in quotes, because the language takes them for itself.
fn is_word(identity: &str) -> bool {
    const WORDS: &[&str] = &[
        "wait",
        "if",
        "await",
        "split",
        "experiment",
        "repeat",
        "parallel",
        "reach",
        "notify",
        "stop",
        "email",
        "sms",
        "push",
        "points",
        "unsubscribe",
        "mute",
    ];
    WORDS.contains(&identity)
}

/// Somebody stands at a step and cannot go on.
pub(super) struct Place<'p> {
    /// The running program.
    pub running: &'p Program,
    /// The campaign's name.
    pub campaign: &'p str,
    /// The step.
    pub step: StepId,
    /// How many contacts stand there.
    pub here: u64,
}

impl Place<'_> {
    fn identity(&self) -> &str {
        self.running.steps.get(self.step.index()).map_or("", |def| def.identity().as_ref())
    }
    fn finding(&self, code: Code, title: String) -> Finding {
        let source = self.running.steps.get(self.step.index()).map(|def| self.running.describe(def.span)).unwrap_or_default();
        Finding { contacts: self.here, ..Finding::new(code, self.campaign, title).at(Version::Running, source) }
    }
}

/// `1 contact stands`, `311 contacts stand`.
pub(super) fn who(count: u64, verb: &str) -> String {
    if count == 1 { format!("1 contact {verb}s") } else { format!("{} contacts {verb}", grouped(count)) }
}

/// `48,210`
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn described(program: &Program, step: StepId) -> String {
    let Some(def) = program.steps.get(step.index()) else { return String::new() };
    let head = program.outline.steps.get(step.index()).map_or(&def.text, |outline| &outline.head);
    format!("`{}` ({}): {head}", def.identity(), program.describe(def.span))
}

/// E2101
pub(super) fn another_kind(place: &Place<'_>, (next, to): (&Program, StepId), block: Option<String>) -> Finding {
    let title = format!("{} at `{}`, a name that now stands for another kind of step", who(place.here, "stand"), place.identity());
    let finding = place.finding(Code::E2101, title).with_note(format!("now it is {}", described(next, to)));
    finding.with_help("give the new step another name, or say where those go on who stand at the old one").with_block(block)
}

/// E2102; `equals` are the running version's steps of that kind and target with how many stand at each.
pub(super) fn ambiguous(place: &Place<'_>, equals: &[(StepId, u64)], (next, candidates): (&Program, &[StepId]), block: Option<String>) -> Finding {
    let title = match candidates {
        [_] => format!("{} at `{}`, one of several that could be one step now", who(place.here, "stand"), place.identity()),
        _ => format!("{} at `{}`, which could be either of {} steps now", who(place.here, "stand"), place.identity(), candidates.len()),
    };
    let mut finding = place.finding(Code::E2102, title);
    for (step, here) in equals {
        finding = finding.with_note(format!("it was {}, {} here", described(place.running, *step), grouped(*here)));
    }
    for step in candidates {
        finding = finding.with_note(format!("it could be {}", described(next, *step)));
    }
    finding = finding.with_note("a step with a name (`as pause`) is never guessed: this question does not come again");
    finding.with_help("say which it is").with_block(block)
}

/// E2103
pub(super) fn gone(place: &Place<'_>, block: Option<String>) -> Finding {
    let title = format!("{} at `{}`, which no longer exists", who(place.here, "stand"), place.identity());
    place.finding(Code::E2103, title).with_help("say where they go on, or let them finish on the version they are in (`--finish-on-old`)").with_block(block)
}

/// E2103, of a step that is still there and at which nobody waits any more.
pub(super) fn no_wait(place: &Place<'_>, block: Option<String>) -> Finding {
    let title = format!("{} at `{}`, where nobody waits any more", who(place.here, "stand"), place.identity());
    place.finding(Code::E2103, title).with_help("say where they go on, or let them finish on the version they are in (`--finish-on-old`)").with_block(block)
}

/// E2104
pub(super) fn apart(place: &Place<'_>, block: Option<String>) -> Finding {
    let title = format!("{} at `{}` and in other branches, which do not go together any more", who(place.here, "stand"), place.identity());
    let finding = place.finding(Code::E2104, title).with_note("lines of one contact go on side by side only in branches of one `parallel`");
    finding.with_help("keep them in branches of one `parallel`, or let all but one of them stop").with_block(block)
}

/// E2105
pub(super) fn lacking((next, campaign): (&Program, &str), step: StepId, name: &str, here: u64) -> Finding {
    let identity = next.steps.get(step.index()).map_or("", |def| def.identity().as_ref());
    let title = format!(
        "{} `{name}`, which is read from `{identity}` on",
        if here == 1 { "1 contact in flight lacks".to_owned() } else { format!("{} contacts in flight lack", grouped(here)) }
    );
    let source = next.steps.get(step.index()).map(|def| next.describe(def.span)).unwrap_or_default();
    let help = format!("ask first: `{name} is set`; in a template `{{{{ {name} | default(\"…\") }}}}`");
    Finding { contacts: here, ..Finding::new(Code::E2105, campaign, title).at(Version::New, source).with_help(help) }
}

/// E2106
pub(super) fn misfit(field: &str, (from, to): (&str, &str), (misfits, values): (u64, u64)) -> Finding {
    let title = format!("{} of {} values of `{field}` do not fit {to}", grouped(misfits), grouped(values));
    let help = format!("keep the field as {from} and add another one until the source sends the new values, or let those values go: `--clear {field}`");
    Finding { contacts: misfits, ..Finding::new(Code::E2106, "", title).with_help(help) }
}

/// E2107
pub(super) fn again(place: &Place<'_>, (next, new): (&Program, StepId), block: Option<String>) -> Finding {
    let to = next.steps.get(new.index()).map_or("", |def| def.identity().as_ref());
    let have = if place.here == 1 { "1 contact in flight has".to_owned() } else { format!("{} contacts in flight have", grouped(place.here)) };
    let title = format!("{have} had `{}` and could get the message again at `{to}`", place.identity());
    place.finding(Code::E2107, title).with_help("say that it is the same send; if it is meant, let it be another message").with_block(block)
}

/// E2108
pub(super) fn campaign_gone(campaign: &str, source: String, here: u64) -> Finding {
    let inside = if here == 1 { "1 contact is".to_owned() } else { format!("{} contacts are", grouped(here)) };
    let title = format!("{inside} inside campaign {campaign:?}, which no longer exists");
    let help = format!(
        "if it has another name now, write `campaign NAME was {campaign:?}`; or let them finish (`--finish-on-old`), or end it for them (`--end {campaign:?}`)"
    );
    Finding { contacts: here, ..Finding::new(Code::E2108, campaign, title).at(Version::Running, source).with_help(help) }
}

/// W2111
pub(super) fn nearly_same(campaign: &str, (old, new): (&str, &str), likeness: f64, source: String) -> Finding {
    let title = format!("`{old}` is gone and `{new}` is new, and they say {:.0} % the same: is it a rename?", (likeness * 100.0).floor());
    let name = |identity: &str| identity.rsplit(' ').next().unwrap_or(identity).to_owned();
    let help = format!("if it is, write `was {}` behind the new name: whoever had the one is not sent the other", name(old));
    Finding::new(Code::W2111, campaign, title).at(Version::New, source).with_help(help)
}

/// A step without a name, with equals beside it.
pub(super) struct Nameless {
    /// What it is called.
    pub identity: String,
    /// Its own line.
    pub head: String,
    /// A name that is free.
    pub name: String,
    /// How many contacts stand there.
    pub here: u64,
}

impl Nameless {
    /// Its line with the name: it stands last, but before the arms.
    fn line(&self) -> String {
        match (self.head.strip_suffix(" then"), self.head.split_once(" {")) {
            (Some(front), _) => format!("{front} as {} then", self.name),
            (None, Some((front, _))) => format!("{front} as {} {{ … }}", self.name),
            (None, None) => format!("{} as {}", self.head, self.name),
        }
    }
}

/// W2112
pub(super) fn nameless(campaign: &str, steps: &[Nameless], source: String) -> Finding {
    let here: u64 = steps.iter().map(|step| step.here).sum();
    let title = format!("{} at steps without a name that have equals beside them", who(here, "stand"));
    let mut finding = Finding { contacts: here, ..Finding::new(Code::W2112, campaign, title).at(Version::New, source) };
    for step in steps {
        finding = finding.with_note(format!("`{}`, {} here: write `{}`", step.identity, grouped(step.here), step.line()));
    }
    finding.with_help("give them names, so that a later deploy finds them whatever stands around them")
}
