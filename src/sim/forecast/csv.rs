//! A forecast as one long table, for a spreadsheet: what, whose, and how many.

use super::report::{CampaignReport, Counted, Report, StepReport};

/// `table,name,item,what,count`, a line a count.
#[must_use]
pub fn csv(report: &Report) -> String {
    let mut table = Table::default();
    report.campaigns.iter().for_each(|campaign| table.campaign(campaign));
    for message in &report.messages {
        let counts = [
            ("sent", message.sent),
            ("opened", message.opened),
            ("clicked", message.clicked),
            ("replied", message.replied),
            ("unsubscribed", message.unsubscribed),
            ("bounced", message.bounced),
            ("complained", message.complained),
        ];
        counts.into_iter().for_each(|(what, count)| table.row(["message", &message.message, message.channel, what], count));
        for (day, count) in report.by_day.iter().zip(&message.by_day) {
            table.row(["day", &message.message, &day.date, "sent"], *count);
        }
    }
    for segment in &report.segments {
        for (what, count) in [("entered", segment.entered), ("left", segment.left), ("members", segment.members)] {
            table.row(["segment", &segment.segment, "", what], count);
        }
    }
    for (messages, contacts) in report.messages_per_contact.iter().enumerate() {
        let more = if messages == Report::many() { "+" } else { "" };
        table.row(["messages per contact", "", &format!("{messages}{more}"), "contacts"], *contacts);
    }
    table.done()
}

/// The lines so far.
struct Table(csv::Writer<Vec<u8>>);

impl Default for Table {
    fn default() -> Table {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Into memory nothing fails.
        let _ = writer.write_record(["table", "name", "item", "what", "count"]);
        Table(writer)
    }
}

impl Table {
    fn row(&mut self, [table, name, item, what]: [&str; 4], count: u64) {
        let _ = self.0.write_record([table, name, item, what, &count.to_string()]);
    }
    fn words(&mut self, (name, item, what): (&str, &str, &str), words: &[Counted]) {
        for word in words {
            self.row(["campaign", name, item, &format!("{what}: {}", word.what)], word.count);
        }
    }
    fn campaign(&mut self, campaign: &CampaignReport) {
        let name = campaign.campaign.as_str();
        for (what, count) in [("enrolled", campaign.enrolled), ("restarted", campaign.restarted), ("inside", campaign.inside)] {
            self.row(["campaign", name, "", what], count);
        }
        self.words((name, "", "not enrolled"), &campaign.not_enrolled);
        self.words((name, "", "ended"), &campaign.ended);
        self.words((name, "", "goal"), &campaign.goals);
        campaign.steps.iter().for_each(|step| self.step(name, step));
    }
    fn step(&mut self, name: &str, step: &StepReport) {
        let counts = [("arrived", step.arrived), ("waiting", step.waiting), ("left", step.left), ("sent", step.sent), ("called", step.called)];
        counts.into_iter().for_each(|(what, count)| self.row(["step", name, &step.step, what], count));
        for (what, words) in
            [("decided", &step.decided), ("skipped", &step.skipped), ("held", &step.held), ("failed", &step.failed), ("cancelled", &step.cancelled)]
        {
            for word in words {
                self.row(["step", name, &step.step, &format!("{what}: {}", word.what)], word.count);
            }
        }
    }
    fn done(self) -> String {
        String::from_utf8(self.0.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}
