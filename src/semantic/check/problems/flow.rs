//! Time, order and structure, as far as the check sees them.

use crate::base::{Code, Span};
use crate::diagnostics::{Applicability, Diagnostic, Edit, Fix};

pub(crate) fn negated_within(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0501, "a thing that has not happened cannot be waited for", span, "holds at once, or is lost at once")
        .with_help("write the whole condition as `if not C within D then … else …`, or ask it after the wait")
        .with_note("`within` goes on at the moment its condition holds; that something did not happen is only known when the time is up")
}
pub(crate) fn waiting_for_nothing(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0502, "what has not happened cannot be waited for", span, "holds on arrival: nothing is waited for")
        .with_help("`if not C within D then … else …` takes its first path when the time is up without C")
}
pub(crate) fn negated_on_red_path(span: Span, wait: Span) -> Diagnostic {
    Diagnostic::new(Code::E0503, "a negated event cannot be listened for during the red path's wait", span, "holds at once, or is lost at once")
        .with_label(wait, "this wait is the time the condition has")
        .with_help("ask the negated part in an `if` of its own")
}
pub(crate) fn header_after_steps(span: Span, first_step: Span, removed: Span, moved: &str) -> Diagnostic {
    let edits = vec![Edit { span: first_step.at_start(), replacement: moved.to_owned() }, Edit { span: removed, replacement: String::new() }];
    Diagnostic::new(Code::W0505, "header lines stand before the steps", span, "a header line")
        .with_label(first_step, "the first step")
        .with_fix(Fix { title: "move the line before the steps".to_owned(), edits, applicability: Applicability::Certain })
        .with_note("it counts for the whole campaign, whatever step a contact is at")
}
pub(crate) fn header_in_block(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0525, "header lines stand before the steps of the campaign", span, "inside a block of steps")
        .with_help("move it to the top of the campaign, or make the block a campaign of its own")
}
pub(crate) fn leaving_oneself(span: Span, step: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0506, format!("{name:?} is this very campaign"), span, "leaves itself")
        .with_help("`stop` ends this enrollment")
        .with_fix(Fix::certain("write `stop`", step, "stop"))
}
pub(crate) fn enrolling_oneself(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0506, format!("{name:?} is this very campaign"), span, "who is here is enrolled already")
        .with_help("`repeat` does steps again; `reenter` lets a contact come again")
}
pub(crate) fn shares(span: Span, total: f64) -> Diagnostic {
    // Shares are written in decimals, and their sum is off by what binary fractions lose.
    let total = (total * 1e6).round() / 1e6;
    let title = format!("the shares add up to {total}%, not to 100%");
    let finding = Diagnostic::new(Code::E0507, title, span, "some contacts have no arm, or two");
    if total < 100.0 { finding.with_help("add an `else { … }` for the others") } else { finding }
}
pub(crate) fn different_events(span: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::new(Code::E0508, format!("`{name}` names two different events"), span, "another event here")
        .with_label(first, "first named here")
        .with_help("use two names, and ask `is set` before reading them")
}
pub(crate) fn different_alternatives(span: Span, name: &str, first: Span, other: Span) -> Diagnostic {
    Diagnostic::new(Code::E0508, format!("`{name}` would be two different events"), span, "names them all")
        .with_label(first, "one event")
        .with_label(other, "another event")
        .with_help("write a `when` of its own for each, with names of their own")
}
pub(crate) fn object_not_sent(span: Span, body: Span, webhook: &str) -> Diagnostic {
    Diagnostic::new(Code::W0529, "this object is never sent", span, format!("`{webhook}` has a body of its own"))
        .with_label(body, "exactly this is sent at every step")
        .with_help("keep one of them: the steps' objects, or the webhook's `body`")
}
pub(crate) fn capture_may_be_unset(span: Span, name: &str, declared: Span) -> Diagnostic {
    Diagnostic::new(Code::E0509, format!("`{name}` may not be there"), span, "read without asking")
        .with_label(declared, "only this trigger supplies it")
        .with_help(format!("ask first: `if {name} is set then …`"))
}
pub(crate) fn recursion(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0510, format!("the sequence `{name}` leads back to itself"), span, "expands without end")
        .with_help("`repeat up to N times { … }` does steps again")
        .with_note("a sequence is put in place of its `do`")
}
pub(crate) fn which_goal(span: Span, goal: Span) -> Diagnostic {
    Diagnostic::new(Code::E0511, "the campaign has several goals", span, "which one decides?")
        .with_label(goal, "the first of them")
        .with_help("name it: `winner by goal \"bought\" after …`")
}
pub(crate) fn no_goal(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0511, "the campaign has no goal", span, "nothing to decide by").with_help("add a header line: `goal purchase within 14d`")
}
pub(crate) fn unknown_measure(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0511, format!("a winner is not found by `{name}`"), span, "`opened`, `clicked` or `goal` belongs here")
}
pub(crate) fn no_winner(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0511, "an experiment needs a `winner by …` line", span, "never decided")
        .with_help("add `winner by clicked after 4h`; without a decision, use `split`")
}
pub(crate) fn some_shares(span: Span, with: Span) -> Diagnostic {
    Diagnostic::new(Code::E0560, "this variant has no share, and another has", span, "how many take this one?")
        .with_label(with, "a share is written here")
        .with_help("give every variant a share, and the rest waits for the winner; or give none, and all take part until the decision")
}
pub(crate) fn nothing_to_open(span: Span, measure: &str) -> Diagnostic {
    Diagnostic::new(Code::W0561, format!("no variant sends anything that could be {measure}"), span, "there will be no data, so the first variant wins")
        .with_help("send a message in the variants, or decide by a goal")
}
pub(crate) fn large_sequences(span: Span, most: usize) -> Diagnostic {
    Diagnostic::new(Code::E0562, "sequences grow too large", span, format!("put in here for every `do`, this makes more than {most} values of the project"))
        .with_help("calculate it once: `set` a field before the `do`, and hand that over")
        .with_note("an argument is put in wherever its parameter stands, so what is handed on twice doubles at every call")
}
pub(crate) fn too_many_expanded(span: Span, most: usize) -> Diagnostic {
    Diagnostic::new(Code::E0517, format!("sequences make more than {most} steps of this project"), span, "with its sequences expanded")
        .with_help("call fewer sequences, or shorter ones")
}
pub(crate) fn no_send_in_reach(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0512, "`reach` holds messages alone", span, "this sends nothing to the contact").with_help("move it before or behind the `reach`")
}
pub(crate) fn ends_before_it_begins(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0513, "the campaign ends before it begins", span, "not after the start")
}
pub(crate) fn between_backwards(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0513, "the longest time is shorter than the shortest", span, "nothing lies between").with_help("write the shorter one first")
}
pub(crate) fn whole_day(span: Span) -> Diagnostic {
    Diagnostic::new(Code::W0514, "this window is the whole day", span, "starts and ends at one time").with_help("leave the line out, or choose another end")
}
pub(crate) fn event_out_of_place(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0515, format!("`{name}` cannot stand here"), span, "not a happening that could be listened to here")
        .with_help("`sent` and `skipped` belong in conditions; `complained` and `failed` in tests")
}
pub(crate) fn too_many_steps(span: Span, most: usize) -> Diagnostic {
    Diagnostic::new(Code::E0517, format!("this campaign has more than {most} steps"), span, "with its sequences expanded")
        .with_help("cut it into several campaigns")
}
