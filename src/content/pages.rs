//! Pages that people see behind the links of a message: plain HTML that works without scripts, with a keyboard, and read aloud.
//!
//! Not here: routes and headers (http), and what a form changes.

use super::message::Outgoing;
use crate::template::escape_html;

/// A box that may be ticked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends where it is ticked: `email`, the name of a topic.
    pub value: String,
    /// What people read.
    pub title: String,
    /// Whether it is ticked.
    pub is_on: bool,
}

/// What a contact may choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Who asks.
    pub project: String,
    /// The ways to be written to.
    pub channels: Vec<Choice>,
    /// The topics.
    pub topics: Vec<Choice>,
    /// Whether the form has just been saved.
    pub is_saved: bool,
}

/// A whole page. `title` is text, `inside` is HTML.
#[must_use]
pub fn page(title: &str, inside: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{}</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:4em auto;padding:0 1em}}button{{font:inherit;padding:.5em 1em}}\
         fieldset{{border:1px solid #999;margin:1em 0;padding:.5em 1em}}label{{display:block;padding:.4em 0}}input{{width:1.2em;height:1.2em;vertical-align:-.2em}}\
         pre{{white-space:pre-wrap;font:inherit}}</style></head><body>{inside}</body></html>",
        escape_html(title)
    )
}

/// The page on which a contact chooses.
#[must_use]
pub fn preferences_page(preferences: &Preferences) -> String {
    let mut inside = format!("<main><h1>{}</h1>", escape_html(&preferences.project));
    if preferences.is_saved {
        inside.push_str("<p role=\"status\"><strong>Saved.</strong> Your choice holds from now on.</p>");
    }
    inside.push_str("<form method=\"post\">");
    inside.push_str(&choices("How we may write to you", "channel", &preferences.channels));
    inside.push_str(&choices("What you want to hear about", "topic", &preferences.topics));
    inside.push_str(
        "<p><button type=\"submit\">Save</button></p></form><p>Receipts and other messages that belong to what you order or do come in any case.</p></main>",
    );
    page("Preferences", &inside)
}

fn choices(legend: &str, name: &str, choices: &[Choice]) -> String {
    if choices.is_empty() {
        return String::new();
    }
    let mut html = format!("<fieldset><legend>{legend}</legend>");
    for choice in choices {
        let checked = if choice.is_on { " checked" } else { "" };
        let (value, title) = (escape_html(&choice.value), escape_html(&choice.title));
        html.push_str(&format!("<label><input type=\"checkbox\" name=\"{name}\" value=\"{value}\"{checked}> {title}</label>"));
    }
    html.push_str("</fieldset>");
    html
}

/// A message as a page: its HTML as it is, else its text.
#[must_use]
pub fn view_page(message: &Outgoing) -> Option<String> {
    let text = |title: &str, text: &str| page(title, &format!("<main><h1>{}</h1><pre>{}</pre></main>", escape_html(title), escape_html(text)));
    match message {
        Outgoing::Email(mail) => Some(mail.html.clone().unwrap_or_else(|| text(&mail.subject, &mail.text))),
        Outgoing::Sms(sms) => Some(text("Message", &sms.text)),
        Outgoing::Push(push) => Some(text(&push.title, &push.body)),
        Outgoing::Webhook(_) | Outgoing::Notify(_) => None,
    }
}
