//! Questions to history: which events match, within which window, and what is asked of them.

use super::eval::{Evaluator, Fault, as_duration};
use super::moving::next_change;
use super::state::{Frame, HistoryEntry, HistoryKind, SendRecord, SendStatus, Tie};
use super::view::{View, stable};
use crate::bytecode::{Aggregate, EventPattern, HistoryWindow, MessageEvent, MessageTarget, Query, QueryId};
use crate::lang::{Duration, Instant, Record, Value, add_duration, matches_pattern, subtract_duration};
use std::sync::Arc;

/// A matching happening: when, and its properties.
struct Match<'a> {
    happened: Instant,
    seq: u64,
    properties: Option<&'a Arc<Record>>,
}

/// The time a question looks at.
#[derive(Clone, Copy)]
struct Range {
    from: Instant,
    to: Instant,
    /// Happenings up to this sequence number came before the enrollment.
    after_seq: Option<u64>,
    last: Option<Duration>,
}

/// Without the provider's word a message counts as delivered an hour after its hand-over, if it did not bounce.
const DELIVERED_AFTER_MS: i64 = 3_600_000;

impl Evaluator {
    /// The answer to a question.
    pub(super) fn ask(&mut self, view: &View<'_>, id: QueryId) -> Result<Value, Fault> {
        let Some(query) = view.linked.program.queries.get(id.index()) else { return Ok(Value::Unset) };
        let matches = self.matches(view, query)?;
        Ok(aggregate(&query.aggregate, &matches))
    }
    /// The properties of the latest happening that a question matches, for `as NAME`.
    ///
    /// # Errors
    /// Where the program is damaged or ran out of fuel.
    pub fn latest_match(&mut self, view: &View<'_>, id: QueryId) -> Result<Option<Arc<Record>>, Fault> {
        let Some(query) = view.linked.program.queries.get(id.index()) else { return Ok(None) };
        let matches = self.matches(view, query)?;
        Ok(matches.iter().max_by_key(|found| (found.happened, found.seq)).and_then(|found| found.properties.cloned()))
    }

    fn matches<'a>(&mut self, view: &View<'a>, query: &'a Query) -> Result<Vec<Match<'a>>, Fault> {
        let range = self.range(view, query)?;
        let mut found = Vec::new();
        match &query.pattern {
            EventPattern::Custom(event) => {
                let entries = view.state.history.of(HistoryKind::Event(view.event_id(*event)));
                self.collect(view, query, (entries, range), &mut found)?;
            }
            EventPattern::Visited(pattern) => {
                let path: Arc<str> = Arc::from("path");
                let all = view.state.history.of(HistoryKind::Visited);
                for entry in all.iter().filter(|entry| entry.properties.get(&path).and_then(Value::as_text).is_some_and(|p| matches_pattern(pattern, p))) {
                    self.collect(view, query, (std::slice::from_ref(entry), range), &mut found)?;
                }
            }
            EventPattern::Message { event, target, .. } => {
                for send in sends_of(view, target, &query.window) {
                    self.message_matches(view, (query, *event), (send, range), &mut found);
                }
            }
        }
        self.note_expiry(view, range, &found);
        Ok(found)
    }

    fn range(&mut self, view: &View<'_>, query: &Query) -> Result<Range, Fault> {
        let to = view.as_of.unwrap_or(Instant::FAR_FUTURE);
        let ever = Range { from: Instant::FAR_PAST, to, after_seq: None, last: None };
        Ok(match &query.window {
            HistoryWindow::Ever => ever,
            HistoryWindow::Anchor => match view.began() {
                Some((started, seq)) => Range { from: started, after_seq: Some(seq), ..ever },
                None => ever,
            },
            HistoryWindow::Last(block) => {
                let duration = as_duration(&self.value(view, *block)?);
                let from = subtract_duration(view.now, duration, view.zone, &view.linked.holidays);
                Range { from, last: Some(duration), ..ever }
            }
        })
    }

    fn collect<'a>(&mut self, view: &View<'a>, query: &Query, (entries, range): (&'a [HistoryEntry], Range), found: &mut Vec<Match<'a>>) -> Result<(), Fault> {
        for entry in entries {
            let is_in = entry.happened >= range.from && entry.happened <= range.to && range.after_seq.is_none_or(|seq| entry.seq > seq);
            if !is_in {
                continue;
            }
            let inner = View { event: Some(&entry.properties), ..*view };
            let fulfils = match query.predicate {
                Some(block) => self.value(&inner, block)?.is_true(),
                None => true,
            };
            if fulfils {
                found.push(Match { happened: entry.happened, seq: entry.seq, properties: Some(&entry.properties) });
            }
        }
        Ok(())
    }

