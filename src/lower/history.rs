//! Questions to history and patterns of events.

use super::context::Lowering;
use crate::bytecode::{EventPattern, HistoryWindow, Query, QueryId};
use crate::lang::{Duration, Value};
use crate::semantic::hir;

impl Lowering<'_> {
    /// The table entry of a question.
    pub(super) fn history(&mut self, history: &hir::History) -> QueryId {
        let pattern = self.pattern(&history.pattern);
        let predicate = history.predicate.as_ref().map(|predicate| self.block(predicate));
        let (window, keep_millis) = match &history.window {
            hir::HistoryWindow::Anchor => (HistoryWindow::Anchor, None),
            hir::HistoryWindow::Ever => (HistoryWindow::Ever, None),
            hir::HistoryWindow::Last(duration) => (HistoryWindow::Last(self.block(duration)), longest_millis(duration)),
        };
        self.query(Query { pattern, predicate, window, aggregate: history.aggregate.clone(), keep_millis })
    }

    fn query(&mut self, query: Query) -> QueryId {
        self.builder.program.queries.push(query);
        QueryId::from_index(self.builder.program.queries.len() - 1)
    }

    pub(super) fn pattern(&mut self, pattern: &hir::EventPattern) -> EventPattern {
        match pattern {
            hir::EventPattern::Custom(event) => EventPattern::Custom(*event),
            hir::EventPattern::Visited(path) => EventPattern::Visited(path.clone()),
            hir::EventPattern::Message { event, target, url, text } => {
                EventPattern::Message { event: *event, target: target.clone(), url: url.clone(), text: text.as_ref().map(|text| self.builder.regex(text)) }
            }
        }
    }
}

/// An upper bound of a literal duration: retention may keep too much, never too little.
fn longest_millis(duration: &hir::Expr) -> Option<i64> {
    const DAY_MS: u64 = 86_400_000;
    let Some(Value::Duration(Duration { months, days, business_days, millis })) = duration.literal() else { return None };
    // Two calendar days a business day leave room for weekends, ten more for holidays; one day for the zone's jumps.
    let business = if *business_days == 0 { 0 } else { u64::from(*business_days) * 2 + 10 };
    let days = u64::from(*months) * 31 + u64::from(*days) + business;
    let jumps = if days == 0 { 0 } else { 1 };
    i64::try_from((days + jumps).saturating_mul(DAY_MS).saturating_add(*millis)).ok()
}
