//! What holds and bounds messages, and what follows dates and later events: policy, caps, `reach`, `mute`, `update`, `collect`, date triggers.

use super::{Block, Node, Random};

/// Steps of sending that are no plain send.
pub const STEPS: &[&str] =
    &["mute for 1d", "mute for 2h", "push p1", "reach { push p1  sms s1  email e1 }", "reach { sms s1  email e3 }", "reach { email e3  email e1  push p1 }"];

/// Date triggers.
pub const DATES: &[&str] = &[
    "when date renewal",
    "when date renewal at 09:00",
    "when 2d before renewal at 09:00",
    "when 3h after trial_ends_at",
    "when 1d before trial_ends_at",
    "when date birthday every year at 08:00",
    "when 3d before birthday every year",
    "when date trial_ends_at",
];

/// `policy { … }`, for some of the projects.
pub fn policy(random: &mut Random, is_full: bool) -> Option<Node> {
    let mut lines = Vec::new();
    if random.chance(25) {
        lines.push(random.text(&[
            "quiet hours between 21:00 and 08:00",
            "quiet hours between 22:00 and 09:30 in \"Europe/Berlin\"",
            "quiet hours between 12:00 and 14:00",
            "quiet hours between 00:00 and 10:00 on weekends",
        ]));
    }
    if random.chance(20) {
        lines.push(random.text(&[
            "limit 1 message per day else wait",
            "limit 2 messages per day",
            "limit 1 email per week else wait",
            "limit 2 messages per 2d else wait",
            "limit 3 messages per month",
            "limit 1 sms per 36h",
        ]));
    }
    if is_full && random.chance(10) {
        lines.push(random.text(&["throttle 1 per hour", "throttle 2 per day", "throttle 1 per day doubling"]));
    }
    let lines: Vec<Node> = lines.into_iter().map(Node::line).collect();
    (!lines.is_empty()).then(|| Node::with("policy", vec![Block::new("", lines)]))
}

/// Caps and rank of one campaign.
pub fn caps(random: &mut Random) -> Vec<Node> {
    let mut lines = Vec::new();
    if random.chance(10) {
        lines.push(random.text(&["limit 1 email per day else wait", "limit 2 messages per week", "limit 1 message per 2d else wait", "limit 1 sms per day"]));
    }
    if random.chance(10) {
        lines.push(random.text(&["capped wait", "capped skip", "capped wait up to 1d", "capped wait up to 3h"]));
    }
    if random.chance(15) {
        lines.push(random.text(&["priority 10", "priority 5", "priority 1"]));
    }
    lines.into_iter().map(Node::line).collect()
}

/// How fast a campaign sends, and who only is measured.
pub fn paces(random: &mut Random) -> Vec<Node> {
    let mut lines = Vec::new();
    if random.chance(15) {
        lines.push(random.text(&["throttle 1 per hour", "throttle 2 per day", "throttle 1 per day doubling", "throttle 1 per hour doubling"]));
    }
    if random.chance(15) {
        lines.push(random.text(&["holdout 30%", "holdout 100%", "holdout 100%", "holdout 0%"]));
    }
    lines.into_iter().map(Node::line).collect()
}

/// What later events do to the captured one.
pub fn of_capture(random: &mut Random) -> Vec<Node> {
    let mut lines = Vec::new();
    if random.chance(35) {
        lines.push(random.text(&["update order when purchase", "update order when purchase(amount > 30)", "update order when purchase(sku == order.sku)"]));
    } else if random.chance(40) {
        lines.push(random.text(&[
            "collect order for 1h",
            "collect order for 2h sliding up to 5h",
            "collect order for 1d",
            "collect order for 1d by order.sku",
        ]));
    }
    lines.into_iter().map(Node::line).collect()
}
