//! Histories: who is there, what happens, and when, with a liking for the edges.

use super::{Block, Maker, Node};

impl Maker<'_> {
    pub fn history(&mut self, number: usize) -> Node {
        let start =
            self.random.text(&["2026-01-05 09:00", "2026-01-07 08:30", "2026-01-09 16:59:30", "2026-03-07 02:30", "2026-01-31 12:00", "2026-10-24 23:15"]);
        let zone = self.random.text(&["UTC", "America/Toronto", "Europe/Berlin", "Asia/Tokyo"]);
        let mut lines = vec![Node::line(format!("given now {start} in \"{zone}\""))];
        let pairs = if self.is_full { 30 } else { 15 };
        let names: &[&str] = if self.random.chance(pairs) { &["ana", "ben"] } else { &["ana"] };
        if self.random.chance(20) {
            let answers = ["{ status: 500 }", "{ status: 200, body: { score: 30 } }", "{ status: 429, body: { score: 10 } }"];
            let answer = if self.is_wide { self.random.text(&answers) } else { answers[0].to_owned() };
            lines.push(Node::line(format!("given webhook crm answers {answer}")));
        }
        let date = &start[..10];
        for name in names {
            let fields = self.fields(date);
            lines.push(Node::line(format!("given contact {name} {{ {fields} }}")));
        }
        let count = 4 + self.random.below(14);
        for _ in 0..count {
            if let Some(line) = self.operation(names.len()) {
                lines.push(Node::line(line));
                continue;
            }
            let line = self.happening();
            let Some(line) = line else {
                let step = self.clock();
                lines.push(Node::line(step));
                if self.is_moving {
                    lines.push(Node::line("expect no push"));
                }
                continue;
            };
            let is_message = line.contains("ed(") && !line.contains("submitted") && !line.contains("visited");
            let who = if names.len() > 1 { format!("{}: ", self.random.text(names)) } else { String::new() };
            lines.push(Node::line(format!("{who}{line}")));
            if is_message {
                // What happens to messages has no place among what else happens at its instant.
                lines.push(Node::line("after 1s"));
            }
            if self.random.chance(25) {
                lines.push(Node::line("expect no push"));
            }
        }
        if self.is_full {
            lines.extend((0..self.campaigns).map(|campaign| Node::line(format!("resume campaign \"C{campaign}\""))));
        }
        lines.push(Node::line("expect nothing for 40d"));
        Node::with(format!("test \"history {number}\""), vec![Block::new("", lines)])
    }

    /// What operators do.
    fn operation(&mut self, people: usize) -> Option<String> {
        if !self.is_full || !self.random.chance(15) {
            return None;
        }
        let campaign = self.random.below(self.campaigns);
        if people > 1 && self.random.chance(30) {
            return Some(self.random.text(&["merge ben into ana", "merge ana into ben", "merge ben into ana", "erase ben"]));
        }
        let ways = ["pause campaign \"C#\"", "pause campaign \"C#\"", "resume campaign \"C#\"", "resume campaign \"C#\" with catch up"];
        Some(self.random.text(&ways).replace('#', &campaign.to_string()))
    }

    fn fields(&mut self, date: &str) -> String {
        let mut fields = Vec::new();
        let mut maybe = |maker: &mut Self, percent: usize, text: &str| {
            if maker.random.chance(percent) {
                fields.push(text.to_owned());
            }
        };
        let zones = ["America/Toronto", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland", "America/St_Johns"];
        let zone = self.random.text(if self.is_wide { &zones } else { &zones[..4] });
        let number = self.random.below(8) * 10;
        let country = self.random.text(&["Canada", "France"]);
        let plan = self.random.text(&["free", "pro", "team"]);
        maybe(self, 50, &format!("timezone: \"{zone}\""));
        maybe(self, 50, &format!("country: \"{country}\""));
        maybe(self, 40, &format!("plan: \"{plan}\""));
        maybe(self, 40, &format!("age: {number}"));
        maybe(self, 30, &format!("score: {number}"));
        maybe(self, 30, &format!("points: {number}"));
        maybe(self, 30, "vip: true");
        maybe(self, 30, &format!("birthday: 1990-{}", &date[5..]));
        maybe(self, 30, &format!("renewal: {}-{}", &date[..7], "12"));
        maybe(self, 30, &format!("trial_ends_at: {}-{} 10:00", &date[..7], "14"));
        maybe(self, 30, "nickname: \"anna\"");
        maybe(self, 20, "interests: [\"shoes\"]");
        fields.join(", ")
    }

    /// A step of the clock: often by exactly what the program waits for, sometimes a second beside it.
    fn clock(&mut self) -> String {
        if self.random.chance(25) || self.durations.is_empty() {
            return format!("after {}", self.random.text(&["1s", "10min", "1h", "7h", "1d", "2d", "1w"]));
        }
        let length = self.random.pick(&self.durations).clone();
        format!("after {length}")
    }

    /// Something that happens to a contact; none where only the clock moves.
    fn happening(&mut self) -> Option<String> {
        let number = self.random.below(10) * 10;
        let message = self.random.text(&["e1", "e2", "e3", "e4", "receipt"]);
        let page = self.random.text(&["/pricing", "/pricing/team?x=1", "/docs", "/docs/"]);
        let text = match self.random.weighted(&[30, 14, 8, 5, 3, 14, 20, 3]) {
            0 => return None,
            1 => format!("purchase {{ sku: \"{}\", amount: {number} }}", self.random.text(&["x", "y"])),
            2 => self.random.text(&["ping", "done", "ping", "purchase"]),
            3 => format!("visited(\"{page}\")"),
            4 => "submitted(webinar) { company: \"Acme\" }".to_owned(),
            5 => self.message_event(&message),
            6 => self.test_change(),
            _ => self.enroll(),
        };
        let is_event = ["purchase", "ping", "done", "visited", "submitted"].iter().any(|word| text.starts_with(word));
        if is_event && self.random.chance(10) {
            return Some(format!("{text} happened {} ago", self.duration()));
        }
        Some(text)
    }

    fn message_event(&mut self, message: &str) -> String {
        let texts = [
            format!("opened({message})"),
            format!("opened({message})"),
            format!("opened({message})"),
            format!("opened({message}) by machine"),
            format!("clicked({message})"),
            format!("clicked({message}, \"https://acme.example/abc\")"),
            format!("clicked({message}, \"https://acme.example/b\")"),
            format!("replied({message}, \"Yes please\")"),
            format!("bounced({message}) softly"),
            format!("bounced({message})"),
            format!("complained({message})"),
            format!("unsubscribed({message})"),
            format!("failed({message})"),
            "opened(s1)".to_owned(),
        ];
        let text = self.random.pick(&texts).clone();
        if text == "opened(s1)" { format!("opened({message})") } else { text }
    }

    fn test_change(&mut self) -> String {
        if self.is_wide && self.random.chance(6) {
            return self.random.text(&["clear device", "mute for 1d", "mute for 3h"]);
        }
        if self.random.chance(10) && !self.is_local {
            return self.random.text(&[
                "set timezone = \"Asia/Tokyo\"",
                "clear phone",
                "clear email",
                "set timezone = \"America/Toronto\"",
                "receive sms \"STOP\"",
            ]);
        }
        self.change().text
    }

    fn enroll(&mut self) -> String {
        if self.by_hand.is_empty() {
            let campaign = self.random.below(self.campaigns);
            return format!("leave campaign \"C{campaign}\"");
        }
        let campaign = *self.random.pick(&self.by_hand);
        format!("enroll in campaign \"C{campaign}\"")
    }
}
