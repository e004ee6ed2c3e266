//! The findings of this stage, one constructor a kind, with their words.

use crate::{
    base::{Code, Span},
    diagnostics::{Applicability, Diagnostic, Edit, Fix, suggest},
};

// ───────────── 01 lexical ─────────────

pub(super) fn unclosed_text(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0101, "this text is not closed", span, "it begins here, and its line ends without a `\"`")
        .with_help("end the text with `\"` on its line, or write a text of several lines between `\"\"\"` and `\"\"\"`")
}

pub(super) fn unclosed_block(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0102, "this block of text is not closed", span, "it begins here and reaches to the end of the file")
        .with_help("end the block with `\"\"\"`")
}

pub(super) fn bad_number(text: &str, span: Span) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0103, format!("`{}` is neither a number nor a duration", short(text)), span, "what is this?");
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let word = text.get(digits.len()..).unwrap_or("");
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic());
    let near = if is_word { suggest(word, super::literal::UNIT_WORDS.iter().copied()) } else { None };
    match near {
        Some(unit) => {
            let written = format!("{digits} {unit}");
            finding.with_help(format!("did you mean `{written}`?")).with_fix(Fix::maybe(format!("write `{written}`"), span, written.clone()))
        }
        None => finding.with_help("numbers look like `12`, `1_000` or `0.5`; durations like `90s`, `15min`, `4h`, `3d`, `2w`, `2mo`, `1y` or `1d12h`"),
    }
}

pub(super) fn stray_character(text: &str, span: Span) -> Diagnostic {
    let shown: String = text.chars().take(1).flat_map(char::escape_debug).collect();
    let finding = Diagnostic::new(Code::E0104, format!("the character `{shown}` has no meaning here"), span, "not part of the language");
    if text.chars().any(|c| matches!(c, '\u{201c}'..='\u{201f}' | '\u{2018}'..='\u{201b}' | '«' | '»')) {
        finding.with_help("texts stand between straight quotes: `\"…\"`")
    } else {
        finding.with_help("take it out, or put it into a text in quotes")
    }
}

pub(super) fn hidden_character(c: char, span: Span) -> Diagnostic {
    let what = if c.is_control() { "a control character" } else { "a character that turns the direction of writing" };
    Diagnostic::new(Code::W0112, format!("{what} is hidden here, U+{:04X}", u32::from(c)), span, "cannot be seen")
        .with_help("take it out; where a text needs it, write it as an escape such as `\\u{202e}`")
        .with_fix(Fix::maybe("take it out", span, ""))
        .with_note("what is read is not what is there")
}

pub(super) fn foreign_word(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0104, format!("the word `{}` has letters that names cannot have", short(text)), span, "not a name")
        .with_help("names are written with `a` to `z`, digits and `_`; many things may also be named by a text in quotes")
}

pub(super) fn unknown_escape(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0105, format!("`{}` has no meaning in a text", short(text)), span, "not an escape")
        .with_help("known are `\\\"`, `\\\\`, `\\n`, `\\t` and `\\u{1F600}`; for a backslash write `\\\\`")
}

pub(super) fn no_such_day(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0106, format!("there is no day `{}`", short(text)), span, "not in the calendar")
        .with_help("a date is year, month and day: `2026-12-24`")
}

pub(super) fn no_such_time(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0107, format!("there is no time `{}`", short(text)), span, "not on the clock").with_help("times go from `00:00` to `23:59`")
}

pub(super) fn number_too_large(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0108, format!("the number in `{}` is too large", short(text)), span, "larger than can be counted")
        .with_help("write a smaller number")
}

pub(super) fn nul(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0109, "the file holds a NUL character", span, "here").with_help("save the file as plain UTF-8 text")
}

pub(super) fn other_sign(theirs: &str, ours: &str, span: Span) -> Diagnostic {
    let fix = Fix::certain(format!("write `{ours}`"), span, if ours == "not" { "not ".to_string() } else { ours.to_string() });
    elsewhere(format!("`{theirs}` is written `{ours}`"), span).with_help(format!("write `{ours}`")).with_fix(fix)
}

pub(super) fn single_quotes(text: &str, span: Span) -> Diagnostic {
    let inside = text.trim_matches('\'').replace('\\', "\\\\").replace('"', "\\\"");
    elsewhere("texts stand between double quotes", span).with_help("write `\"…\"`").with_fix(Fix::certain("use double quotes", span, format!("\"{inside}\"")))
}

pub(super) fn semicolon(span: Span) -> Diagnostic {
    elsewhere("lines need no `;`", span).with_help("take it out").with_fix(Fix::certain("take it out", span, ""))
}

pub(super) fn hash_comment(span: Span) -> Diagnostic {
    let sign = Span { end: span.start.saturating_add(1), ..span };
    elsewhere("comments begin with `//`", span).with_help("write `//` instead of `#`").with_fix(Fix::certain("write `//`", sign, "//"))
}

pub(super) fn block_comment(span: Span) -> Diagnostic {
    elsewhere("comments begin with `//` and end with their line", span).with_help("put `//` before each line of it")
}

