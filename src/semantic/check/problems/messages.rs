//! Messages, templates and webhooks.

use crate::base::{Code, Span};
use crate::diagnostics::{Diagnostic, Fix, suggest};
use crate::template::{Growth, NameKind};

pub(crate) fn missing_part(span: Span, what: &str, missing: &[&str]) -> Diagnostic {
    let list: Vec<String> = missing.iter().map(|part| format!("`{part}`")).collect();
    let article = if what == "email" { "an" } else { "a" };
    Diagnostic::new(Code::E0601, format!("{article} {what} needs a {}", list.join(" and a ")), span, "missing here")
        .with_help(format!("add a line {}", missing.iter().map(|part| format!("`{part} \"…\"`")).collect::<Vec<_>>().join(" and ")))
}
pub(crate) fn line_of_other_channel(span: Span, channel: &str) -> Diagnostic {
    let has = match channel {
        "sms" => "`text`, `topic`, `transactional`",
        "push" => "`title`, `body`, `link`, `topic`, `transactional`",
        _ => "`subject`, `body`, `text`, `from`, `reply to`, `preheader`, `topic`, `transactional`, `to`, `cc`, `bcc`, `attach`, `headers`, `locale`",
    };
    Diagnostic::new(Code::E0602, format!("this line does not belong to a {channel}"), span, "of another channel").with_help(format!("its lines are {has}"))
}
pub(crate) fn unknown_locale<'a>(span: Span, locale: &str, declared: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let known: Vec<String> = declared.clone().map(|known| format!("{known:?}")).collect();
    let finding = Diagnostic::new(Code::E0640, format!("the project does not have the language {locale:?}"), span, "not among its `locales`");
    match suggest(locale, declared) {
        Some(near) => finding.with_help(format!("did you mean {near:?}?")).with_fix(Fix::maybe(format!("write {near:?}"), span, format!("{near:?}"))),
        None => finding.with_help(format!("`project {{ }}` has {}; add it there", known.join(", "))),
    }
}
pub(crate) fn not_in_locale(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0641, "this line belongs to the message, not to one of its languages", span, "the same in every language")
        .with_help("write it beside the `locale` blocks")
}
pub(crate) fn template_syntax(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new(Code::E0603, "this template cannot be read", span, message).with_help("`{{ … }}` prints a value, `{% if … %} … {% endif %}` decides")
}
pub(crate) fn unknown_variable(span: Span, name: &str, suggestion: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0604, format!("there is no `{name}` for this template"), span, "nothing of that name");
    match suggestion {
        Some(near) => finding.with_help(format!("did you mean `{near}`?")).with_fix(Fix::maybe(format!("write `{near}`"), span, near)),
        None => finding.with_help("in scope are `contact.…`, the trigger's `as` name, answers, `campaign.name`, `project.…` and the link variables"),
    }
}
pub(crate) fn template_name(span: Span, kind: NameKind, name: &str, suggestion: Option<&str>) -> Diagnostic {
    let what = match kind {
        NameKind::Filter => "filter",
        NameKind::Test => "test",
        NameKind::Function => "function",
        NameKind::Statement => "statement",
    };
    let finding = Diagnostic::new(Code::E0605, format!("templates know no {what} `{name}`"), span, "not known");
    match suggestion {
        Some(near) => finding.with_help(format!("did you mean `{near}`?")),
        None => finding,
    }
}
pub(crate) fn broken_body(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new(Code::E0606, "this body cannot be made into a mail", span, message)
}
pub(crate) fn no_footer(span: Span, others: &[Span]) -> Diagnostic {
    const SHOWN: usize = 4;
    let title = match others.len() {
        0 => "no lawful footer can be made for this mail".to_owned(),
        more => format!("no lawful footer can be made for {} mails", more + 1),
    };
    let finding = Diagnostic::new(Code::E0607, title, span, "a marketing mail without `unsubscribe_url`");
    let finding = others.iter().take(SHOWN).fold(finding, |finding, other| finding.with_label(*other, "and this one"));
    finding
        .with_help("say `address \"…\"` in `project { }`, put `{{ unsubscribe_url }}` into the body, or mark the mail `transactional`")
        .with_note("the law asks for a postal address and a way out in every marketing mail")
}
pub(crate) fn may_be_empty(span: Span, path: &str) -> Diagnostic {
    let is_field = path.starts_with("contact.");
    let (failing, help) = if is_field {
        ("the mail fails for those who have none", ", or a default where it is declared")
    } else {
        ("the message fails where the answer has none, or none came", "")
    };
    Diagnostic::new(Code::W0608, format!("`{path}` may be empty"), span, failing)
        .with_help(format!("give it something to say: `{{{{ {path} | default('{}') }}}}`{help}", if is_field { "there" } else { "unknown" }))
}
pub(crate) fn sms_parts(span: Span, (count, places): (usize, usize), wide: Option<(Span, char)>, is_exact: bool) -> Diagnostic {
    let at_least = if is_exact { "" } else { "at least " };
    let (alphabet, holds) = if wide.is_some() { ("UCS-2", 70) } else { ("GSM-7", 160) };
    let title = format!("this sms goes out in {at_least}{count} parts, {places} characters of {alphabet}");
    let finding = Diagnostic::new(Code::W0609, title, span, format!("one part holds {holds}"));
    match wide {
        Some((at, c)) => finding
            .with_label(at, format!("{c:?} makes it UCS-2"))
            .with_help("without such characters it is GSM-7, of which a part holds 160")
            .with_note("every part is paid for"),
        None => finding.with_help("shorten it, or send it knowing that every part is paid for"),
    }
}
pub(crate) fn template_grows(span: Span, growth: Growth) -> Diagnostic {
    let label = match growth {
        Growth::Bytes => "it would yield more than a message may hold",
        Growth::Steps => "it would take more steps than a message may take",
    };
    Diagnostic::new(Code::E0616, "this template grows beyond all bounds", span, label)
        .with_help("take the doubling or the inner loop out")
        .with_note("a message holds 1 MiB and takes 100,000 steps at the most; beyond that its sending fails")
}
pub(crate) fn relative_link(span: Span, url: &str) -> Diagnostic {
    Diagnostic::new(Code::W0610, format!("the link {url:?} leads nowhere from a mail"), span, "not an absolute address").with_help("begin it with `https://`")
}
pub(crate) fn unknown_body_type(span: Span, path: &str) -> Diagnostic {
    Diagnostic::new(Code::E0611, format!("`{path}` is no body of a mail"), span, "of what kind is it?").with_help("a body is `.mjml`, `.html`, `.md` or `.txt`")
}
pub(crate) fn not_utf8(span: Span, path: &str) -> Diagnostic {
    Diagnostic::new(Code::E0611, format!("`{path}` is not a text in UTF-8"), span, "cannot be read as text").with_help("save it as UTF-8")
}
pub(crate) fn url_not_absolute(span: Span, url: &str) -> Diagnostic {
    Diagnostic::new(Code::E0612, format!("{url:?} is no address to call"), span, "does not begin with `https://`").with_help("write the whole address")
}
pub(crate) fn unknown_method<'k>(span: Span, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0612, format!("there is no method `{name}`"), span, "not a method of HTTP");
    match suggest(&name.to_uppercase(), known) {
        Some(near) => finding.with_fix(Fix::maybe(format!("write `{near}`"), span, near)),
        None => finding.with_help("`POST`, `PUT`, `PATCH`, `GET` or `DELETE`"),
    }
}
pub(crate) fn header_needs_text(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0613, "a header's value is a text", span, "not a text").with_help("write it as a template: `\"{{ contact.id }}\"`")
}
pub(crate) fn reserved_header(span: Span, name: &str) -> Diagnostic {
    let help = match name.to_ascii_lowercase().as_str() {
        "subject" | "from" | "to" | "cc" | "bcc" => format!("write the line `{}` beside `headers`", name.to_ascii_lowercase()),
        "reply-to" => "write the line `reply to` beside `headers`".to_owned(),
        _ => "leave it out; a header of your own may be called `X-…`".to_owned(),
    };
    Diagnostic::new(Code::E0617, format!("a message does not set the header `{name}`"), span, "set by campc, or on the way")
        .with_help(help)
        .with_note("these headers say whose a message is and how to leave; two of one kind make receivers refuse it")
}
pub(crate) fn no_header_name(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0617, format!("{name:?} cannot be the name of a header"), span, "no name")
        .with_help("a name is of letters, digits and hyphens, and at most 76 characters long: `X-Campaign`")
}
pub(crate) fn not_supplied(span: Span, name: &str, used: Span) -> Diagnostic {
    Diagnostic::new(Code::E0614, format!("nothing supplies `{name}` to this message here"), span, "sent without it")
        .with_label(used, "the template reads it")
        .with_help("name the triggering event so: `when EVENT as …`, or give the template a `default`")
}
pub(crate) fn wrong_channel(span: Span, name: &str, (declared, used): (&str, &str), at: Option<Span>) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0615, format!("`{name}` is of channel {declared}, not {used}"), span, format!("sent as {used}"));
    let finding = match at {
        Some(at) => finding.with_label(at, "declared here"),
        None => finding,
    };
    finding.with_help(format!("write `{declared} {name}`, or name another message"))
}
