//! Header lines of a campaign.

use super::scope::{CaptureKind, Scope, Since};
use super::{Checker, literals, logic::Truth, problems};
use crate::lang::{Days, Instant, TimeOfDay, Type, Window, WindowZone, local_instant};
use crate::semantic::hir::{self, Expr, ExprKind};
use crate::syntax::ast::{self, HeaderKind};

impl Checker<'_, '_> {
    /// One header line but the triggers, which come before all others.
    pub(super) fn header_line(&mut self, line: &ast::Header, campaign: &mut hir::Campaign) {
        match &line.kind {
            HeaderKind::Draft => campaign.is_published = false,
            HeaderKind::Published => campaign.is_published = true,
            HeaderKind::Active { from, until } => self.active(from.as_ref(), until.as_ref(), campaign),
            HeaderKind::OnlyIf(condition) => {
                // Nobody is enrolled yet when this is asked.
                let scope = Scope { since: Since::Ever, ..self.scope.clone() };
                let condition = self.within(scope, |checker| checker.condition(condition));
                self.learn(&condition, Truth::Holds);
                campaign.only_if.push(condition);
            }
            HeaderKind::Reenter(reenter) => campaign.reenter = self.reenter(reenter),
            HeaderKind::Retrigger(retrigger) => {
                campaign.is_restarting = *retrigger == ast::Retrigger::Restart;
            }
            HeaderKind::ExitWhen(condition) => {
                let condition = self.condition(condition);
                campaign.exits.push(hir::Exit { condition, is_stay_while: false, span: line.span });
            }
            HeaderKind::StayWhile(condition) => {
                let condition = self.condition(condition);
                let span = condition.span;
                let condition = if condition.is_error() { condition } else { Expr::bool(ExprKind::Not(Box::new(condition)), span) };
                campaign.exits.push(hir::Exit { condition, is_stay_while: true, span: line.span });
            }
            HeaderKind::Goal(goal) => self.goal(goal, line, campaign),
            HeaderKind::Send(window) => {
                let window = self.send_window(window);
                campaign.windows.push(window);
            }
            HeaderKind::Limit(_) | HeaderKind::Capped(_) | HeaderKind::Throttle(_) | HeaderKind::Holdout(_) | HeaderKind::Priority(_) => {
                self.measure_line(line, campaign);
            }
            HeaderKind::Update { .. } | HeaderKind::Collect(_) => self.capture_line(line, campaign),
            HeaderKind::Migrate(migrations) => {
                for migration in migrations {
                    self.migration(migration, campaign);
                }
            }
            HeaderKind::When { .. } | HeaderKind::Broadcast(_) => {}
        }
    }

    fn migration(&mut self, migration: &ast::Migration, campaign: &mut hir::Campaign) {
        if let Some(to) = &migration.to
            && !self.is_step_here(to)
        {
            let finding = self.unknown_step(to);
            self.report(finding);
        }
        let to = migration.to.as_ref().map(|to| to.text.clone());
        campaign.migrations.push(hir::Migration { from: migration.from.text.clone(), to, span: migration.span });
    }

    fn active(&mut self, from: Option<&ast::Moment>, until: Option<&ast::Moment>, campaign: &mut hir::Campaign) {
        campaign.active_from = from.map(|from| self.first_instant(from));
        campaign.active_until = until.map(|until| self.instant_after(until));
        if let (Some(start), Some(end), Some(until)) = (campaign.active_from, campaign.active_until, until)
            && end <= start
        {
            self.report(problems::ends_before_it_begins(until.span()));
        }
    }

    fn first_instant(&self, moment: &ast::Moment) -> Instant {
        let zone = self.project_zone();
        match moment {
            ast::Moment::Date(date) => zone.day_start(literals::date(*date)),
            ast::Moment::DateTime(at) => local_instant(literals::date(at.date), literals::time(at.time), &zone),
        }
    }

    /// A day counts to its end.
    fn instant_after(&self, moment: &ast::Moment) -> Instant {
        match moment {
            ast::Moment::Date(date) => self.project_zone().day_start(literals::date(*date).plus_days(1)),
            ast::Moment::DateTime(_) => self.first_instant(moment),
        }
    }

    fn reenter(&mut self, reenter: &ast::Reenter) -> hir::Reenter {
        match reenter {
            ast::Reenter::Never => hir::Reenter::Never,
            ast::Reenter::Always => hir::Reenter::Always,
            ast::Reenter::After(duration) => hir::Reenter::After(self.duration(duration)),
            ast::Reenter::Each(expr) => {
                // An unset value is refused at run time and recorded, so a record that may be missing is no fault here.
                let outer = self.scope.known.clone();
                self.scope.known.slots.extend(self.scope.captures.iter().map(|capture| capture.slot));
                let value = self.expr(expr);
                self.scope.known = outer;
                hir::Reenter::Each(value)
            }
        }
    }

    fn goal(&mut self, goal: &ast::Goal, line: &ast::Header, campaign: &mut hir::Campaign) {
        if let Some(within) = &goal.within {
            self.check_joined(&goal.condition, within.span());
        }
        let condition = self.condition(&goal.condition);
        let within = goal.within.as_ref().map(|length| self.length(length));
        if let Some(name) = &goal.name
            && let Some(first) = campaign.goals.iter().find(|other| other.name.as_ref() == Some(&name.value))
        {
            let finding = crate::semantic::resolve::problems::declared_twice("goal", &name.value, name.span, first.span);
            self.report(finding);
        }
        campaign.goals.push(hir::Goal { name: goal.name.as_ref().map(|name| name.value.clone()), condition, within, span: line.span });
    }

