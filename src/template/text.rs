//! The text part of an HTML body: what a reader without HTML sees.
//!
//! Links stand behind their text in parentheses, images are their description, tables are lines. Not here: Markdown, whose
//! text part is its source.

use html2text::config;
use html2text::render::TextDecorator;
use std::cell::RefCell;
use std::rc::Rc;

/// A line's length in characters; words and addresses are never broken.
const WIDTH: usize = 78;

/// Links met so far; an address is a short mark until the lines are made, so that none is broken.
#[derive(Clone, Debug, Default)]
struct Plain {
    urls: Rc<RefCell<Vec<String>>>,
    open: Vec<usize>,
}

const MARK: char = '\u{e000}';

impl TextDecorator for Plain {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        let mut urls = self.urls.borrow_mut();
        self.open.push(urls.len());
        urls.push(url.to_owned());
        (String::new(), ())
    }
    fn decorate_link_end(&mut self) -> String {
        self.open.pop().map_or_else(String::new, |number| format!(" {MARK}{number}{MARK}"))
    }
    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_em_end(&self) -> String {
        String::new()
    }
    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strong_end(&self) -> String {
        String::new()
    }
    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }
    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_code_end(&self) -> String {
        String::new()
    }
    fn decorate_preformat_first(&self) {}
    fn decorate_preformat_cont(&self) {}
    fn decorate_image(&mut self, _src: &str, title: &str) -> (String, ()) {
        (title.to_owned(), ())
    }
    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }
    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }
    fn unordered_item_prefix(&self) -> String {
        "- ".to_owned()
    }
    fn ordered_item_prefix(&self, i: i64) -> String {
        format!("{i}. ")
    }
    fn make_subblock_decorator(&self) -> Self {
        Self { urls: Rc::clone(&self.urls), open: Vec::new() }
    }
}

/// The text of `html`.
pub(super) fn text_of(html: &str) -> Result<String, String> {
    let plain = Plain::default();
    let urls = Rc::clone(&plain.urls);
    let config = config::with_decorator(plain).raw_mode(true).no_table_borders().allow_width_overflow();
    let text = config.string_from_read(html.as_bytes(), WIDTH).map_err(|error| error.to_string())?;
    let text = fill_links(&text, &urls.borrow());
    Ok(tidy(&text))
}

fn fill_links(text: &str, urls: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split(MARK);
    out.push_str(parts.next().unwrap_or(""));
    while let (Some(number), Some(rest)) = (parts.next(), parts.next()) {
        let url = number.parse::<usize>().ok().and_then(|number| urls.get(number)).map_or("", String::as_str);
        let shown = url.strip_prefix("mailto:").or_else(|| url.strip_prefix("tel:")).unwrap_or(url);
        if shown.is_empty() || shown.starts_with('#') || out.trim_end().ends_with(shown) {
            out.truncate(out.trim_end_matches(' ').len());
        } else {
            out.push('(');
            out.push_str(shown);
            out.push(')');
        }
        out.push_str(rest);
    }
    out
}

/// Lines without trailing blanks, and never two empty ones in a row.
pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.trim().is_empty() { empty + 1 } else { 0 };
        if empty < 2 && !(out.is_empty() && empty > 0) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}
