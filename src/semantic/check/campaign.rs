//! Campaigns: the order of lines, then the header, then the steps.

use super::scope::{Scope, Since};
use super::{Checker, declarations::was, problems};
use crate::base::Span;
use crate::bytecode::CampaignId;
use crate::semantic::hir::{self, Step};
use crate::syntax::ast::{self, HeaderKind, Item};
use std::mem::discriminant;

impl Checker<'_, '_> {
    pub(super) fn campaigns(&mut self) {
        let names = self.names;
        for (at, campaign) in names.campaigns.iter().enumerate() {
            let id = CampaignId::from_index(at);
            let scope = Scope { since: Since::Enrollment, campaign: Some(id), steps: self.visible_steps(id, ""), ..Scope::default() };
            let checked = self.within(scope, |checker| checker.campaign(campaign.decl));
            self.project.campaigns.push(checked);
        }
    }

    fn campaign(&mut self, campaign: &ast::Campaign) -> hir::Campaign {
        let mut checked = empty_campaign(campaign);
        self.check_line_order(&campaign.items);
        let headers: Vec<&ast::Header> = campaign.items.iter().filter_map(header_of).collect();
        self.check_single_lines(&headers);
        self.declare_captures(&headers, &mut checked);
        for line in &headers {
            self.trigger_line(line, &mut checked);
        }
        for line in &headers {
            self.header_line(line, &mut checked);
        }
        let mut captures = std::mem::take(&mut checked.captures);
        let goals = std::mem::take(&mut checked.goals);
        let is_looked_at = self.scope.campaign.is_none_or(|id| !self.too_long.contains(&id));
        if is_looked_at {
            checked.steps = self.items(&campaign.items, &mut Frame { captures: &mut captures, goals: &goals });
        }
        checked.goals = goals;
        checked.captures = captures;
        checked
    }

    /// Header lines stand before the steps.
    fn check_line_order(&mut self, items: &[Item]) {
        let Some(first) = items.iter().find_map(step_of) else { return };
        for item in items {
            if let Item::Header(line) = item
                && line.span.start > first.span.start
            {
                let (line_text, removed) = self.line_to_move(line.span);
                let indent = self.indent_of(first.span);
                self.report(problems::header_after_steps(line.span, first.span, removed, &format!("{line_text}\n{indent}")));
            }
        }
    }

    /// The text of a line, and what is cut when it moves: with the blanks before it.
    fn line_to_move(&self, span: Span) -> (String, Span) {
        let text = self.input.sources.text(span).to_owned();
        let before = self.input.sources.text(Span { start: 0, end: span.start, ..span });
        let blanks = before.len() - before.trim_end().len();
        let start = span.start.saturating_sub(u32::try_from(blanks).unwrap_or(0));
        (text, Span { start, ..span })
    }

    fn indent_of(&self, span: Span) -> String {
        let before = self.input.sources.text(Span { start: 0, end: span.start, ..span });
        let line = before.rsplit('\n').next().unwrap_or("");
        line.chars().take_while(|c| c.is_whitespace()).collect()
    }

    /// Lines that can be said once.
    fn check_single_lines(&mut self, headers: &[&ast::Header]) {
        let mut seen: Vec<&ast::Header> = Vec::new();
        for line in headers {
            let is_repeatable = match &line.kind {
                HeaderKind::When { .. }
                | HeaderKind::Broadcast(_)
                | HeaderKind::Update { .. }
                | HeaderKind::OnlyIf(_)
                | HeaderKind::ExitWhen(_)
                | HeaderKind::StayWhile(_)
                | HeaderKind::Goal(_)
                | HeaderKind::Send(_)
                | HeaderKind::Limit(_)
                | HeaderKind::Migrate(_) => true,
                HeaderKind::Draft
                | HeaderKind::Published
                | HeaderKind::Active { .. }
                | HeaderKind::Collect(_)
                | HeaderKind::Reenter(_)
                | HeaderKind::Retrigger(_)
                | HeaderKind::Capped(_)
                | HeaderKind::Throttle(_)
                | HeaderKind::Holdout(_)
                | HeaderKind::Priority(_) => false,
            };
            if is_repeatable {
                continue;
            }
            if let Some(first) = seen.iter().find(|other| is_same_line(&other.kind, &line.kind)).map(|other| other.span) {
                self.report(problems::line_twice(line.span, first));
                continue;
            }
            seen.push(line);
        }
    }

    /// The steps among items; header lines there are out of place.
    pub(super) fn items(&mut self, items: &[Item], frame: &mut Frame<'_>) -> Vec<Step> {
        let captures = self.scope.captures.len();
        let known = self.scope.known.clone();
        let mut steps = Vec::new();
        for item in items {
            if let Item::Step(step) = item {
                steps.push(self.step(step, frame));
            }
        }
        // What is named inside a block may not be there behind it.
        self.scope.captures.truncate(captures);
        self.scope.known = known;
        steps
    }

    /// A block inside of a step.
    pub(super) fn block(&mut self, block: &ast::Block, frame: &mut Frame<'_>) -> Vec<Step> {
        for item in &block.items {
            if let Item::Header(line) = item {
                self.report(problems::header_in_block(line.span));
            }
        }
        self.items(&block.items, frame)
    }
}

/// What steps add to their campaign.
pub(super) struct Frame<'f> {
    pub captures: &'f mut Vec<crate::bytecode::CaptureDef>,
    pub goals: &'f [hir::Goal],
}

fn header_of(item: &Item) -> Option<&ast::Header> {
    match item {
        Item::Header(line) => Some(line),
        Item::Step(_) | Item::Error(_) => None,
    }
}

fn step_of(item: &Item) -> Option<&ast::Step> {
    match item {
        Item::Step(step) => Some(step),
        Item::Header(_) | Item::Error(_) => None,
    }
}

fn is_same_line(a: &HeaderKind, b: &HeaderKind) -> bool {
    let is_state = |kind: &HeaderKind| matches!(kind, HeaderKind::Draft | HeaderKind::Published);
    discriminant(a) == discriminant(b) || (is_state(a) && is_state(b))
}

fn empty_campaign(campaign: &ast::Campaign) -> hir::Campaign {
    hir::Campaign {
        name: campaign.name.text.clone(),
        was: was(campaign.was.as_ref()),
        is_published: false,
        active_from: None,
        active_until: None,
        triggers: Vec::new(),
        only_if: Vec::new(),
        reenter: hir::Reenter::Never,
        is_restarting: false,
        exits: Vec::new(),
        goals: Vec::new(),
        windows: Vec::new(),
        limits: Vec::new(),
        capped: None,
        throttle: None,
        holdout: None,
        priority: None,
        updates: Vec::new(),
        collect: None,
        migrations: Vec::new(),
        captures: Vec::new(),
        steps: Vec::new(),
        doc: campaign.doc.as_ref().map(|doc| doc.text.clone()),
        span: campaign.span,
        name_span: campaign.name.span,
    }
}
