//! Declarations, campaigns and their steps.

use super::conditions::Place;
use super::{Block, Maker, Node};

/// Arms of a split.
const SHARES: &[&[&str]] = &[&["50%", "else"], &["100%", "0%"], &["30%", "30% as \"b\"", "else"]];
const EMAILS: &[&str] = &["e1", "e2", "e3", "e4", "receipt"];

impl Maker<'_> {
    pub fn program(&mut self) -> Vec<Node> {
        let zones = ["UTC", "America/Toronto", "Europe/Berlin", "Asia/Tokyo", "Australia/Lord_Howe"];
        let zone = self.random.text(if self.is_wide { &zones } else { &zones[..4] });
        let holidays = if self.is_wide { self.random.text(&["", "holidays file \"holidays.ics\" "]) } else { String::new() };
        let control = if self.is_full { self.random.text(&["", "", "", "control group 30% "]) } else { String::new() };
        let mut nodes = vec![
            Node::line(format!("project \"Acme\" {{ timezone \"{zone}\" from \"Ana <ana@acme.example>\" address \"1 King St W\" {holidays}{control}}}")),
            Node::line(
                "contact { plan: enum(\"free\", \"pro\", \"team\") = \"free\"  age: number  score: number = 0  vip: bool = false  birthday: date  renewal: date  trial_ends_at: datetime  nickname: text  is_member: bool  interests: list(text) = [] }",
            ),
            Node::line("event purchase { sku: text, amount: number }"),
            Node::line("event ping"),
            Node::line("event done"),
            Node::line("form webinar { company: text }"),
            Node::line("list l1"),
            Node::line("list l2"),
            Node::line("topic news"),
            Node::line("topic offers opt in"),
            Node::line("webhook crm { url \"https://crm.example/hook\" secret env(\"CRM_SECRET\") }"),
            Node::line("points web { on visited(\"/docs*\") +3 }"),
            Node::line("sms s1 \"Hello. Reply STOP to opt out.\""),
            Node::line("push p1 { title \"One\" body \"One\" }"),
        ];
        for (name, lines) in [("e1", ""), ("e2", "topic news "), ("e3", "topic offers "), ("e4", ""), ("receipt", "transactional ")] {
            nodes.push(Node::line(format!("email {name} {{ {lines}subject \"{name}\" body \"See https://acme.example/a. {{{{ unsubscribe_url }}}}\" }}")));
        }
        self.segments = 1 + self.random.below(3);
        self.campaigns = 1 + self.random.below(4);
        for index in 0..self.segments {
            let place = Place { segments: index, ..Place::default() };
            let condition = self.condition(&place);
            nodes.push(Node::line(format!("segment seg{index} = {condition}")));
        }
        nodes.extend(self.rules());
        if self.is_wide {
            nodes.extend(super::sending::policy(self.random, self.is_full));
        }
        for index in 0..self.campaigns {
            let campaign = self.campaign(index);
            nodes.push(campaign);
        }
        nodes
    }

    fn rules(&mut self) -> Option<Node> {
        let count = self.random.below(4);
        let mut rules = Vec::new();
        for _ in 0..count {
            let number = self.random.below(8) * 10;
            let event = match self.random.below(4) {
                0 => "opened(any email)".to_owned(),
                1 => "clicked(e1)".to_owned(),
                _ => self.event(number),
            };
            let amount = self.random.text(&["+5", "+10", "-5", "+20"]);
            let amount = if event.starts_with("purchase") && self.random.chance(30) { "+(amount / 10)".to_owned() } else { amount };
            let cap = self.random.text(&[
                "",
                "",
                " at most once",
                " at most once per day",
                " at most once per week",
                " at most once per month",
                " at most once per 2d",
            ]);
            rules.push(Node::line(format!("on {event} {amount}{cap}")));
        }
        if self.is_full && self.random.chance(40) {
            rules.push(Node::line(self.random.text(&[
                "decay 10% per 2d",
                "decay 50% per 1mo",
                "decay 100% per 1w",
                "decay 25% per 12h",
                "decay 33% per 2 business days",
            ])));
        }
        (!rules.is_empty()).then(|| Node::with("points", vec![Block::new("", rules)]))
    }

    fn campaign(&mut self, index: usize) -> Node {
        let mut place = Place { segments: self.segments, has_anchor: true, campaign: Some(index), ..Place::default() };
        let mut items = vec![Node::line("published")];
        items.extend(self.triggers(index, &mut place));
        items.extend(self.header(&place));
        if self.is_wide {
            items.extend(super::sending::caps(self.random));
        }
        if self.is_full {
            items.extend(super::sending::paces(self.random));
        }
        let length = 2 + self.random.below(5);
        items.extend(self.steps(&mut place, length, 0));
        Node::with(format!("campaign \"C{index}\""), vec![Block::new("", items)])
    }

    fn triggers(&mut self, index: usize, place: &mut Place) -> Vec<Node> {
        if self.random.chance(12) {
            let captured = self.random.chance(60);
            let predicate = if self.random.chance(50) { "(amount > 20)" } else { "" };
            if captured {
                place.capture = Some("order");
                let mut lines = vec![Node::line(format!("when purchase{predicate} as order"))];
                if self.is_wide {
                    lines.extend(super::sending::of_capture(self.random));
                }
                return lines;
            }
        }
        let count = if self.random.chance(20) { 2 } else { 1 };
        (0..count).map(|_| self.trigger(index)).collect()
    }

    fn trigger(&mut self, index: usize) -> Node {
        let segment = self.random.below(self.segments);
        let number = self.random.below(6) * 10 + 10;
        let event = self.event(number);
        let texts = [
            format!("segment seg{segment}"),
            format!("leaving segment seg{segment}"),
            format!("segment seg{segment} or leaving segment seg{segment}"),
            "list l1".to_owned(),
            "list l2".to_owned(),
            "leaving list l1".to_owned(),
            event.clone(),
            event.clone(),
            event,
            "opened(e1)".to_owned(),
            "clicked(e2)".to_owned(),
            "unsubscribed(e1)".to_owned(),
            "tag \"a\"".to_owned(),
            "untagged \"b\"".to_owned(),
            "tag \"a\" or tag \"b\"".to_owned(),
            "plan changes".to_owned(),
            "plan changes from \"free\"".to_owned(),
            "plan changes to \"pro\"".to_owned(),
            "score changes".to_owned(),
            format!("points reach {number}"),
            "points changes".to_owned(),
            "contact created".to_owned(),
            "contact created".to_owned(),
            "subscribed to offers".to_owned(),
            "unsubscribed from news".to_owned(),
            "enrolled".to_owned(),
            "BROADCAST".to_owned(),
            "DATE".to_owned(),
        ];
        let most = texts.len() - usize::from(!self.is_wide);
        let text = self.random.pick(&texts[..most]).clone();
        if text == "BROADCAST" {
            return self.broadcast();
        }
        if text == "DATE" {
            // Whose clock moves meanwhile has no moment that the specification speaks of.
            self.is_local = true;
            return Node::line(self.random.text(super::sending::DATES));
        }
        if text == "enrolled" {
            self.by_hand.push(index);
        }
        Node::line(format!("when {text}"))
    }

    fn broadcast(&mut self) -> Node {
        let audience = self.fact();
        let zone = self.random.text(&["", "", " in contact timezone", " in \"Europe/Berlin\""]);
        self.is_local |= zone.contains("contact");
        let text = match self.random.below(4) {
            0 => format!("every monday at 09:00{zone} for {audience}"),
            1 => format!("every day at 10:30{zone} for {audience}"),
            2 => format!("every month on day 31 at 09:00{zone} for {audience}"),
            _ => format!("at 2026-01-08 10:00{zone} for {audience}"),
        };
        Node::line(format!("when {text}"))
    }

    fn header(&mut self, place: &Place) -> Vec<Node> {
        let mut lines = Vec::new();
        if self.random.chance(20) {
            let place = Place { has_anchor: false, ..place.clone() };
            lines.push(format!("only if {}", self.condition(&place)));
        }
        match self.random.below(4) {
            0 => lines.push("reenter always".to_owned()),
            1 if place.capture.is_some() => lines.push("reenter each order.sku".to_owned()),
            1 => lines.push(format!("reenter after {}", self.duration())),
            _ => {}
        }
        if self.random.chance(35) {
            lines.push(format!("exit when {}", self.condition(place)));
        }
        if self.random.chance(15) {
            lines.push("retrigger restart".to_owned());
        }
        if self.random.chance(20) {
            let within = if self.random.chance(50) { format!(" within {}", self.duration()) } else { String::new() };
            let condition = if within.is_empty() { self.condition(place) } else { self.event(20) };
            lines.push(format!("goal \"g\" = {condition}{within}"));
        }
        if self.random.chance(8) {
            let inner = self.fact();
            lines.push(format!("stay while {inner}"));
        }
        if self.random.chance(25) {
            let hours = self.random.text(&["09:00 and 17:00", "09:00 and 20:00", "22:00 and 06:00", "10:00 and 12:00"]);
            let days = self.random.text(&["", "", " on weekdays", " on monday, wednesday"]);
            let zone = self.random.text(&["", " in contact timezone", " in \"Asia/Tokyo\""]);
            lines.push(format!("send between {hours}{days}{zone}"));
        }
        if self.random.chance(5) {
            lines.push("active from 2026-01-06 until 2026-01-12".to_owned());
        }
        lines.into_iter().map(Node::line).collect()
    }

    fn steps(&mut self, place: &mut Place, count: usize, depth: usize) -> Vec<Node> {
        (0..count).map(|_| self.step(place, depth)).collect()
    }

    fn block(&mut self, place: &Place, depth: usize) -> Vec<Node> {
        let mut inner = place.clone();
        let count = 1 + self.random.below(3);
        self.steps(&mut inner, count, depth + 1)
    }

    fn step(&mut self, place: &mut Place, depth: usize) -> Node {
        let nested = if depth < 3 { 1 } else { 0 };
        let wide = usize::from(self.is_wide);
        match self.random.weighted(&[26, 20, 8, 16 * nested, 6 * nested, 26, 5, 3, 2, 5 * nested, 4 * nested, 3 * nested, 3, 4 * wide, 5 * nested * wide]) {
            0 => self.send(place),
            1 => self.wait(),
            2 => self.wait_for(place),
            3 => self.decision(place, depth),
            4 => self.await_(place, depth),
            5 => self.change(),
            6 => self.call(),
            7 => self.others(place),
            8 => Node::line(self.random.text(&["stop", "stop \"enough\""])),
            9 => self.repeat(place, depth),
            10 => self.parallel(place, depth),
            11 => self.split(place, depth),
            13 => self.rarer_send(place),
            14 => self.timeline(place, depth),
            _ => Node::line(self.random.text(&["emit done", "emit purchase { sku: \"x\", amount: score }", "emit purchase { amount: 30 }"])),
        }
    }

    fn send(&mut self, place: &mut Place) -> Node {
        if self.random.chance(20) {
            place.sent.push("s1".to_owned());
            return Node::line("sms s1");
        }
        let message = self.random.text(EMAILS);
        place.sent.push(message.clone());
        place.has_email = true;
        Node::line(format!("email {message}"))
    }

    /// What is no plain send. A `reach` has a name, by which conditions ask about its sending.
    fn rarer_send(&mut self, place: &mut Place) -> Node {
        let text = self.random.text(super::sending::STEPS);
        let Some(arms) = text.strip_prefix("reach ") else { return Node::line(text) };
        self.answers += 1;
        let name = format!("way{}", self.answers);
        place.sent.push(name.clone());
        Node::line(format!("reach as {name} {arms}"))
    }

    fn wait(&mut self) -> Node {
        let length = self.duration();
        let zone = self.random.text(&["", "", "", " in \"Europe/Berlin\""]);
        let texts = [
            format!("wait {length}"),
            format!("wait {length}"),
            format!("wait {length}"),
            "wait between 2h and 2h".to_owned(),
            format!("wait until 09:00{zone}"),
            "wait until tuesday".to_owned(),
            format!("wait until friday at 10:00{zone}"),
            "wait until trial_ends_at".to_owned(),
            format!("wait until {length} before trial_ends_at"),
            "wait until 1d before renewal at 08:00".to_owned(),
            "wait until renewal".to_owned(),
            "wait until 2026-01-09 12:00".to_owned(),
            format!("wait {length} then until 09:00"),
        ];
        Node::line(self.random.pick(&texts).clone())
    }

    fn wait_for(&mut self, place: &Place) -> Node {
        let place = Place { is_positive: true, ..place.clone() };
        let condition = self.condition(&place);
        let up_to = if self.random.chance(70) { format!(" up to {}", self.duration()) } else { String::new() };
        Node::line(format!("wait for {condition}{up_to}"))
    }

    fn decision(&mut self, place: &Place, depth: usize) -> Node {
        let is_within = self.random.chance(50);
        let asked = Place { is_positive: is_within, ..place.clone() };
        let condition = self.condition(&asked);
        let then = self.block(place, depth);
        let mut blocks = vec![Block::new("then", then)];
        let is_red = !is_within && self.random.chance(50);
        if is_red || self.random.chance(60) {
            let mut late = self.block(place, depth);
            if is_red {
                let length = self.duration();
                late.insert(0, Node::line(format!("wait {length}")));
            }
            blocks.push(Block::new("else", late));
        }
        if is_within {
            let length = self.duration();
            let not = if self.random.chance(15) { "not " } else { "" };
            return Node::with(format!("if {not}({condition}) within {length}"), blocks);
        }
        Node::with(format!("if {condition}"), blocks)
    }

    fn repeat(&mut self, place: &Place, depth: usize) -> Node {
        let body = self.block(place, depth);
        let times = 1 + self.random.below(3);
        let until = if self.random.chance(50) {
            let asked = Place { is_positive: true, ..place.clone() };
            format!(" until {}", self.condition(&asked))
        } else {
            String::new()
        };
        let length = self.duration();
        Node::with(format!("repeat up to {times} times every {length}{until}"), vec![Block::new("", body)])
    }

    fn parallel(&mut self, place: &Place, depth: usize) -> Node {
        let branches = (0..2 + self.random.below(2)).map(|_| {
            let body = self.block(place, depth);
            Node::with("", vec![Block::new("", body)])
        });
        let branches = branches.collect();
        Node::with("parallel", vec![Block::new("", branches)])
    }

    fn split(&mut self, place: &Place, depth: usize) -> Node {
        let shares = *self.random.pick(SHARES);
        let arms = shares.iter().map(|share| {
            let body = self.block(place, depth);
            Node::with(*share, vec![Block::new("", body)])
        });
        let arms = arms.collect();
        Node::with("split", vec![Block::new("", arms)])
    }

    fn timeline(&mut self, place: &Place, depth: usize) -> Node {
        let anchor = self.random.text(&["trial_ends_at", "renewal", "trial_ends_at again when moved"]);
        let inner = Place { has_email: false, ..place.clone() };
        let arms = (0..1 + self.random.below(3)).map(|_| {
            let body = self.block(&inner, depth + 1);
            let length = self.duration();
            let side = self.random.text(&["before", "after", "before"]);
            let head = if self.random.chance(20) { "on the day".to_owned() } else { format!("{length} {side}") };
            let at = self.random.text(&["", "", " at 09:00", " at 00:00"]);
            Node::with(format!("{head}{at}"), vec![Block::new("", body)])
        });
        let arms = arms.collect();
        Node::with(format!("timeline {anchor}"), vec![Block::new("", arms)])
    }

    fn await_(&mut self, place: &Place, depth: usize) -> Node {
        let mut arms = Vec::new();
        for _ in 0..1 + self.random.below(2) {
            if self.random.chance(40) {
                let body = self.block(place, depth);
                let number = self.random.below(5) * 10;
                arms.push(Node::with(format!("on purchase(amount > {number})"), vec![Block::new("", body)]));
            } else {
                let asked = Place { is_positive: true, ..place.clone() };
                let condition = self.condition(&asked);
                let body = self.block(place, depth);
                arms.push(Node::with(format!("on {condition}"), vec![Block::new("", body)]));
            }
        }
        if self.random.chance(75) {
            let length = self.duration();
            let body = self.block(place, depth);
            arms.push(Node::with(format!("after {length}"), vec![Block::new("", body)]));
        }
        Node::with("await", vec![Block::new("", arms)])
    }

    /// A step that changes the contact, as campaigns and tests have it.
    pub fn change(&mut self) -> Node {
        let number = self.random.below(8) * 10;
        let plan = self.random.text(&["free", "pro", "team"]);
        let tag = self.random.text(&["a", "b", "c"]);
        let list = self.random.text(&["l1", "l2"]);
        let item = self.random.text(&["shoes", "hats"]);
        let texts = [
            format!("set plan = \"{plan}\""),
            format!("set age = {number}"),
            format!("set score = {number}"),
            "set score = score + 10".to_owned(),
            "set score = points".to_owned(),
            format!("set {} = {}", if number > 40 { "is_member" } else { "vip" }, number.is_multiple_of(20)),
            "set renewal = today + 3d".to_owned(),
            "set trial_ends_at = now + 2d".to_owned(),
            "clear age".to_owned(),
            "clear trial_ends_at".to_owned(),
            "set nickname = \"Ana\"".to_owned(),
            format!("add \"{item}\" to interests"),
            format!("remove \"{item}\" from interests"),
            "points +10".to_owned(),
            "points -5".to_owned(),
            format!("points = {number}"),
            "points +10 in group web".to_owned(),
            format!("tag \"{tag}\""),
            format!("tag \"{tag}\""),
            format!("untag \"{tag}\""),
            format!("add to list {list}"),
            format!("remove from list {list}"),
            "subscribe to topic offers".to_owned(),
            "unsubscribe from topic news".to_owned(),
            "subscribe to topic news".to_owned(),
            "unsubscribe".to_owned(),
        ];
        Node::line(self.random.pick(&texts).clone())
    }

    fn call(&mut self) -> Node {
        if self.random.chance(25) {
            self.answers += 1;
            let name = format!("answer{}", self.answers);
            let text = format!("webhook crm {{ age: age }} as {name}");
            let asks = ["ok", "status == 200", "status > 400", "body.score > 20", "body.score is set"];
            let ask = self.random.text(if self.is_wide { &asks } else { &asks[..3] });
            // The two stand together, so that nothing reads an answer that is not there.
            return Node { text, blocks: Vec::new(), tail: format!("\nif {name}.{ask} then tag \"a\" else tag \"c\"") };
        }
        let texts =
            ["webhook crm { plan: plan, total: points + score }", "webhook crm { age: age }", "webhook crm", "notify \"sales@acme.example\" \"Look\" \"Here\""];
        Node::line(self.random.text(&texts))
    }

    fn others(&mut self, place: &Place) -> Node {
        let own = place.campaign.unwrap_or(0);
        let others: Vec<usize> = self.by_hand.iter().copied().filter(|other| *other != own).collect();
        let other = self.random.below(self.campaigns);
        if !others.is_empty() && self.random.chance(60) {
            let other = *self.random.pick(&others);
            return Node::line(format!("enroll in campaign \"C{other}\""));
        }
        if other == own {
            return self.change();
        }
        Node::line(format!("leave campaign \"C{other}\""))
    }
}
