//! From what the parser knows (a token, and the set of tokens it would have taken) to the problem a person has.
//!
//! Not here: the texts of the findings (`problems.rs`).

use super::{
    build::Failure,
    lex::to_usize,
    literal, problems,
    token::{Kw, Tok, Token},
};
use crate::{
    base::{FileId, Span},
    diagnostics::{Diagnostic, suggest},
};
use lalrpop_util::ParseError;

/// The tokens around an error.
pub(super) struct Context<'a> {
    pub file: FileId,
    pub text: &'a str,
    pub tokens: &'a [Token],
    /// Where the declaration ends.
    pub end: u32,
}

impl Context<'_> {
    pub(super) fn at(&self, token: Token) -> Span {
        Span { file: self.file, start: token.start, end: token.end }
    }
    /// The text of a token.
    pub(super) fn found(&self, token: Token) -> String {
        self.text.get(to_usize(token.start)..to_usize(token.end)).unwrap_or("").to_string()
    }
    fn same_line(&self, a: Token, b: Token) -> bool {
        self.text.get(to_usize(a.end)..to_usize(b.start)).is_some_and(|gap| !gap.contains('\n'))
    }
}

/// Where an error is.
pub(super) fn location(failure: &Failure) -> u32 {
    match failure {
        ParseError::InvalidToken { location } | ParseError::UnrecognizedEof { location, .. } => *location,
        ParseError::UnrecognizedToken { token, .. } | ParseError::ExtraToken { token } => token.0,
        ParseError::User { .. } => 0,
    }
}

fn expected(failure: &Failure) -> &[String] {
    match failure {
        ParseError::UnrecognizedEof { expected, .. } | ParseError::UnrecognizedToken { expected, .. } => expected,
        ParseError::InvalidToken { .. } | ParseError::ExtraToken { .. } | ParseError::User { .. } => &[],
    }
}

/// Whether the parser would have taken `terminal` there, spelled as in the grammar.
pub(super) fn expects(failure: &Failure, terminal: &str) -> bool {
    expected(failure).iter().any(|t| t == terminal)
}

/// Whether it is an `else` that the parser could not take.
pub(super) fn is_at_else(failure: &Failure) -> bool {
    matches!(failure, ParseError::UnrecognizedToken { token: (_, Tok::Kw(Kw::Else), _), .. })
}

/// An error and the tokens next to it.
struct Place<'a> {
    cx: &'a Context<'a>,
    expected: &'a [String],
    /// What was found; none is the end.
    found: Option<Token>,
    before: Option<Token>,
    /// The one before that.
    earlier: Option<Token>,
    after: Option<Token>,
}

impl Place<'_> {
    fn can(&self, terminal: &str) -> bool {
        self.expected.iter().any(|t| t == terminal)
    }
    /// Whether a condition or value has just ended. Depending on what was found the parser may already have taken it for whole, and
    /// then knows of `and` and `or` only.
    fn is_after_operand(&self) -> bool {
        (self.can("\"==\"") && self.can("\"*\"")) || (self.can("\"or\"") && !self.can("IDENT"))
    }
    fn word(&self, token: Option<Token>) -> String {
        token.map_or_else(String::new, |t| self.cx.found(t))
    }
}

/// The finding for an error of the parser.
pub(super) fn explain(failure: &Failure, cx: &Context) -> Diagnostic {
    let at = location(failure);
    let index = cx.tokens.partition_point(|t| t.start < at);
    // Missing braces were put at the end, without a width: an error there is at the end of the declaration.
    let is_end = matches!(failure, ParseError::UnrecognizedEof { .. });
    let found = if is_end { None } else { cx.tokens.get(index).copied().filter(|t| t.start < t.end) };
    let count = if found.is_some() { index } else { cx.tokens.partition_point(|t| t.start < t.end && t.end <= cx.end) };
    let nth = |n: Option<usize>| n.and_then(|n| cx.tokens.get(n)).copied();
    let (before, earlier) = (nth(count.checked_sub(1)), nth(count.checked_sub(2)));
    let place = Place { cx, expected: expected(failure), found, before, earlier, after: found.and_then(|_| nth(Some(index + 1))) };
    special(&place).unwrap_or_else(|| general(&place))
}

