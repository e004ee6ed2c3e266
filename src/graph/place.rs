//! Where everything stands: a canvas and its sizes become boxes and lines with places.
//!
//! Not here: how large things are (`layout.rs`), and what they look like (`svg.rs`).

use super::layout::{BACK, Block, CARD, DROP, FRAME, Measured, MeasuredArm, PADDING, SIGN, STEP, drop, label_row, lines_high, measure};
use super::model::{ArmKind, Canvas, Line, NodeKind};
use super::scene::{Area, Card, End, Label, Panel, PanelKind, Scene, Text, Way};
use super::text::{Style, width, wrap};

/// Around everything.
const MARGIN: f64 = 28.0;
/// Width of the box of triggers.
const START: f64 = 320.0;
/// Width of exits and goals.
const SIDE: f64 = 264.0;
/// From the box of triggers to them.
const ASIDE: f64 = 30.0;
/// The header is not made narrower than that.
const HEADER: f64 = 420.0;
/// The widest line of the header.
const WIDEST: f64 = 720.0;

/// Places a canvas.
pub(super) fn place(canvas: &Canvas) -> Scene<'_> {
    let block = measure(&canvas.steps);
    let has_side = !canvas.exits.is_empty() || !canvas.goals.is_empty();
    let left = block.size.left.max(START / 2.0);
    let right = block.size.right.max(START / 2.0 + if has_side { ASIDE + SIDE } else { 0.0 });
    let title_width = width(&canvas.name, Style::Heading).min(WIDEST) + 110.0;
    let inner = (left + right).max(HEADER).max(title_width);
    let mut placer = Placer { scene: Scene { width: inner + 2.0 * MARGIN, ..Scene::default() } };
    let spine = MARGIN + left + (inner - left - right) / 2.0;
    let top = placer.header(canvas, inner);
    let start_bottom = placer.start(&canvas.triggers, spine, top);
    let side_bottom = placer.side(canvas, spine + START / 2.0 + ASIDE, top);
    let steps_top = start_bottom + STEP;
    let steps_top = steps_top + pushed(&block, steps_top, side_bottom);
    let bottom = placer.flow(&block, spine, (start_bottom, steps_top));
    placer.scene.height = bottom.max(side_bottom) + MARGIN;
    placer.scene
}

/// How much lower the steps begin, so that none of them runs into the boxes of the side, which end at `side_bottom`.
fn pushed(block: &Block<'_>, top: f64, side_bottom: f64) -> f64 {
    let (mut y, mut most) = (top, 0.0_f64);
    for step in &block.steps {
        let wide = if step.arms.is_empty() || step.is_frame { y } else { y + step.card.1 / 2.0 };
        if step.size.right > START / 2.0 + ASIDE - 8.0 {
            most = most.max(side_bottom + 8.0 - wide);
        }
        y += step.size.height + STEP;
    }
    most
}

struct Placer<'a> {
    scene: Scene<'a>,
}

/// The baseline of a line of text whose box begins at `top`.
fn baseline(top: f64, style: Style) -> f64 {
    top + style.line_height() / 2.0 + style.size() * 0.35
}

impl<'a> Placer<'a> {
    /// Name, doc comment and facts; says where what follows begins.
    fn header(&mut self, canvas: &Canvas, inner: f64) -> f64 {
        let mut y = MARGIN;
        let (word, kind) = if canvas.is_published { ("published", PanelKind::Published) } else { ("draft", PanelKind::Draft) };
        let room = inner.min(WIDEST);
        let names = wrap(&canvas.name, Style::Heading, room - 110.0, 2);
        let widest = names.iter().map(|line| width(line, Style::Heading)).fold(0.0, f64::max);
        self.chip(word, kind, (MARGIN + widest + 14.0, y + 3.0));
        for line in names {
            self.text(line, Style::Heading, (MARGIN, y));
            y += Style::Heading.line_height();
        }
        for line in canvas.doc.iter().flat_map(|doc| wrap(doc, Style::Doc, room, 8)) {
            self.text(line, Style::Doc, (MARGIN, y));
            y += Style::Doc.line_height();
        }
        y += 8.0;
        let mut x = MARGIN;
        for fact in &canvas.facts {
            let taken = width(&fact.text, Style::Code).min(room - 20.0) + 20.0;
            if x > MARGIN && x + taken > MARGIN + room {
                x = MARGIN;
                y += 32.0;
            }
            let text = wrap(&fact.text, Style::Code, room - 20.0, 1).concat();
            x += self.chip(&text, PanelKind::Fact, (x, y)) + 8.0;
        }
        if !canvas.facts.is_empty() {
            y += 32.0;
        }
        y + 8.0
    }

    fn text(&mut self, text: String, style: Style, (x, top): (f64, f64)) {
        self.scene.texts.push(Text { x, y: baseline(top, style), style, text });
    }

