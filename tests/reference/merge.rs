//! Two contacts turn out to be one person, or one is erased: *Time* 15. History unites; of each campaign the further-advanced enrollment goes on; no
//! message comes twice. Where both have a fact, that of the one who stays holds; the stricter consent holds.

use super::person::{Edge, Enrollment, Event, Fate, Frame, Happened, Person, Sending, Wait};
use campc::bytecode::BuiltinField;
use campc::lang::{Instant, Value};
use campc::semantic::hir::Reenter;

/// Where a number of one of the two comes to stand: what is accepted at one instant, of the one who stays first.
type Place = (Instant, usize, usize);

impl<'p> Person<'p> {
    /// Everything of the other is this one's from now on.
    pub fn input_merged(&mut self, mut other: Person<'p>) {
        let before: Vec<f64> = self.points.iter().zip(&other.points).map(|(mine, theirs)| mine.max(*theirs)).collect();
        self.unite_order(&mut other);
        self.unite_facts(&other);
        self.unite_consent(&other);
        self.unite_enrollments(other);
        // Who was in by either stays in; what neither was in is entered, and what neither had is reached.
        self.refresh_segments();
        for (group, before) in before.into_iter().enumerate() {
            let now = self.points[group];
            if now > before {
                self.edges.push_back(Edge::Points(group, before, now));
            }
        }
        self.complete();
        self.answer();
    }

    /// Nothing is left, and nothing is remembered.
    pub fn input_erased(&mut self) {
        let mut fresh = Person::new(self.world, self.index, self.now);
        fresh.trace = std::mem::take(&mut self.trace);
        fresh.paused = std::mem::take(&mut self.paused);
        *self = fresh;
    }

    /// One order of acceptance, and one list of sendings.
    fn unite_order(&mut self, other: &mut Person<'p>) {
        let of = |person: &Person<'p>, whose: usize| (1..=person.seq).map(|seq| (person.accepted[seq], whose, seq)).collect::<Vec<Place>>();
        let mut all: Vec<Place> = of(self, 0).into_iter().chain(of(other, 1)).collect();
        all.sort_unstable();
        let number = |at: Instant, whose: usize, seq: usize| all.partition_point(|known| *known <= (at, whose, seq));
        let mut sends: Vec<(Instant, usize, usize)> =
            (0..self.sends.len()).map(|at| (self.sends[at].at, 0, at)).chain((0..other.sends.len()).map(|at| (other.sends[at].at, 1, at))).collect();
        sends.sort_unstable();
        let place = |whose: usize, send: usize| sends.iter().position(|(_, known, at)| (*known, *at) == (whose, send)).expect("all are listed");
        let united = sends.iter().map(|(_, whose, at)| if *whose == 0 { self.sends[*at].clone() } else { other.sends[*at].clone() }).collect::<Vec<Sending>>();
        for (whose, person) in [(0, &mut *self), (1, &mut *other)] {
            for event in &mut person.events {
                let accepted = if let Happened::Message(..) = event.what { event.happened } else { person.accepted[event.seq] };
                let accepted = accepted.max(person.accepted[event.seq]);
                event.seq = number(accepted, whose, event.seq);
                if let Happened::Message(_, send) = &mut event.what {
                    *send = place(whose, *send);
                }
            }
            for enrollment in &mut person.enrollments {
                enrollment.since = number(enrollment.started, whose, enrollment.since);
                renumber(enrollment, &|at, seq| number(at, whose, seq), &|send| place(whose, send));
            }
        }
        self.sends = united;
        self.events.append(&mut other.events);
        self.events.sort_by_key(|event: &Event| event.seq);
        self.seq = all.len();
        self.accepted = [Instant::FAR_PAST].into_iter().chain(all.iter().map(|(at, ..)| *at)).collect();
    }

    fn unite_facts(&mut self, other: &Person<'p>) {
        let [created, seen] = [BuiltinField::CreatedAt, BuiltinField::LastSeenAt].map(|field| self.world.builtin(field));
        for (field, theirs) in other.fields.iter().enumerate() {
            self.fields[field] = match (&self.fields[field], theirs) {
                (Value::DateTime(a), Value::DateTime(b)) if field == created => Value::DateTime(*a.min(b)),
                (Value::DateTime(a), Value::DateTime(b)) if field == seen => Value::DateTime(*a.max(b)),
                (mine, theirs) => if mine.is_set() { mine } else { theirs }.clone(),
            };
        }
        let zone = self.look_up_zone();
        // Those who come along have another zone too.
        self.is_zone_new |= zone.name() != self.zone.name() || zone.name() != other.zone.name();
        self.zone = zone;
        self.tags.extend(other.tags.iter().cloned());
        self.lists.extend(other.lists.iter().copied());
        for (group, theirs) in other.points.iter().enumerate() {
            self.points[group] += theirs;
        }
        for (line, theirs) in &other.fades {
            // Of two rhythms the older goes on.
            let mine = self.fades.entry(*line).or_insert(*theirs);
            if theirs.since < mine.since {
                *mine = *theirs;
            }
        }
        for (mine, theirs) in self.given.iter_mut().zip(&other.given) {
            mine.extend(theirs.iter().copied());
            mine.sort_by_key(|(at, _)| *at);
        }
        for (mine, theirs) in self.segments.iter_mut().zip(&other.segments) {
            *mine |= *theirs;
        }
        self.muted_until = self.muted_until.max(other.muted_until);
        self.has_device |= other.has_device;
        self.missed.extend(other.missed.iter().cloned());
        self.broadcasts_until = self.broadcasts_until.max(other.broadcasts_until);
    }