/// The mistakes that are known by their looks.
fn special(place: &Place) -> Option<Diagnostic> {
    let found = place.found?;
    let span = place.cx.at(found);
    let word = place.word(place.found);
    let before = place.word(place.before);
    let before_span = place.before.map(|t| place.cx.at(t));
    let next_on_line = place.after.filter(|after| place.cx.same_line(found, *after));
    match found.tok {
        Tok::Assign if place.can("\"==\"") => return Some(assign(place, found)),
        Tok::Number if place.can("DURATION") => {
            let unit = next_on_line.filter(|t| t.tok == Tok::Ident);
            let unit_word = place.word(unit);
            let whole = unit.map_or(span, |t| span.to(place.cx.at(t)));
            // `3 d` only lacks its place.
            let near = literal::unit(&unit_word).map(|_| unit_word.clone()).or_else(|| suggest(&unit_word, literal::UNIT_WORDS.iter().copied()));
            return Some(problems::number_for_duration(&word, near.as_deref(), whole));
        }
        Tok::Number if place.can("PCT") => return Some(problems::share_without_percent(&word, span)),
        Tok::Kw(Kw::If) if place.can("\"when\"") && !place.can("IDENT") => {
            return Some(problems::replace(&word, "when", "write `when`", span));
        }
        Tok::Eq if place.can("\"=\"") => return Some(problems::equal_for_assign(span)),
        Tok::Ident if word == "where" && place.can("\"=\"") => {
            return Some(problems::replace(&word, "=", "write `segment NAME = …`", span));
        }
        Tok::Kw(Kw::Once) if place.can("\"at\"") => {
            return Some(problems::replace(&word, "at most once", "write `at most once per day`", span));
        }
        Tok::Text if place.can("IDENT") && !place.can("STR") => return problems::quoted_name(&word, span),
        Tok::Ident | Tok::Kw(_) if place.before.is_some_and(|b| b.tok == Tok::Text && b.end == found.start) => {
            return Some(problems::quote_inside(span));
        }
        Tok::Time if before == "hours" && place.can("\"between\"") => return Some(problems::hours_without_between(span)),
        Tok::Text if before == "in" && place.can("\"(\"") && !place.can("STR") => {
            return Some(problems::one_of_without_parentheses(&word, span));
        }
        Tok::Kw(Kw::Every | Kw::At) if before == "or" => return Some(problems::broadcast_among_triggers(span)),
        // `every` alone is read as a field that changes.
        Tok::Kw(_) if before == "every" && place.word(place.earlier) == "or" => return before_span.map(problems::broadcast_among_triggers),
        Tok::Kw(Kw::IfPast) => return Some(problems::if_past(span)),
        _ => {}
    }
    phrased(place, found).or_else(|| misspelt(place, found))
}

/// The mistakes that are known by the words around them.
fn phrased(place: &Place, found: Token) -> Option<Diagnostic> {
    let span = place.cx.at(found);
    let word = place.word(place.found);
    let before = place.word(place.before);
    let before_span = place.before.map(|t| place.cx.at(t));
    let is_name = matches!(found.tok, Tok::Ident | Tok::Kw(_));
    let is_group = matches!(before.as_str(), "segment" | "list" | "campaign");
    // A field's name was expected: `enters` was taken for one.
    if is_group_word(&word) && matches!(before.as_str(), "enters" | "enter" | "entering" | "joins" | "in" | "into") && place.word(place.earlier) == "when" {
        return before_span.map(|at| problems::needless_word(&before, at, span));
    }
    if is_group_word(&word) && matches!(before.as_str(), "leaves" | "exits" | "exiting") && place.word(place.earlier) == "when" {
        return before_span.map(|at| problems::replace(&before, "leaving", "write `leaving`", at));
    }
    if before == "contact" && place.word(place.earlier) == "given" && is_name {
        return before_span.map(|at| problems::given_without_braces(at, span));
    }
    if (is_name || found.tok == Tok::Text) && is_group && place.is_after_operand() {
        return before_span.map(|at| problems::membership_without_in(&before, at, span));
    }
    if place.before.is_some_and(|t| t.tok == Tok::Kw(Kw::ExpectEmail)) && !is_name && is_operator(found.tok) {
        return before_span.map(|at| problems::expect_field(at, span));
    }
    let is_send = before == "send" && matches!(found.tok, Tok::Kw(Kw::Email | Kw::Sms | Kw::Push));
    if is_send || (before == "event" && place.word(place.earlier) == "when") {
        return before_span.map(|at| problems::needless_word(&before, at, span));
    }
    None
}