    /// A small box with one line; says how wide it is.
    fn chip(&mut self, text: &str, kind: PanelKind, (x, y): (f64, f64)) -> f64 {
        let style = if kind == PanelKind::Fact { Style::Code } else { Style::Pill };
        let area = Area { x, y, width: width(text, style) + 20.0, height: 24.0 };
        let texts = vec![Text { x: x + 10.0, y: baseline(y + 12.0 - style.line_height() / 2.0, style), style, text: text.to_string() }];
        self.scene.panels.push(Panel { area, kind, texts });
        area.width
    }

    /// The box of triggers; says where it ends.
    fn start(&mut self, triggers: &[Line], spine: f64, top: f64) -> f64 {
        let x = spine - START / 2.0;
        let room = START - 2.0 * PADDING - SIGN - 10.0;
        let lines: Vec<String> = triggers.iter().flat_map(|line| wrap(line.text.strip_prefix("when ").unwrap_or(&line.text), Style::Code, room, 6)).collect();
        let lines = if lines.is_empty() { vec!["nothing enrols by itself".to_string()] } else { lines };
        self.panel(("when", lines), PanelKind::Start, Area { x, y: top, width: START, height: 0.0 })
    }

    /// A box with a sign and lines; says where it ends.
    fn panel(&mut self, (word, lines): (&str, Vec<String>), kind: PanelKind, area: Area) -> f64 {
        let high = lines_high(lines.len()) * Style::Code.line_height() + Style::Kind.line_height();
        let area = Area { height: (high + 2.0 * PADDING - 4.0).max(SIGN + 2.0 * PADDING), ..area };
        let mut y = area.y + (area.height - high) / 2.0;
        let x = area.x + PADDING + SIGN + 10.0;
        let mut texts = vec![Text { x, y: baseline(y, Style::Kind), style: Style::Kind, text: word.to_uppercase() }];
        y += Style::Kind.line_height();
        for text in lines {
            texts.push(Text { x, y: baseline(y, Style::Code), style: Style::Code, text });
            y += Style::Code.line_height();
        }
        let bottom = area.y + area.height;
        self.scene.panels.push(Panel { area, kind, texts });
        bottom
    }

    /// Exits and goals, which hold at any step; says where they end.
    fn side(&mut self, canvas: &Canvas, x: f64, top: f64) -> f64 {
        let mut y = top;
        let exits = canvas.exits.iter().map(|line| (line, PanelKind::Exit));
        let goals = canvas.goals.iter().map(|line| (line, PanelKind::Goal));
        for (line, kind) in exits.chain(goals) {
            let heads = ["exit when", "stay while", "goal"];
            let (word, text) = heads.iter().find_map(|head| line.text.strip_prefix(head).map(|rest| (*head, rest))).unwrap_or(("", &line.text));
            let lines = wrap(text.trim(), Style::Code, SIDE - 2.0 * PADDING - SIGN - 10.0, 5);
            y = self.panel((word, lines), kind, Area { x, y, width: SIDE, height: 0.0 }) + 10.0;
        }
        y
    }

    /// All steps, from the box of triggers to the end; says where it ends.
    fn flow(&mut self, block: &Block<'a>, spine: f64, (from, top): (f64, f64)) -> f64 {
        self.way(vec![(spine, from), (spine, top)], None, true);
        let bottom = if block.steps.is_empty() { top - STEP } else { self.block(block, spine, top) };
        if block.ends {
            return bottom;
        }
        let end = if block.steps.is_empty() { top } else { bottom + STEP };
        if !block.steps.is_empty() {
            self.way(vec![(spine, bottom), (spine, end)], None, true);
        }
        self.scene.ends.push(End { x: spine, y: end });
        end + 26.0
    }

    fn way(&mut self, points: Vec<(f64, f64)>, kind: Option<ArmKind>, has_head: bool) {
        self.scene.lines.push(Way { points, kind, has_head });
    }

    /// Steps below each other; says where the last ends.
    fn block(&mut self, block: &Block<'a>, spine: f64, top: f64) -> f64 {
        let mut y = top;
        for (at, step) in block.steps.iter().enumerate() {
            if at > 0 {
                // Behind a step that nobody leaves, what follows hangs on nothing: it never runs.
                if !block.steps.get(at - 1).is_some_and(|before| before.node.ends()) {
                    self.way(vec![(spine, y), (spine, y + STEP)], None, true);
                }
                y += STEP;
            }
            self.step(step, spine, y);
            y += step.size.height;
        }
        y
    }

    fn step(&mut self, step: &Measured<'a>, spine: f64, y: f64) {
        if step.is_frame {
            self.framed(step, spine, y);
        } else {
            self.card(step, spine, y);
            self.arms(step, spine, y);
        }
    }