fn elsewhere(title: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0110, title, span, "this is how other languages write it")
}

// ───────────── 02 syntax ─────────────

/// What an error without a name of its own is made of.
pub(super) struct Unexpected<'a> {
    pub span: Span,
    /// What was found; none is the end of the declaration.
    pub found: Option<String>,
    /// What belongs there, in words.
    pub wanted: Vec<String>,
    /// What stands before it.
    pub before: Option<(Span, String)>,
    /// The one word that is missing, and where it would go.
    pub missing: Option<(&'a str, Span)>,
}

pub(super) fn unexpected(it: Unexpected) -> Diagnostic {
    let found = it.found.as_deref().unwrap_or("the end of the declaration");
    let wanted = join(&it.wanted);
    let title = match &it.missing {
        Some((word, _)) => format!("`{word}` is missing before {found}"),
        None if it.wanted.is_empty() => format!("{found} does not belong here"),
        None if it.wanted.len() <= 3 => format!("{found} stands where {wanted} belongs"),
        None => format!("{found} stands where {} belongs", it.wanted.first().map_or("", String::as_str)),
    };
    let label = if wanted.is_empty() { "not here".to_string() } else { format!("here belongs {wanted}") };
    let mut finding = Diagnostic::new(Code::E0201, title, it.span, label);
    if let Some((span, text)) = it.before {
        finding = finding.with_label(span, format!("after {text}"));
    }
    match it.missing {
        Some((word, at)) => {
            let space = if [":", ",", "(", ")", "]"].contains(&word) { "" } else { " " };
            finding.with_help(format!("put `{word}` before it")).with_fix(Fix::maybe(format!("insert `{word}`"), at, format!("{space}{word}")))
        }
        None => finding,
    }
}

pub(super) fn unknown_word(word: &str, near: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0202, format!("`{}` is not a word that can stand here", short(word)), span, "not known here")
        .with_help(format!("did you mean `{near}`?"))
        .with_fix(Fix::maybe(format!("write `{near}`"), span, near))
}

/// `end` is where the declaration ends, for a bracket whose line says nothing.
pub(super) fn unclosed_bracket(bracket: &str, open: Span, end: Option<Span>) -> Diagnostic {
    let closer = match bracket {
        "(" => ")",
        "[" => "]",
        _ => "}",
    };
    let title = format!("this `{bracket}` is never closed");
    let finding = match end {
        Some(end) => {
            Diagnostic::new(Code::E0203, title, end, format!("the declaration ends here, and a `{closer}` is missing")).with_label(open, "opened here")
        }
        None => Diagnostic::new(Code::E0203, title, open, "opened here"),
    };
    finding.with_help(format!("put a `{closer}` where what it opens ends"))
}

pub(super) fn stray_bracket(bracket: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0204, format!("this `{bracket}` closes nothing"), span, "there is no open bracket it belongs to")
        .with_help("take it out")
        .with_fix(Fix::maybe("take it out", span, ""))
}

pub(super) fn assign_for_equal(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0205, "comparing takes `==`", span, "`=` gives a value, it does not compare").with_help("write `==`").with_fix(Fix::certain(
        "write `==`",
        span,
        "==",
    ))
}

/// `=>` and `=<`.
pub(super) fn turned_comparison(ours: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0205, format!("this comparison is written `{ours}`"), span, "the other way round")
        .with_help(format!("write `{ours}`"))
        .with_fix(Fix::certain(format!("write `{ours}`"), span, ours))
}

/// `send email x`, `when event x`: the word says nothing that is not said. `next` is what follows it.
pub(super) fn needless_word(word: &str, span: Span, next: Span) -> Diagnostic {
    let help = format!("leave `{word}` out");
    Diagnostic::new(Code::E0213, format!("`{word}` is not needed here"), span, "leave this out").with_help(help.clone()).with_fix(Fix::certain(
        help,
        span.to(next.at_start()),
        "",
    ))
}

/// `given contact enroll in campaign x`
pub(super) fn given_without_braces(contact: Span, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0213, "a given contact has braces, even without values", span, "what happens comes behind the contact")
        .with_label(contact, "its values belong here")
        .with_help("write `given contact { }`, and what happens behind it")
        .with_fix(Fix::certain("add the braces", contact.at_end(), " { }"))
}

pub(super) fn number_for_duration(number: &str, near: Option<&str>, span: Span) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0206, "a duration needs a unit of time", span, "how long is this?");
    match near {
        Some(unit) => {
            let space = if super::literal::UNIT_WORDS.contains(&unit) { " " } else { "" };
            let written = format!("{number}{space}{unit}");
            finding.with_help(format!("did you mean `{written}`?")).with_fix(Fix::maybe(format!("write `{written}`"), span, written.clone()))
        }
        None => finding.with_help(format!("write `{number}s`, `{number}min`, `{number}h`, `{number}d`, `{number}w`, `{number}mo` or `{number}y`")),
    }
}