/// A word of other languages, a word with a slip, or a word that cannot be a name.
fn misspelt(place: &Place, found: Token) -> Option<Diagnostic> {
    let span = place.cx.at(found);
    let word = place.word(place.found);
    if let Some((ours, help)) = other_words(&word).filter(|(ours, _)| place.can(&format!("\"{ours}\"")) || *ours == "(") {
        return Some(problems::other_word(&word, ours, help, span));
    }
    if found.tok == Tok::Ident {
        let small = word.to_lowercase();
        if small != word && Kw::lookup(&small).is_some() {
            return Some(problems::unknown_word(&word, &small, span));
        }
        let candidates = place.expected.iter().filter_map(|t| t.strip_prefix('"')?.strip_suffix('"')).filter(|t| t.chars().all(|c| c.is_ascii_lowercase()));
        if let Some(near) = suggest(&word, candidates) {
            return Some(problems::unknown_word(&word, &near, span));
        }
    }
    let is_reserved = matches!(found.tok, Tok::Kw(_)) && place.can("IDENT") && place.before.is_some_and(|b| place.cx.same_line(b, found));
    let follows_head = place.before.is_some_and(|t| matches!(t.tok, Tok::Kw(_))) && !place.is_after_operand() && !place.can("\"not\"");
    if is_reserved && follows_head && !place.can("\"}\"") && place.earlier.is_none_or(|t| t.tok != Tok::Dot) {
        return Some(problems::word_as_name(&word, place.can("STR"), span));
    }
    None
}

fn is_group_word(word: &str) -> bool {
    matches!(word, "segment" | "list" | "tag")
}

fn is_operator(tok: Tok) -> bool {
    matches!(tok, Tok::Eq | Tok::Ne | Tok::Lt | Tok::Le | Tok::Gt | Tok::Ge | Tok::Plus | Tok::Minus | Tok::Star | Tok::Slash | Tok::Dot)
}

/// What other languages say: their word, ours, and what to do.
fn other_words(word: &str) -> Option<(&'static str, &'static str)> {
    Some(match word {
        "run" | "call" | "invoke" => ("do", "a sequence is run with `do NAME(…)`"),
        "mail" => ("email", "write `email`"),
        "sleep" | "delay" => ("wait", "write `wait 3d`"),
        "trigger" => ("when", "what enrols stands after `when`"),
        "elif" | "elseif" | "elsif" => ("else", "write `else if … then …`"),
        "where" => ("(", "a condition on an event stands in parentheses: `purchase(amount > 3)`"),
        "text" => ("sms", "write `sms \"…\"`"),
        "string" | "str" => ("text", "the type of texts is `text`"),
        "int" | "integer" | "float" | "decimal" => ("number", "the type of numbers is `number`"),
        "boolean" => ("bool", "the type of `true` and `false` is `bool`"),
        "timestamp" => ("datetime", "the type of a day with its time is `datetime`"),
        "end" | "quit" | "finish" => ("stop", "an enrollment ends with `stop`"),
        "fork" | "branch" => ("split", "write `split { 50% { … } else { … } }`"),
        "while" | "loop" => ("repeat", "write `repeat up to 3 times every 2d until … { … }`"),
        _ => return None,
    })
}

/// `=` where a comparison stands, or the wrong half of one: `=>`, `=<`.
fn assign(place: &Place, found: Token) -> Diagnostic {
    let span = place.cx.at(found);
    match place.after.filter(|after| after.start == found.end) {
        Some(after) if after.tok == Tok::Gt => problems::turned_comparison(">=", span.to(place.cx.at(after))),
        Some(after) if after.tok == Tok::Lt => problems::turned_comparison("<=", span.to(place.cx.at(after))),
        Some(_) | None => problems::assign_for_equal(span),
    }
}

/// Any other error: what was found, and what belongs there.
fn general(place: &Place) -> Diagnostic {
    let span = match place.found {
        Some(token) => place.cx.at(token),
        None => Span { file: place.cx.file, start: place.cx.end, end: place.cx.end },
    };
    let found = place.found.map(|token| describe(token, place.cx));
    let elsewhere = |b: &Token| place.found.is_none_or(|f| !place.cx.same_line(*b, f));
    let before = place.before.filter(elsewhere).map(|token| (place.cx.at(token), describe(token, place.cx)));
    let wanted = Wanted::of(place);
    let insert = place.before.filter(|b| place.found.is_none_or(|f| place.cx.same_line(*b, f))).map(|b| place.cx.at(b).at_end());
    let missing = wanted.single.as_deref().zip(insert);
    problems::unexpected(problems::Unexpected { span, found, wanted: wanted.phrases, before, missing })
}