    fn measure_line(&mut self, line: &ast::Header, campaign: &mut hir::Campaign) {
        match &line.kind {
            HeaderKind::Limit(limit) => {
                let limit = self.limit(limit);
                campaign.limits.push(limit);
            }
            HeaderKind::Capped(capped) => {
                let up_to = capped.up_to.as_ref().map(|length| self.length(length));
                campaign.capped = Some(hir::Capped { is_waiting: capped.at_cap == ast::AtCap::Wait, up_to });
            }
            HeaderKind::Throttle(throttle) => {
                campaign.throttle = Some(self.throttle(throttle));
            }
            HeaderKind::Holdout(share) => {
                campaign.holdout = Some(self.share(share));
            }
            HeaderKind::Priority(number) => {
                campaign.priority = Some(number.value);
            }
            _ => {}
        }
    }

    fn capture_line(&mut self, line: &ast::Header, campaign: &mut hir::Campaign) {
        match &line.kind {
            HeaderKind::Update { capture, event } => {
                let Some(found) = self.captured(capture) else { return };
                // What the record holds now may be asked of: it is there, or there is nothing to update.
                let outer = self.scope.known.clone();
                self.scope.known.slots.push(found.slot);
                let pattern = self.pattern(&event.name, event.args.as_deref(), super::events::Place::Happening);
                self.scope.known = outer;
                if let Some(pattern) = pattern {
                    campaign.updates.push(hir::Update { slot: found.slot, pattern: pattern.pattern, predicate: pattern.predicate, span: line.span });
                }
            }
            HeaderKind::Collect(collect) => {
                let Some(found) = self.captured(&collect.capture) else { return };
                let by = collect.by.as_ref().map(|by| self.expr(by));
                let length = self.duration(&collect.length);
                let sliding_up_to = collect.sliding_up_to.as_ref().map(|duration| self.duration(duration));
                campaign.collect = Some(hir::Collect { slot: found.slot, length, sliding_up_to, by, span: line.span });
            }
            _ => {}
        }
    }

    fn captured(&mut self, name: &ast::Name) -> Option<super::scope::Capture> {
        let found = self.scope.capture(&name.text).filter(|capture| capture.kind != CaptureKind::Answer).cloned();
        if found.is_none() {
            let known: Vec<String> = self.scope.captures.iter().map(|capture| capture.name.to_string()).collect();
            self.report(problems::unknown_capture(name.span, &name.text, known.iter().map(String::as_str)));
        }
        found
    }

    pub(super) fn limit(&mut self, limit: &ast::Limit) -> hir::Limit {
        let what = match limit.what.value {
            ast::LimitWhat::Messages => hir::LimitCount::Messages,
            ast::LimitWhat::Emails => hir::LimitCount::Emails,
            ast::LimitWhat::Sms => hir::LimitCount::Sms,
            ast::LimitWhat::Pushes => hir::LimitCount::Pushes,
        };
        let is_waiting = limit.otherwise.as_ref().is_some_and(|otherwise| otherwise.value == ast::AtCap::Wait);
        hir::Limit { count: self.count(&limit.count), what, per: self.period(&limit.per), is_waiting, span: limit.span }
    }

    pub(super) fn throttle(&mut self, throttle: &ast::Throttle) -> hir::Throttle {
        let pace = self.pace(&throttle.pace);
        hir::Throttle { pace, is_doubling: throttle.doubling.is_some(), span: throttle.span }
    }

    pub(super) fn pace(&mut self, pace: &ast::Pace) -> hir::Pace {
        hir::Pace { count: self.count(&pace.count), per: self.period(&pace.per) }
    }

    /// The window of a `send between` or of quiet hours.
    pub(super) fn send_window(&mut self, window: &ast::Window) -> Window {
        let days = match window.days.as_ref().map(|days| &days.kind) {
            None => Days::ALL,
            Some(ast::DaysKind::Weekdays) => Days::WEEKDAYS,
            Some(ast::DaysKind::Weekends) => Days::WEEKENDS,
            Some(ast::DaysKind::Listed(days)) => Days::of(&days.iter().map(|day| literals::weekday(day.value)).collect::<Vec<_>>()),
        };
        let zone = match window.zone.as_ref().map(|zone| &zone.kind) {
            None | Some(ast::ZoneKind::Contact) => WindowZone::Contact,
            Some(ast::ZoneKind::Named(name)) => self.zone_name(name).map_or(WindowZone::Contact, |name| WindowZone::Named(name.to_string())),
        };
        let (from, to): (TimeOfDay, TimeOfDay) = (literals::time(window.from), literals::time(window.to));
        if from == to {
            self.report(problems::whole_day(window.span));
        }
        Window { from, to, days, zone }
    }

    /// A whole value of a wanted type.
    pub(super) fn typed(&mut self, expr: &ast::Expr, ty: &Type, phrase: &str) -> Expr {
        let value = self.expr(expr);
        self.expect_type(value, ty, phrase)
    }
}