    fn card(&mut self, step: &Measured<'a>, spine: f64, y: f64) {
        let (card_width, height) = step.card;
        let area = Area { x: spine - card_width / 2.0, y, width: card_width, height };
        let inset = if step.node.kind == NodeKind::Decision { 10.0 } else { 0.0 };
        let x = area.x + inset + PADDING + SIGN + 10.0;
        let (mut texts, mut signs, mut doc_bar) = (Vec::new(), Vec::new(), None);
        let high: f64 = step.lines.iter().map(|line| line.style.line_height()).sum();
        let has_doc = step.lines.iter().any(|line| line.style == Style::Doc);
        let mut top = y + (height - high - if has_doc { 5.0 } else { 0.0 }) / 2.0;
        for line in &step.lines {
            let mut indent = 0.0;
            if line.style == Style::Doc {
                let begin = doc_bar.map_or(top + 7.0, |(_, begin, _)| begin);
                if doc_bar.is_none() {
                    top += 5.0;
                }
                doc_bar = Some((x + 1.0, begin, top + line.style.line_height() - 2.0));
                indent = 10.0;
            }
            if let Some(sign) = line.sign {
                signs.push((x, top + line.style.line_height() / 2.0, sign));
            }
            if line.style == Style::Row {
                indent = 22.0;
            }
            texts.push(Text { x: x + indent, y: baseline(top, line.style), style: line.style, text: line.text.clone() });
            top += line.style.line_height();
        }
        self.scene.cards.push(Card { node: step.node, area, texts, signs, doc_bar });
    }

    /// A card and what it encloses, in a frame.
    fn framed(&mut self, step: &Measured<'a>, spine: f64, y: f64) {
        let area = Area { x: spine - step.size.left, y, width: step.size.width(), height: step.size.height };
        self.scene.frames.push(area);
        let top = y + FRAME;
        self.card(step, spine, top);
        for arm in step.arms.iter().filter(|arm| !arm.block.steps.is_empty()) {
            let body = top + step.card.1;
            self.way(vec![(spine, body), (spine, body + STEP)], None, true);
            let bottom = self.block(&arm.block, spine, body + STEP);
            if arm.block.ends {
                continue;
            }
            if step.node.kind == NodeKind::Repeat {
                let (side, middle) = (area.x + BACK * 0.7, top + step.card.1 / 2.0);
                let below = bottom + FRAME * 0.55;
                self.way(vec![(spine, bottom), (spine, below), (side, below), (side, middle), (spine - CARD / 2.0, middle)], Some(ArmKind::Body), true);
            } else {
                self.way(vec![(spine, bottom), (spine, y + step.size.height)], None, false);
            }
        }
    }

    /// The arms of a card, side by side, and where they come together.
    fn arms(&mut self, step: &Measured<'a>, spine: f64, y: f64) {
        let under = y + step.card.1;
        let labels = under + drop(step.node.kind);
        let below = labels + label_row(&step.arms);
        let joined = y + step.size.height;
        for arm in &step.arms {
            let hung = spine + arm.offset;
            let has_steps = !arm.block.steps.is_empty();
            let top = if has_steps { below + STEP } else { joined - 10.0 };
            if step.node.kind == NodeKind::Decision {
                let (side, middle) = (if arm.offset < 0.0 { -0.5 } else { 0.5 }, y + step.card.1 / 2.0);
                let is_straight = arm.offset == 0.0;
                let from = if is_straight { vec![(spine, under)] } else { vec![(spine + side * step.card.0, middle), (hung, middle)] };
                self.way([from, vec![(hung, top)]].concat(), Some(arm.arm.kind), has_steps);
            } else {
                // What the arms share has no colour of theirs.
                let bus = under + DROP;
                self.way(vec![(spine, under), (spine, bus), (hung, bus), (hung, bus + 12.0)], None, false);
                self.way(vec![(hung, bus + 12.0), (hung, top)], Some(arm.arm.kind), has_steps);
            }
            self.label(arm, hung, labels);
            let bottom = if has_steps { self.block(&arm.block, hung, top) } else { top };
            if !arm.block.ends {
                self.way(vec![(hung, bottom), (hung, joined), (spine, joined)], None, false);
            }
        }
    }

    fn label(&mut self, arm: &MeasuredArm<'a>, x: f64, y: f64) {
        if arm.label.is_empty() {
            return;
        }
        let (label_width, height) = arm.label_size;
        let area = Area { x: x - label_width / 2.0, y, width: label_width, height };
        let style = Style::Pill;
        let texts = arm.label.iter().enumerate().map(|(at, text)| Text {
            x,
            y: baseline(y + 4.0 + lines_high(at) * style.line_height(), style),
            style,
            text: text.clone(),
        });
        self.scene.labels.push(Label { area, kind: arm.arm.kind, texts: texts.collect(), full: arm.arm.label.clone() });
    }
}
