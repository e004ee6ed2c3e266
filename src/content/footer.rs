//! What the law wants at the end of a marketing mail: who sends it, from where, and how to leave; and the preheader at its start.

use crate::template::{escape_html, insert_at_end, insert_at_start};

/// What the footer says.
pub(super) struct Footer<'a> {
    pub project: &'a str,
    pub address: Option<&'a str>,
    pub unsubscribe_url: &'a str,
    /// Where there is a choice: the project has topics.
    pub preferences_url: Option<&'a str>,
}

impl Footer<'_> {
    /// `html` with the footer at the end of its body.
    pub fn onto_html(&self, html: &str) -> String {
        let mut lines = vec![escape_html(self.project)];
        lines.extend(self.address.map(|address| escape_html(address).replace('\n', "<br>")));
        let link = |url: &str, text: &str| format!("<a href=\"{}\" style=\"color:#666\">{text}</a>", escape_html(url));
        let preferences = self.preferences_url.map(|url| format!(" &middot; {}", link(url, "Preferences"))).unwrap_or_default();
        lines.push(format!("{}{preferences}", link(self.unsubscribe_url, "Unsubscribe")));
        let style = "padding:24px 16px;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:1.5;color:#666;text-align:center";
        insert_at_end(html, &format!("<div style=\"{style}\">{}</div>\n", lines.join("<br>")))
    }

    /// `text` with the footer below.
    pub fn onto_text(&self, text: &str) -> String {
        let address = self.address.map_or_else(String::new, |address| format!("{address}\n"));
        let preferences = self.preferences_url.map_or_else(String::new, |url| format!("Preferences: {url}\n"));
        format!("{}\n\n-- \n{}\n{address}Unsubscribe: {}\n{preferences}", text.trim_end(), self.project, self.unsubscribe_url)
    }
}

/// `html` with the line that inboxes show behind the subject; it is not seen in the mail itself.
pub(super) fn with_preheader(html: &str, preheader: &str) -> String {
    let style = "display:none;max-height:0;overflow:hidden;mso-hide:all";
    insert_at_start(html, &format!("\n<div style=\"{style}\">{}</div>", escape_html(preheader)))
}