    fn message_matches<'a>(
        &mut self,
        view: &View<'a>,
        (query, event): (&Query, MessageEvent),
        (send, range): (&'a SendRecord, Range),
        found: &mut Vec<Match<'a>>,
    ) {
        // The message atoms of a path follow its latest sending; only `any email` counts since the enrollment began.
        let follows_sending =
            matches!(query.window, HistoryWindow::Anchor) && !matches!(query.pattern, EventPattern::Message { target: MessageTarget::Any(_), .. });
        let from = if follows_sending { Instant::FAR_PAST } else { range.from };
        let is_own_doing = follows_sending || matches!(event, MessageEvent::Sent | MessageEvent::Skipped | MessageEvent::Failed | MessageEvent::Delivered);
        // What happened at the instant of the beginning is behind it only where it is known to be: what has triggered it is not.
        let is_behind = |at: Instant| {
            let is_kept = |tie: &Tie| tie.effect == send.effect && tie.event == event && tie.at == at && Some(tie.seq) > range.after_seq;
            is_own_doing || at > from || range.after_seq.is_none() || view.state.ties.iter().any(is_kept)
        };
        let mut take = |at: Instant| {
            if at >= from && at <= range.to && is_behind(at) {
                found.push(Match { happened: at, seq: send.seq, properties: None });
            }
        };
        let is_sent = matches!(send.status, SendStatus::Sent);
        match event {
            MessageEvent::Sent if is_sent => take(send.at),
            MessageEvent::Skipped if matches!(send.status, SendStatus::Skipped(_)) => take(send.at),
            MessageEvent::Failed if matches!(send.status, SendStatus::Failed(_)) => take(send.at),
            MessageEvent::Opened => send.opened.iter().copied().for_each(take),
            MessageEvent::Clicked => clicks(send, url_of(query)).for_each(take),
            MessageEvent::Replied => replies(view, send, query).for_each(take),
            MessageEvent::Bounced => send.bounced.into_iter().for_each(take),
            MessageEvent::Unsubscribed => send.unsubscribed.into_iter().for_each(take),
            MessageEvent::Complained => send.complained.into_iter().for_each(take),
            MessageEvent::Delivered => {
                let assumed = send.at.plus_millis(DELIVERED_AFTER_MS);
                if let Some(at) = send.delivered {
                    take(at);
                } else if is_sent && send.bounced.is_none() {
                    if assumed <= view.now {
                        take(assumed);
                    } else if self.wants_change() {
                        self.note_change(assumed);
                    }
                }
            }
            MessageEvent::Sent | MessageEvent::Skipped | MessageEvent::Failed => {}
        }
    }

    /// With a window, the oldest match falls out of it some day.
    fn note_expiry(&mut self, view: &View<'_>, range: Range, found: &[Match<'_>]) {
        let (Some(duration), true) = (range.last, self.wants_change()) else { return };
        let Some(oldest) = found.iter().map(|found| found.happened).min() else { return };
        let (zone, holidays) = (view.zone, &view.linked.holidays);
        let guess = add_duration(oldest, duration, zone, holidays).plus_millis(1);
        if let Some(at) = next_change(view.now, Some(guess), |at| subtract_duration(at, duration, zone, holidays) > oldest) {
            self.note_change(at);
        }
    }
}