    fn unite_consent(&mut self, other: &Person<'p>) {
        let stricter = |mine: Option<bool>, theirs: Option<bool>| match (mine, theirs) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (mine, theirs) => mine.or(theirs),
        };
        for (mine, theirs) in self.channels.iter_mut().zip(other.channels) {
            *mine = stricter(*mine, theirs);
        }
        for (topic, theirs) in &other.topics {
            let mine = self.topics.get(topic).copied();
            self.topics.extend(stricter(mine, Some(*theirs)).map(|is_in| (*topic, is_in)));
        }
        self.bounced.extend(other.bounced.iter().cloned());
        self.complained |= other.complained;
    }

    fn unite_enrollments(&mut self, other: Person<'p>) {
        let is_once = |person: &Self, campaign| matches!(person.campaign(campaign).reenter, Reenter::Never);
        // Who has been through a campaign that takes everybody once does not get its messages again.
        let mut mine = std::mem::take(&mut self.enrollments);
        for enrollment in mine.iter_mut().filter(|e| !e.is_over) {
            let has_ended = other.past.iter().any(|(known, ..)| *known == enrollment.campaign);
            if has_ended && is_once(self, enrollment.campaign) {
                let ended = other.past_path(enrollment.campaign);
                enrollment.done_elsewhere.extend(self.sent_besides(&ended, &enrollment.path));
            }
        }
        for mut theirs in other.enrollments {
            let same = |e: &Enrollment<'p>| !e.is_over && e.campaign == theirs.campaign && e.each == theirs.each && e.by == theirs.by;
            let twin = if theirs.is_over { None } else { mine.iter().position(same) };
            let has_ended = self.past.iter().any(|(known, ..)| *known == theirs.campaign);
            if let Some(at) = twin {
                let own = mine.remove(at);
                let is_further = (theirs.executed.len(), own.started) > (own.executed.len(), theirs.started);
                let (mut survivor, gone) = if is_further { (theirs, own) } else { (own, theirs) };
                self.absorb(&mut survivor, gone);
                mine.insert(at, survivor);
            } else if !theirs.is_over && has_ended && is_once(self, theirs.campaign) {
                self.give_up(&mut theirs);
            } else {
                mine.push(theirs);
            }
        }
        mine.sort_by_key(|enrollment| enrollment.started);
        for (id, enrollment) in mine.iter_mut().enumerate() {
            enrollment.id = id;
        }
        self.next_id = mine.len();
        self.enrollments = mine;
        self.past.extend(other.past);
    }

    /// The sendings of what has ended of a campaign.
    fn past_path(&self, campaign: campc::bytecode::CampaignId) -> Vec<usize> {
        self.enrollments.iter().filter(|e| e.campaign == campaign).flat_map(|e| e.path.clone()).collect()
    }

    /// What has left of some sendings and was not sent by the others: the same step in the same passes.
    fn sent_besides(&self, theirs: &[usize], mine: &[usize]) -> Vec<(campc::bytecode::StepId, Vec<u32>)> {
        let has_left = |send: &&usize| matches!(self.sends[**send].fate, Fate::Sent | Fate::Failed);
        let key = |send: &usize| (self.sends[*send].step, self.sends[*send].passes.clone());
        theirs.iter().filter(has_left).map(key).filter(|sent| !mine.iter().filter(has_left).any(|send| key(send) == *sent)).collect()
    }

    /// One goes up in the other: what it has sent counts as the other's, its goals and its gathered events are the other's.
    fn absorb(&mut self, survivor: &mut Enrollment<'p>, mut gone: Enrollment<'p>) {
        self.give_up(&mut gone);
        survivor.done_elsewhere.extend(self.sent_besides(&gone.path, &survivor.path));
        survivor.path.extend(&gone.path);
        survivor.path.sort_unstable();
        for thread in &mut survivor.threads {
            thread.path.extend(&gone.path);
            thread.path.sort_unstable();
        }
        for (mine, theirs) in survivor.goals.iter_mut().zip(&gone.goals) {
            *mine |= *theirs;
        }
        survivor.entered = survivor.entered.min(gone.entered);
        if let (Some(_), Some(_), Some(collect)) = (survivor.gathering, gone.gathering, &self.campaign(survivor.campaign).collect) {
            let slot = collect.slot.index();
            survivor.captures[slot] = super::triggers::gathered_all(&survivor.captures[slot], &gone.captures[slot]);
        }
    }

    /// What it holds is taken back.
    fn give_up(&mut self, gone: &mut Enrollment<'p>) {
        for send in &gone.path {
            if self.sends[*send].fate == Fate::Held {
                self.sends[*send].fate = Fate::Cancelled;
            }
        }
    }
}

fn renumber(enrollment: &mut Enrollment<'_>, number: &impl Fn(Instant, usize) -> usize, place: &impl Fn(usize) -> usize) {
    enrollment.path.iter_mut().for_each(|send| *send = place(*send));
    for thread in &mut enrollment.threads {
        thread.path.iter_mut().for_each(|send| *send = place(*send));
        if let Some((began, seq)) = &mut thread.pass {
            *seq = number(*began, *seq);
        }
        for frame in &mut thread.frames {
            if let Frame::Repeat(_, began, seq, _) = frame {
                *seq = number(*began, *seq);
            }
        }
        if let Some(Wait::Held { send, .. } | Wait::Place { send, .. }) = &mut thread.wait {
            *send = place(*send);
        }
    }
}
