//! Random programs and histories, well-typed by construction, as trees that print as `.camp` source and that the shrinker can cut.

mod campaigns;
mod conditions;
mod histories;
pub mod random;
mod sending;

pub use random::Random;
use std::fmt::Write;

/// A piece of source: a line, or a construct with blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub text: String,
    pub blocks: Vec<Block>,
    pub tail: String,
}

/// `open { items }`
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub open: String,
    pub items: Vec<Node>,
}

impl Node {
    pub fn line(text: impl Into<String>) -> Node {
        Node { text: text.into(), blocks: Vec::new(), tail: String::new() }
    }
    pub fn with(text: impl Into<String>, blocks: Vec<Block>) -> Node {
        Node { text: text.into(), blocks, tail: String::new() }
    }
    fn print(&self, indent: usize, out: &mut String) {
        let margin = "  ".repeat(indent);
        let _ = write!(out, "{margin}{}", self.text);
        for block in &self.blocks {
            let _ = write!(out, " {}", block.open);
            if block.items.is_empty() {
                out.push_str(" { }");
                continue;
            }
            out.push_str(" {\n");
            block.items.iter().for_each(|item| item.print(indent + 1, out));
            let _ = write!(out, "{margin}}}");
        }
        out.push_str(&self.tail);
        out.push('\n');
    }
    /// How many pieces it has, itself included.
    pub fn size(&self) -> usize {
        1 + self.blocks.iter().flat_map(|block| &block.items).map(Node::size).sum::<usize>()
    }
}

impl Block {
    pub fn new(open: impl Into<String>, items: Vec<Node>) -> Block {
        Block { open: open.into(), items }
    }
}

/// A program with histories to run it on.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub program: Vec<Node>,
    pub histories: Vec<Node>,
}

impl Case {
    /// The source, tests last.
    pub fn source(&self) -> String {
        let mut out = String::new();
        self.program.iter().chain(&self.histories).for_each(|node| node.print(0, &mut out));
        out
    }
}

/// A case of that seed.
pub fn case(seed: u64, histories: usize) -> Case {
    made((seed, histories), Width::Narrow)
}

/// A case of that seed with everything that the reference knows.
pub fn wide_case(seed: u64, histories: usize) -> Case {
    made((seed, histories), Width::Wide)
}

/// A case of that seed with everything.
pub fn full_case(seed: u64, histories: usize) -> Case {
    made((seed, histories), Width::Full)
}

/// How much of the language a case uses.
#[derive(Clone, Copy, PartialEq)]
enum Width {
    /// Steps, conditions, triggers, windows, goals.
    Narrow,
    /// Timelines, gatherings, updates, dates, caps, quiet hours, mutes, `reach` and pushes besides.
    Wide,
    /// Pauses, merges, erasures and what fades besides.
    Full,
}

fn made((seed, histories): (u64, usize), width: Width) -> Case {
    let mut random = Random::new(seed);
    let mut maker = Maker {
        random: &mut random,
        durations: Vec::new(),
        segments: 0,
        campaigns: 0,
        by_hand: Vec::new(),
        is_moving: false,
        is_local: false,
        answers: 0,
        is_wide: width != Width::Narrow,
        is_full: width == Width::Full,
    };
    maker.is_moving = maker.random.chance(50);
    let program = maker.program();
    let histories = (0..histories).map(|number| maker.history(number)).collect();
    Case { program, histories }
}

/// What is known while a case is being made.
pub struct Maker<'r> {
    random: &'r mut Random,
    /// Durations that the program holds: histories step by them, to land on edges.
    durations: Vec<String>,
    segments: usize,
    campaigns: usize,
    /// Campaigns that are enrolled into by hand.
    by_hand: Vec<usize>,
    /// Whether conditions may turn by time alone. Then timers run before anything else happens at their instant: what turns at the very instant
    /// of an input has no order that the specification speaks of.
    is_moving: bool,
    /// Whether a broadcast follows contacts' own clocks: then they stay where they are.
    is_local: bool,
    answers: usize,
    /// Whether it uses what holds and bounds messages, and what follows dates.
    is_wide: bool,
    /// Whether it uses all that the reference knows.
    is_full: bool,
}
