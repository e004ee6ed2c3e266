//! Values that do not fit.

use crate::base::{Code, Span};
use crate::diagnostics::{Applicability, Diagnostic, Edit, Fix, suggest};
use crate::lang::{Type, Value};
use crate::semantic::hir::Expr;
use std::sync::Arc;

pub(crate) fn too_many_values(span: Span, most: usize) -> Diagnostic {
    Diagnostic::new(Code::E0425, format!("there are more than {most} values here"), span, "all of them together")
        .with_help("put the contacts on a list, or the values into a field, and ask for that")
}
pub(crate) fn not_a_condition(span: Span, ty: &Type) -> Diagnostic {
    Diagnostic::new(Code::E0401, "this is not a condition", span, format!("a {ty}"))
        .with_help("a condition is true or false: compare it with something, or ask `is set`")
}
pub(crate) fn cannot_compare(at: Span, left: &Expr, right: &Expr) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0402, format!("a {} cannot be compared with a {}", left.ty, right.ty), at, "these are of different types")
        .with_label(left.span, format!("a {}", left.ty))
        .with_label(right.span, format!("a {}", right.ty));
    match (&left.ty, right.literal()) {
        (Type::Number, Some(Value::Text(text))) if text.parse::<f64>().is_ok() => {
            finding.with_help("numbers are written without quotes").with_fix(Fix::maybe(format!("write `{text}`"), right.span, text.to_string()))
        }
        (Type::List(_), _) => finding.with_help("ask whether the list has it: `… contains …`"),
        (Type::Bool, Some(Value::Text(text))) if matches!(text.as_ref(), "true" | "false") => {
            finding.with_fix(Fix::maybe(format!("write `{text}`"), right.span, text.to_string()))
        }
        _ => finding.with_note("types are never converted silently: both sides must be of one type"),
    }
}
pub(crate) fn not_a_value(span: Span, text: &str, values: &[Arc<str>]) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0403, format!("{text:?} is not one of the values"), span, "never true");
    let finding = match suggest(text, values.iter().map(AsRef::as_ref)) {
        Some(near) => finding.with_fix(Fix::maybe(format!("write {near:?}"), span, format!("{near:?}"))).with_help(format!("did you mean {near:?}?")),
        None => finding,
    };
    let list: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    finding.with_help(format!("declared are: {}", list.join(", ")))
}
pub(crate) fn no_order(span: Span, ty: &Type) -> Diagnostic {
    Diagnostic::new(Code::E0404, format!("a {ty} has no order"), span, "cannot be less or more than another").with_help("compare it with `==` or `!=`")
}
pub(crate) fn cannot_calculate(at: Span, left: (&Type, Span), right: (&Type, Span)) -> Diagnostic {
    Diagnostic::new(Code::E0405, format!("a {} and a {} cannot be calculated with like this", left.0, right.0), at, "no meaning for these")
        .with_label(left.1, format!("a {}", left.0))
        .with_label(right.1, format!("a {}", right.0))
        .with_help("numbers can be added, subtracted, multiplied and divided; a duration can be added to or taken from a date")
}
/// One kind of value belongs here, another stands here.
pub(crate) fn wrong_kind(span: Span, phrase: &str, given: &Type) -> Diagnostic {
    Diagnostic::new(Code::E0406, format!("{phrase} belongs here"), span, format!("this is a {given}"))
}
pub(crate) fn case_of_no_text(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0406, "only `==` and `!=` of texts can ignore case", span, "nothing here has a case").with_help("leave `ignoring case` out")
}
/// A value that is assigned.
pub(crate) fn misfit(span: Span, given: &Type, wanted: &Type, to: &str) -> Diagnostic {
    let finding = Diagnostic::new(Code::E0407, format!("`{to}` holds a {wanted}, not a {given}"), span, format!("a {given}"));
    match (wanted, given) {
        (Type::Enum(_), Type::Text) => finding.with_note("a text could be something that is not among the values"),
        (Type::Date, Type::DateTime) => finding.with_help("`today` is a date, `now` is a moment"),
        _ => finding,
    }
}
pub(crate) fn arguments(span: Span, of: &str, wanted: &str) -> Diagnostic {
    Diagnostic::new(Code::E0408, format!("`{of}` takes {wanted}"), span, "something else stands here")
}
pub(crate) fn too_many_arguments(span: Span, of: &str, count: usize, declared: Span) -> Diagnostic {
    let takes = if count == 1 { "1 argument".to_owned() } else { format!("{count} arguments") };
    Diagnostic::new(Code::E0408, format!("`{of}` takes {takes}"), span, "one too many").with_label(declared, "declared here")
}
pub(crate) fn missing_argument(span: Span, of: &str, param: &str, declared: Span) -> Diagnostic {
    Diagnostic::new(Code::E0408, format!("`{of}` needs an argument for `{param}`"), span, "too few arguments")
        .with_label(declared, "this parameter has no default")
}
pub(crate) fn event_takes_condition(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0408, "an event takes one condition on its properties", span, "no condition")
        .with_help("write it as `purchase(amount > 10 and sku == \"x\")`")
}
pub(crate) fn function_needs_event(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0408, format!("`{name}` goes over one kind of event"), span, "name an event here")
        .with_help("such as `count(purchase)`, `last(purchase(sku == \"x\"))`")
}
pub(crate) fn function_needs_property(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::E0408, format!("`{name}` needs a number of the event"), span, "of what?")
        .with_help(format!("name the property: `{name}(purchase.amount)`"))
}
pub(crate) fn path_without_slash(span: Span, path: &str) -> Diagnostic {
    Diagnostic::new(Code::E0409, "a path begins with a slash", span, "never visited").with_fix(Fix::maybe(
        format!("write \"/{path}\""),
        span,
        format!("{:?}", format!("/{path}")),
    ))
}
pub(crate) fn empty_enum(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0410, "an enum needs at least one value", span, "no value fits").with_help("list them: `enum(\"free\", \"pro\")`, or use `text`")
}
pub(crate) fn repeated_value(span: Span, value: &str) -> Diagnostic {
    Diagnostic::new(Code::E0410, format!("{value:?} is listed twice"), span, "again here").with_help("leave one of them out")
}
pub(crate) fn not_a_date(span: Span, ty: &Type) -> Diagnostic {
    Diagnostic::new(Code::E0411, "a date belongs here", span, format!("this is a {ty}")).with_help("use a field of type `date` or `datetime`")
}
pub(crate) fn bad_pattern(span: Span, reason: &str) -> Diagnostic {
    Diagnostic::new(Code::E0412, "this is not a regular expression", span, reason).with_help("a backslash is written twice: `\"@acme\\\\.example$\"`")
}
pub(crate) fn pattern_too_long(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0412, "this pattern is longer than 1,024 bytes", span, "too long").with_help("ask for less, or in several tests")
}
/// `a or b and c`
pub(crate) fn mixed_logic(first: Span, whole: Span, mixed: &[Span]) -> Diagnostic {
    let edits = mixed
        .iter()
        .flat_map(|span| [Edit { span: span.at_start(), replacement: "(".to_owned() }, Edit { span: span.at_end(), replacement: ")".to_owned() }])
        .collect();
    Diagnostic::new(Code::E0413, "mixing `and` with `or` needs parentheses", first, "this belongs together")
        .with_label(whole, "within this")
        .with_fix(Fix { title: "put parentheses around the `and`".to_owned(), edits, applicability: Applicability::Certain })
        .with_note("readers disagree on which of the two binds tighter")
}
/// `a and b within 3d`
pub(crate) fn joined_before_within(span: Span, within: Span) -> Diagnostic {
    let edits = vec![Edit { span: span.at_start(), replacement: "(".to_owned() }, Edit { span: span.at_end(), replacement: ")".to_owned() }];
    Diagnostic::new(Code::E0414, "joined conditions before `within` need parentheses", span, "all of this within that time?")
        .with_label(within, "the time")
        .with_fix(Fix { title: "put parentheses around them".to_owned(), edits, applicability: Applicability::Certain })
        .with_note("the time could be read as belonging to the last condition alone")
}
pub(crate) fn not_a_literal(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0415, "only a value that is written out may stand here", span, "is not known before the campaign runs")
}
pub(crate) fn no_default_here(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0416, "properties have no defaults", span, "who sends the event says its values")
        .with_help("a field of the contact can have a default")
}
pub(crate) fn type_out_of_place(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::E0416, format!("{what} cannot be kept by a contact or an event"), span, "for parameters of sequences alone")
        .with_help("use `text number bool date datetime enum(…) list(text)`")
}
pub(crate) fn builtin_type(span: Span, name: &str, ty: &Type) -> Diagnostic {
    Diagnostic::new(Code::E0416, format!("the built-in field `{name}` is a {ty}"), span, "declared with another type")
        .with_help("leave the line out, or use another name")
}
pub(crate) fn not_a_list(span: Span, name: &str, ty: &Type) -> Diagnostic {
    Diagnostic::new(Code::E0418, format!("`{name}` is not a list"), span, format!("a {ty}"))
        .with_help(format!("declare it as a list: `{name}: list(text)`, or `set` it"))
}
pub(crate) fn no_value(span: Span, what: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::E0419, format!("{what} is no value by itself"), span, "cannot be compared or kept").with_help(help)
}
pub(crate) fn no_parts(span: Span, ty: &Type) -> Diagnostic {
    Diagnostic::new(Code::E0419, format!("a {ty} has no parts"), span, "nothing can stand behind the dot")
}
pub(crate) fn not_a_count(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0420, "a whole number of at least 1 belongs here", span, "cannot be counted to")
}
pub(crate) fn share_over_whole(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0420, "a share is at most 100%", span, "more than everybody")
}
pub(crate) fn decay_without_time(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0420, "points decay over a length of time", span, "no time passes").with_help("write how long it takes: `decay 10% per 30d`")
}
pub(crate) fn too_long(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0420, "this is longer than a hundred years", span, "too long")
}
pub(crate) fn no_day_of_month(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0420, "a month has the days 1 to 31", span, "no such day").with_help("`day 31` is the last day of a shorter month")
}
/// `points > 5 in last 3d`
pub(crate) fn window_of_no_history(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0421, "`in last` and `ever` belong to what has happened", span, "this is a state, not a happening")
        .with_help("ask for an event: `purchase in last 30d`, or compare a date: `created_at > 30d ago`")
}
pub(crate) fn window_of_not(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0421, "`not` stands before the whole", span, "put the time behind the event").with_help("write `not (purchase in last 30d)`")
}
pub(crate) fn points_change_to(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0422, "`points changes` takes no values", span, "not here").with_help("`points reach 100` fires when the score gets there")
}
