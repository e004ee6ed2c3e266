//! How the contacts of a forecast are and what they do: rates, delays, distributions, by the numbers of one program.

use super::values::{Draw, Hours};
use crate::bytecode::{CampaignId, EventId, FieldId, GroupId, ListId, TopicId};
use std::sync::Arc;

/// How contacts come to be there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arriving {
    /// That share of them comes in over the time of the simulation, evenly; the others are there when it begins.
    Share(f64),
    /// So many of them come in a day; the others are there when it begins.
    PerDay(f64),
}

/// What share of contacts can be reached on which way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reach {
    /// Has an address.
    pub email: f64,
    /// Has a number.
    pub phone: f64,
    /// Of those with a number: has consented to texts.
    pub sms_consent: f64,
    /// Has a device for push messages.
    pub device: f64,
}

/// A time that something takes, in milliseconds: half take less than `median`, two thirds between `median / spread` and `median * spread`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Delay {
    /// The median.
    pub median_ms: f64,
    /// The factor.
    pub spread: f64,
}

/// What people do with a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MessageHabit {
    /// The share of sendings that are opened. No text message is.
    pub open: f64,
    /// Of those that are opened (of texts: of all), the share that is clicked.
    pub click: f64,
    /// Likewise answered.
    pub reply: f64,
    /// Likewise unsubscribed by.
    pub unsubscribe: f64,
    /// Likewise complained about.
    pub complain: f64,
    /// The share of sendings whose address does not exist.
    pub bounce: f64,
    /// From the hand-over to the open.
    pub open_after: Delay,
    /// From the open (of texts: the hand-over) to the click.
    pub click_after: Delay,
    /// Likewise to the answer.
    pub reply_after: Delay,
    /// What is clicked, by weight.
    pub links: Vec<(Arc<str>, f64)>,
    /// What answers say, by weight.
    pub replies: Vec<(Arc<str>, f64)>,
}

/// A field of contacts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldHabit {
    /// Which.
    pub field: FieldId,
    /// What it holds.
    pub draw: Draw,
    /// How often it gets another value, a contact and day.
    pub changes_per_day: f64,
}

/// Something that contacts have or not, and may get: a tag, a list, a topic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Having<T> {
    /// What.
    pub what: T,
    /// The share that has it to begin with.
    pub share: f64,
    /// How often one gets it, a contact and day.
    pub per_day: f64,
}

/// An event that contacts cause.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EventHabit {
    /// Which.
    pub event: EventId,
    /// How often, a contact and day.
    pub per_day: f64,
    /// Its properties.
    pub properties: Vec<(Arc<str>, Draw)>,
}

/// How a webhook answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WebhookHabit {
    /// The share of calls that succeed.
    pub ok: f64,
    /// How long the answer takes.
    pub answer_after: Delay,
}

/// How contacts are and behave.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// How they come to be there.
    pub arriving: Arriving,
    /// How long those who are there to begin with have been known at the most, in days.
    pub(super) known_for_days: f64,
    /// How they can be reached.
    pub(super) reach: Reach,
    /// When people are about, by their own clock.
    pub(super) hours: Hours,
    /// Their fields.
    pub(super) fields: Vec<FieldHabit>,
    /// Their points to begin with.
    pub(super) points: Vec<(GroupId, Draw)>,
    /// Their tags.
    pub(super) tags: Vec<Having<Arc<str>>>,
    /// Their lists.
    pub(super) lists: Vec<Having<ListId>>,
    /// The topics they subscribe to.
    pub(super) topics: Vec<Having<TopicId>>,
    /// What they cause.
    pub(super) events: Vec<EventHabit>,
    /// What they visit, and how often a contact and day.
    pub(super) visits: Vec<(Arc<str>, f64)>,
    /// What they do with messages, by the message's number.
    pub(super) messages: Vec<MessageHabit>,
    /// How webhooks answer, by the webhook's number.
    pub(super) webhooks: Vec<WebhookHabit>,
    /// Who is enrolled by hand or API, and how often a contact and day.
    pub(super) enrolments: Vec<(CampaignId, f64)>,
    /// What of all this nobody said, for the report.
    pub(super) made_up: Vec<String>,
}
