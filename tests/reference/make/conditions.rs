//! Conditions: atoms of every kind, and how they are joined.

use super::Maker;

/// Where a condition stands: what it may ask for.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Segments below this number may be read.
    pub segments: usize,
    /// Messages that were sent on every path to here.
    pub sent: Vec<String>,
    /// Whether an email was sent on every path to here.
    pub has_email: bool,
    /// The captured event, where there is one: its name.
    pub capture: Option<&'static str>,
    /// Whether history looks back to an anchor; else it says how far.
    pub has_anchor: bool,
    /// The campaign that it stands in.
    pub campaign: Option<usize>,
    /// Whether time passes in answering: only what can be waited for.
    pub is_positive: bool,
}

impl Maker<'_> {
    pub fn duration(&mut self) -> String {
        let text = self.random.text(&["1h", "2h", "30min", "1d", "1d", "2d", "3d", "1d12h", "36h", "1w", "90s", "2 business days", "1mo", "24h", "5d"]);
        self.durations.push(text.clone());
        text
    }

    /// A length to look back: back from a weekend's days the business days before are the same ones, so that going back is no mirror of going on.
    fn span(&mut self) -> String {
        let length = self.duration();
        if length.contains("business") { "2d".to_owned() } else { length }
    }

    pub fn condition(&mut self, place: &Place) -> String {
        match self.random.weighted(&[60, 14, 14, 8, 4]) {
            0 => self.atom(place),
            1 => format!("{} and {}", self.joined(place), self.joined(place)),
            2 => format!("{} or {}", self.joined(place), self.joined(place)),
            3 if !place.is_positive => format!("not ({})", self.atom(place)),
            4 if !place.is_positive => format!("not ({} and {})", self.joined(place), self.joined(place)),
            _ => self.atom(place),
        }
    }

    fn joined(&mut self, place: &Place) -> String {
        if self.random.chance(15) {
            return format!("({} or {})", self.atom(place), self.atom(place));
        }
        format!("({})", self.atom(place))
    }

    fn atom(&mut self, place: &Place) -> String {
        match self.random.weighted(&[
            40,
            12,
            if self.is_moving { 10 } else { 0 },
            22,
            if place.sent.is_empty() { 0 } else { 22 },
            if place.capture.is_some() { 8 } else { 0 },
        ]) {
            0 => self.fact(),
            1 => self.membership(place),
            2 => self.moving(),
            3 => self.history_atom(place),
            4 => self.message_atom(place),
            _ => self.captured(place),
        }
    }

    fn captured(&mut self, place: &Place) -> String {
        let name = place.capture.unwrap_or("order");
        let number = self.random.below(8) * 10;
        let texts = [
            format!("{name}.amount > {number}"),
            format!("{name}.sku == \"x\""),
            format!("{name}.amount is set"),
            format!("{name}.amount + score >= {number}"),
        ];
        self.random.pick(&texts).clone()
    }

    pub fn fact(&mut self) -> String {
        let number = self.random.below(8) * 10;
        let plan = self.random.text(&["free", "pro", "team"]);
        let texts = [
            "country == \"Canada\"".to_owned(),
            "country != \"France\"".to_owned(),
            "country in (\"Canada\", \"France\")".to_owned(),
            format!("plan == \"{plan}\""),
            format!("plan != \"{plan}\""),
            format!("plan in (\"{plan}\", \"team\")"),
            format!("plan not in (\"{plan}\", \"pro\")"),
            format!("age > {number}"),
            format!("age != {number}"),
            format!("age not in ({number}, 30)"),
            format!("age between 20 and {}", 20 + number),
            format!("score >= {number}"),
            format!("points > {number}"),
            "points in group web >= 6".to_owned(),
            format!("points + score > {number}"),
            format!("score * 2 - 5 < {number}"),
            format!("score / age >= {}", number / 10),
            "vip".to_owned(),
            "is_member == false".to_owned(),
            "is_member != true".to_owned(),
            "age is set".to_owned(),
            "nickname is not set".to_owned(),
            "nickname is empty".to_owned(),
            "nickname contains \"an\"".to_owned(),
            "nickname contains \"AN\" ignoring case".to_owned(),
            "nickname starts with \"a\"".to_owned(),
            "nickname ends with \"A\" ignoring case".to_owned(),
            "nickname == \"ANA\" ignoring case".to_owned(),
            "nickname matches \"^an+a$\"".to_owned(),
            "interests contains \"shoes\"".to_owned(),
            "interests is not empty".to_owned(),
            "has tag \"a\"".to_owned(),
            "has tag \"b\"".to_owned(),
        ];
        self.random.pick(&texts).clone()
    }

    fn membership(&mut self, place: &Place) -> String {
        let mut texts = vec!["in list l1".to_owned(), "in list l2".to_owned(), "subscribed to news".to_owned(), "subscribed to offers".to_owned()];
        if place.segments > 0 {
            let segment = self.random.below(place.segments);
            texts.extend([format!("in segment seg{segment}"), format!("in segment seg{segment}")]);
        }
        if let Some(own) = place.campaign {
            let other = self.random.below(self.campaigns);
            if other != own {
                texts.extend([format!("in campaign \"C{other}\""), format!("finished campaign \"C{other}\"")]);
            }
        }
        self.random.pick(&texts).clone()
    }

    /// What turns with time.
    fn moving(&mut self) -> String {
        let length = self.span();
        let texts = [
            "birthday is today".to_owned(),
            format!("created_at < {length} ago"),
            format!("created_at > {length} ago"),
            format!("trial_ends_at > {length} from now"),
            format!("trial_ends_at < {length} from now"),
            "trial_ends_at < now".to_owned(),
            "renewal < today + 3d".to_owned(),
            "renewal == today".to_owned(),
            "renewal >= today - 2d".to_owned(),
            "now > created_at + 1d12h".to_owned(),
        ];
        self.random.pick(&texts).clone()
    }

    fn history_atom(&mut self, place: &Place) -> String {
        let number = self.random.below(8) * 10;
        let window = self.window(place);
        let event = self.event(number);
        let count = 1 + self.random.below(3);
        let length = self.span();
        let texts = [
            format!("{event}{window}"),
            format!("{event}{window}"),
            format!("{event}{window}"),
            format!("count({event}){window} >= {count}"),
            format!("sum(purchase.amount){window} > {number}"),
            format!("sum(purchase(sku == \"x\").amount){window} >= {number}"),
            format!("avg(purchase.amount){window} > {number}"),
            format!("min(purchase.amount){window} < {number}"),
            format!("max(purchase.amount){window} >= {number}"),
            if self.is_moving { format!("last(purchase) < {length} ago") } else { "purchase".to_owned() },
            "last(purchase).sku == \"x\"".to_owned(),
            "first(purchase).amount > 20".to_owned(),
            format!("opened(any email){window}"),
            format!("clicked(any email, \"https://acme.example/a*\"){window}"),
        ];
        self.random.pick(&texts).clone()
    }

    fn window(&mut self, place: &Place) -> String {
        match self.random.below(if place.has_anchor { 4 } else { 2 }) {
            0 if self.is_moving => format!(" in last {}", self.span()),
            1 if place.has_anchor => " ever".to_owned(),
            _ => String::new(),
        }
    }

    /// An event with or without a predicate, as triggers and history have it.
    pub fn event(&mut self, number: usize) -> String {
        let texts = [
            "purchase".to_owned(),
            format!("purchase(amount > {number})"),
            "purchase(sku == \"x\")".to_owned(),
            format!("purchase(amount > {number} and sku != \"y\")"),
            "purchase(amount > contact.score and contact.plan == \"pro\")".to_string(),
            "ping".to_owned(),
            "ping".to_owned(),
            "done".to_owned(),
            "visited(\"/pricing*\")".to_owned(),
            "visited(\"/docs\")".to_owned(),
            "submitted(webinar)".to_owned(),
        ];
        self.random.pick(&texts).clone()
    }

    fn message_atom(&mut self, place: &Place) -> String {
        let message = self.random.pick(&place.sent).clone();
        let window = if self.random.chance(15) { self.window(place) } else { String::new() };
        let mut texts = vec![
            format!("opened({message}){window}"),
            format!("opened({message}){window}"),
            format!("clicked({message}){window}"),
            format!("clicked({message}, \"https://acme.example/a*\"){window}"),
            format!("sent({message}){window}"),
            format!("skipped({message}){window}"),
            format!("replied({message}, \"yes|ok\"){window}"),
            format!("bounced({message}){window}"),
        ];
        if place.has_email {
            texts.extend(["opened(email)".to_owned(), "clicked(email)".to_owned(), "opened(email)".to_owned()]);
        }
        if place.is_positive {
            texts.retain(|text| !text.starts_with("sent") && !text.starts_with("skipped"));
        }
        self.random.pick(&texts).clone()
    }
}