/// The sendings a target means, oldest first.
fn sends_of<'a>(view: &View<'a>, target: &MessageTarget, window: &HistoryWindow) -> Vec<&'a SendRecord> {
    let deployment = &view.linked.deployment;
    let on_path = match window {
        HistoryWindow::Anchor => view.enrollment,
        HistoryWindow::Last(_) | HistoryWindow::Ever => None,
    };
    let own = |send: &&SendRecord| on_path.is_none_or(|uid| send.enrollment == uid);
    let on_own_path = |send: &&SendRecord| on_path.is_none() || is_on_path(&send.frames, view.frames);
    // What is held or was taken back has not been sent: the latest sending is the one before it.
    let sends = view.state.sends.iter().filter(|send| !matches!(send.status, SendStatus::Held | SendStatus::Cancelled(_)));
    let latest_of = |sends: Vec<&'a SendRecord>| if on_path.is_some() { sends.last().copied().into_iter().collect() } else { sends };
    // A message by its name may have been sent by a branch beside this one, where this one has not sent it.
    let named_of = |sends: Vec<&'a SendRecord>| {
        let own: Vec<&'a SendRecord> = sends.iter().copied().filter(on_own_path).collect();
        latest_of(if own.is_empty() { sends } else { own })
    };
    match target {
        MessageTarget::Message(message) => {
            let id = stable(&deployment.messages, message.index());
            named_of(sends.filter(own).filter(|send| send.message == id).collect())
        }
        MessageTarget::Step(step) => named_of(sends.filter(own).filter(|send| view.linked.is_sending_of(*step, send.step)).collect()),
        MessageTarget::Latest(channel) => latest_of(sends.filter(own).filter(on_own_path).filter(|send| send.channel == *channel).collect()),
        MessageTarget::Any(channel) => sends.filter(|send| channel.is_none_or(|channel| send.channel == channel)).collect(),
    }
}

/// Whether what was sent inside of `sent` lies on the path of who is inside of `here`: not in a branch beside its own.
fn is_on_path(sent: &[Frame], here: &[Frame]) -> bool {
    let is_beside = |frame: &Frame| {
        let Frame::Branch { parallel, round, branch } = frame else { return false };
        here.iter().any(|own| matches!(own, Frame::Branch { parallel: p, round: r, branch: b } if p == parallel && r == round && b != branch))
    };
    !sent.iter().any(is_beside)
}

fn clicks<'a>(send: &'a SendRecord, url: Option<&'a Arc<str>>) -> impl Iterator<Item = Instant> + 'a {
    send.clicked.iter().filter(move |(_, clicked)| url.is_none_or(|pattern| matches_pattern(pattern, clicked))).map(|(at, _)| *at)
}

fn replies<'a>(view: &View<'a>, send: &'a SendRecord, query: &Query) -> impl Iterator<Item = Instant> + 'a {
    let wanted = match &query.pattern {
        EventPattern::Message { text, .. } => *text,
        EventPattern::Custom(_) | EventPattern::Visited(_) => None,
    };
    let linked = view.linked;
    send.replied
        .iter()
        .filter(move |(_, text)| wanted.is_none_or(|id| linked.regexes.get(id.index()).and_then(Option::as_ref).is_some_and(|regex| regex.is_match(text))))
        .map(|(at, _)| *at)
}

fn url_of(query: &Query) -> Option<&Arc<str>> {
    match &query.pattern {
        EventPattern::Message { url, .. } => url.as_ref(),
        EventPattern::Custom(_) | EventPattern::Visited(_) => None,
    }
}

fn aggregate(aggregate: &Aggregate, matches: &[Match<'_>]) -> Value {
    let numbers = |name: &Arc<str>| -> Vec<f64> { matches.iter().filter_map(|found| found.properties?.get(name)?.as_number()).collect() };
    let fold = |name: &Arc<str>, pick: fn(f64, f64) -> f64| numbers(name).into_iter().reduce(pick).map_or(Value::Unset, Value::number);
    let latest = || matches.iter().max_by_key(|found| (found.happened, found.seq));
    // Of two with one happened time the later accepted is last, so the first is the earlier accepted.
    let earliest = || matches.iter().min_by_key(|found| (found.happened, found.seq));
    let property = |found: Option<&Match<'_>>, name: &Arc<str>| found.and_then(|found| found.properties?.get(name).cloned()).unwrap_or_default();
    match aggregate {
        Aggregate::Exists => Value::Bool(!matches.is_empty()),
        Aggregate::Count => Value::number(u32::try_from(matches.len()).map_or(f64::MAX, f64::from)),
        Aggregate::Sum(name) => Value::number(numbers(name).into_iter().sum()),
        Aggregate::Average(name) => {
            let all = numbers(name);
            let count = u32::try_from(all.len()).map_or(f64::MAX, f64::from);
            Value::number(all.into_iter().sum::<f64>() / count)
        }
        Aggregate::Min(name) => fold(name, f64::min),
        Aggregate::Max(name) => fold(name, f64::max),
        Aggregate::LastAt => latest().map_or(Value::Unset, |found| Value::DateTime(found.happened)),
        Aggregate::FirstAt => earliest().map_or(Value::Unset, |found| Value::DateTime(found.happened)),
        Aggregate::LastProperty(name) => property(latest(), name),
        Aggregate::FirstProperty(name) => property(earliest(), name),
    }
}