pub(super) fn word_as_name(word: &str, may_quote: bool, span: Span) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0207, format!("`{word}` is a word of the language and cannot be a name here"), span, "a name belongs here");
    if may_quote {
        finding.with_help(format!("write it in quotes: `\"{word}\"`"))
    } else {
        finding.with_help(format!("choose another name, such as `{word}_1`"))
    }
}

pub(super) fn membership_without_in(kind: &str, kind_span: Span, span: Span) -> Diagnostic {
    let help = format!("write `in {kind} …`");
    Diagnostic::new(Code::E0208, "membership is asked with `in`", kind_span.to(span), format!("read as a field called `{kind}`"))
        .with_help(help.clone())
        .with_fix(Fix::certain(help, kind_span.at_start(), "in "))
}

pub(super) fn one_of_without_parentheses(text: &str, span: Span) -> Diagnostic {
    let mut edits = vec![Edit { span: span.at_start(), replacement: "(".to_string() }];
    edits.push(Edit { span: span.at_end(), replacement: ")".to_string() });
    let fix = Fix { title: "put it in parentheses".to_string(), edits, applicability: Applicability::Certain };
    Diagnostic::new(Code::E0209, "the values after `in` stand in parentheses", span, "one value, without parentheses")
        .with_help(format!("write `in ({})`", short(text)))
        .with_fix(fix)
}

pub(super) fn broadcast_among_triggers(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0210, "a broadcast stands alone in its `when`", span, "a broadcast cannot be one of several")
        .with_help("give it a line of its own: `when every monday at 09:00 for …`")
        .with_note("what follows its `for` is a condition, which may hold `or` itself")
}

pub(super) fn too_deep(span: Span, max: usize) -> Diagnostic {
    Diagnostic::new(Code::E0211, format!("this is nested more than {max} deep"), span, "here it becomes too deep")
        .with_help("move a part of it into a `segment` or a `sequence`")
}

pub(super) fn file_too_large(span: Span, max: usize) -> Diagnostic {
    Diagnostic::new(Code::E0212, format!("the file is larger than {} MiB", max / 1024 / 1024), span, "not read")
        .with_help("put its declarations into several files; all files below the project directory belong together")
}

pub(super) fn other_word(theirs: &str, ours: &str, help: &str, span: Span) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0213, format!("`{theirs}` is not a word of the language"), span, "not known here").with_help(help);
    if ours == "(" { finding } else { finding.with_fix(Fix::maybe(format!("write `{ours}`"), span, ours)) }
}

pub(super) fn share_without_percent(number: &str, span: Span) -> Diagnostic {
    let written = format!("{number}%");
    Diagnostic::new(Code::E0213, "a share is written with a percent sign", span, "a share belongs here")
        .with_help(format!("write `{written}`"))
        .with_fix(Fix::certain(format!("write `{written}`"), span, written.clone()))
}

pub(super) fn equal_for_assign(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0213, "giving a value takes a single `=`", span, "`==` compares").with_help("write `=`").with_fix(Fix::certain(
        "write `=`",
        span,
        "=",
    ))
}

pub(super) fn replace(theirs: &str, ours: &str, help: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0213, format!("`{}` cannot stand here alone", short(theirs)), span, "said differently here").with_help(help).with_fix(Fix::maybe(
        format!("write `{ours}`"),
        span,
        ours,
    ))
}

/// A text where only a name may stand, if what it says could be a name.
pub(super) fn quoted_name(literal: &str, span: Span) -> Option<Diagnostic> {
    let name = literal.strip_prefix('"')?.strip_suffix('"')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let finding = Diagnostic::new(Code::E0213, "this name stands without quotes", span, "a text, where a name belongs");
    is_name.then(|| finding.with_help(format!("write `{name}`")).with_fix(Fix::certain(format!("write `{name}`"), span, name)))
}

pub(super) fn quote_inside(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0213, "the text has ended before this word", span, "a quote stands right before it")
        .with_help("inside a text a quote is written `\\\"`")
}

pub(super) fn hours_without_between(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0213, "quiet hours are given with `between`", span, "`between` belongs before the first time")
        .with_help("write `quiet hours between 21:00 and 08:00`")
        .with_fix(Fix::maybe("insert `between`", span.at_start(), "between "))
}

pub(super) fn if_past(span: Span) -> Diagnostic {
    let field = Span { start: span.end.saturating_sub(4), ..span };
    Diagnostic::new(Code::E0213, "`if past` belongs to a broadcast", span, "a condition cannot begin with `past`")
        .with_help("for a field called `past` write `contact.past`")
        .with_fix(Fix::maybe("write `contact.past`", field, "contact.past"))
}

pub(super) fn expect_field(expect: Span, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0213, "`expect email` expects a mail, not the field `email`", span, "the name of a mail belongs here")
        .with_help("for the field write `expect contact.email …`")
        .with_fix(Fix::maybe("write `contact.email`", expect, "expect contact.email"))
}

fn join(phrases: &[String]) -> String {
    match phrases {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The beginning of a text that may be long.
fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out: String = text.chars().take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}
