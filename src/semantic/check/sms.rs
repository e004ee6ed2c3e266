//! How many parts a text message goes out in, and what makes it so many.

use super::{Checker, problems};
use crate::bytecode::Channel;
use crate::syntax::ast;

/// The letters of GSM-7 beside those of ASCII.
const GSM_BASIC: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤ÄÖÑÜ§¿äöñüà¡";
/// They take two places.
const GSM_EXTENDED: &str = "^{}\\[~]|€\u{c}";

/// How a text goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub count: usize,
    /// Places of the alphabet that it takes.
    pub places: usize,
    /// The first character outside GSM-7, and where: one is enough for UCS-2.
    pub wide: Option<(usize, char)>,
}

impl Parts {
    pub(crate) fn of(text: &str) -> Parts {
        let is_gsm = |c: char| (c.is_ascii() && c != '`' && (!c.is_control() || matches!(c, '\n' | '\r' | '\u{c}'))) || GSM_BASIC.contains(c) || c == '€';
        let wide = text.char_indices().find(|(_, c)| !is_gsm(*c));
        let (places, one, each) = match wide {
            Some(_) => (text.chars().map(char::len_utf16).sum(), 70, 67),
            None => (text.chars().map(|c| if GSM_EXTENDED.contains(c) { 2 } else { 1 }).sum(), 160, 153),
        };
        let count = if places <= one { 1 } else { usize::div_ceil(places, each) };
        Parts { count, places, wide }
    }
}

impl Checker<'_, '_> {
    /// Tells where a text takes more than one part whatever its variables hold.
    pub(super) fn check_sms_parts(&mut self, channel: Channel, source: &ast::TextSource) {
        let ast::TextSource::Inline(text) = source else { return };
        if channel != Channel::Sms {
            return;
        }
        let blanked = without_templates(&text.value);
        let is_exact = blanked.len() == text.value.len() && !text.value.contains("{{") && !text.value.contains("{%");
        let counted: String = blanked.chars().filter(|c| *c != '\0').collect();
        let parts = Parts::of(&counted);
        if parts.count < 2 {
            return;
        }
        let wide = parts.wide.and_then(|(_, c)| blanked.find(c).map(|at| (text.span_of(at..at + c.len_utf8()), c)));
        self.report(problems::sms_parts(text.span, (parts.count, parts.places), wide, is_exact));
    }
}

/// The text with a NUL for every byte of `{{ … }}`, `{% … %}` and `{# … #}`, so that places stay what they are.
fn without_templates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let close = match from.get(..2) {
            Some("{{") => "}}",
            Some("{%") => "%}",
            Some("{#") => "#}",
            _ => {
                out.push('{');
                rest = from.get(1..).unwrap_or("");
                continue;
            }
        };
        let end = from.find(close).map_or(from.len(), |end| end + 2);
        (0..end).for_each(|_| out.push('\0'));
        rest = from.get(end..).unwrap_or("");
    }
    out.push_str(rest);
    out
}