fn describe(token: Token, cx: &Context) -> String {
    match token.tok {
        Tok::Text => "a text".to_string(),
        Tok::Number => format!("the number {}", cx.found(token)),
        _ => {
            let text: String = cx.found(token).chars().take(40).collect();
            format!("`{}`", text.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}

/// What belongs at a place, in words.
struct Wanted {
    phrases: Vec<String>,
    /// The one word or sign that is missing, where there is only one.
    single: Option<String>,
}

impl Wanted {
    fn of(place: &Place) -> Wanted {
        let can = |t: &str| place.can(t);
        let mut phrases: Vec<String> = Vec::new();
        let mut say = |phrase: &str| phrases.push(phrase.to_string());
        // Where a field may stand, every word but the reserved ones is one, and so says nothing.
        let is_field = can("IDENT") && can("\"project\"");
        let is_step = !is_field && can("\"wait\"") && can("\"notify\"") && can("\"stop\"");
        let is_test = !is_field && can("\"given\"");
        let is_after_operand = place.is_after_operand();
        let is_condition = can("\"not\"") && can("NUM") && can("STR");
        if !is_field && can("\"project\"") && can("\"use\"") {
            say("a declaration such as `campaign`, `segment` or `email`");
        }
        if is_after_operand {
            say("an operator such as `==`");
        }
        if is_test {
            say("a line of a test, such as `expect` or `given`");
        }
        if is_step {
            say(if can("\"draft\"") { "a header line or a step" } else { "a step" });
        }
        let is_open = can("IDENT") || is_step || is_test || can("\"project\"");
        let group = GROUPS.iter().find(|(words, _)| !is_open && words.iter().all(|w| can(&format!("\"{w}\""))));
        if let Some((_, phrase)) = group {
            say(phrase);
        }
        if is_condition {
            say("a condition or a value");
        } else if can("NUM") && can("DATE") {
            say("a value");
        } else {
            literals(place, &mut say);
        }
        // Where any word may be a name, the keywords among them say nothing.
        let signs = ["\"{\"", "\"(\"", "\")\"", "\"]\"", "\"=\"", "\":\"", "\"then\"", "\"per\"", "\",\"", "\"}\""];
        let shown = |t: &&&str| can(t) && (!is_open || ["\"{\"", "\"then\"", "\"=\""].contains(*t)) && !(is_after_operand && **t == "\"(\"");
        let mut words: Vec<String> = signs.iter().filter(shown).map(|t| quoted(t)).collect();
        if !is_open && !is_condition && !is_after_operand && group.is_none() {
            let rest = place.expected.iter().filter(|t| t.starts_with('"') && t.chars().any(|c| c.is_ascii_lowercase()));
            let rest = rest.filter(|t| !signs.contains(&t.as_str()) && !t.ends_with("day\""));
            words.extend(rest.map(|t| quoted(t)));
        }
        let is_single = phrases.is_empty() && words.len() == 1;
        let single = if is_single { words.first().map(|w| w.trim_matches('`').to_string()) } else { None };
        // What a condition nearly always misses; after the name of a goal it is the sign before its condition.
        let usual = if can("\"=\"") { "=" } else { "then" };
        let single = single.or_else(|| (is_after_operand && can(&format!("\"{usual}\""))).then(|| usual.to_string()));
        phrases.extend(words.into_iter().take(6));
        Wanted { phrases, single }
    }
}

/// Words that stand for a group, and the phrase for it.
const GROUPS: &[(&[&str], &str)] = &[
    (&["bool", "datetime", "enum"], "a type such as `text` or `number`"),
    (&["subject", "preheader"], "a line of a message, such as `subject` or `body`"),
    (&["url", "method", "timeout"], "a line of a webhook, such as `url` or `body`"),
    (&["timezone", "holidays"], "a line of the project, such as `timezone` or `from`"),
    (&["quiet", "limit"], "a line of the policy, such as `limit` or `quiet hours`"),
    (&["on", "decay"], "a rule such as `on purchase +5`"),
    (&["messages", "pushes"], "`messages`, `emails`, `sms` or `pushes`"),
    (&["hour", "week", "campaign"], "`day`, `week` or `month`"),
];

fn literals(place: &Place, say: &mut impl FnMut(&str)) {
    let can = |t: &str| place.can(t);
    if can("IDENT") {
        say(match (can("\"project\""), can("STR")) {
            (true, true) => "a field or a text in quotes",
            (true, false) => "a field",
            (false, true) => "a name or a text in quotes",
            (false, false) => "a name",
        });
    } else if can("STR") {
        say("a text in quotes");
    }
    let kinds = [
        ("NUM", "a number"),
        ("PCT", "a share such as `50%`"),
        ("DURATION", "a duration such as `3d`"),
        ("DATE", "a date such as `2026-12-24`"),
        ("TIME", "a time such as `09:00`"),
    ];
    kinds.iter().filter(|(terminal, _)| can(terminal)).for_each(|(_, phrase)| say(phrase));
    if can("DATETIME") && !can("DATE") {
        say("a date and a time such as `2026-12-24 09:00`");
    }
    if can("\"monday\"") {
        say("a weekday");
    }
}

fn quoted(terminal: &str) -> String {
    format!("`{}`", terminal.trim_matches('"'))
}
