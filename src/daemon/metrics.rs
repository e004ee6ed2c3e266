//! Counters and histograms of what the engine did since it started: atomics that status and the metrics page read.
//!
//! The registry and the text format are the library's; a registry belongs to one engine, so that two in one process do not mix. Labels are
//! words of ours alone (kinds of input, lanes, outcomes, routes): no value that came from outside can become one.

use crate::deliver::{Lane, Outcome};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// One counter.
#[derive(Clone, Debug, Default)]
pub struct Counter(counter::Counter);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.0.inc();
    }
    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.inc_by(count);
    }
    /// So many more.
    pub fn add_len(&self, count: usize) {
        self.add(u64::try_from(count).unwrap_or(u64::MAX));
    }
    /// How many.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// The kind of an input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// A lane and what came of an attempt in it. All hosts of webhooks are one: a host may be written by a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabel {
    lane: &'static str,
    outcome: &'static str,
}

/// A route, as the router has it, and the class of its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
    status: &'static str,
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident: $help:literal)+) => {
        /// The counters.
        #[derive(Debug)]
        pub struct Metrics {
            $($(#[$doc])* pub $name: Counter,)+
            inputs: Family<KindLabel, counter::Counter>,
            attempts_settled: Family<AttemptLabel, counter::Counter>,
            requests: Family<RouteLabel, counter::Counter>,
            commit_seconds: Histogram,
            batch_inputs: Histogram,
            timer_lateness_seconds: Histogram,
            registry: Registry,
        }
        impl Metrics {
            /// All of them by name.
            #[must_use]
            pub fn snapshot(&self) -> BTreeMap<&'static str, u64> {
                BTreeMap::from([$((stringify!($name), self.$name.get()),)+])
            }
        }
        impl Default for Metrics {
            fn default() -> Metrics {
                let mut registry = Registry::with_prefix("campc");
                $(let $name = Counter::default(); registry.register(stringify!($name), $help, $name.0.clone());)+
                let inputs = Family::default();
                registry.register("inputs", "Submissions that were taken, by kind", inputs.clone());
                let attempts_settled = Family::default();
                registry.register("attempts_settled", "Attempts that have ended, by lane and outcome", attempts_settled.clone());
                let requests = Family::default();
                registry.register("http_requests", "Answers over HTTP, by route and class of status", requests.clone());
                let commit_seconds = Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
                registry.register("commit_seconds", "How long commits took", commit_seconds.clone());
                let batch_inputs = Histogram::new(exponential_buckets(1.0, 2.0, 12));
                registry.register("batch_inputs", "Inputs of one batch", batch_inputs.clone());
                let timer_lateness_seconds = Histogram::new(exponential_buckets(0.001, 4.0, 12));
                registry.register("timer_lateness_seconds", "How much later than due timers were run", timer_lateness_seconds.clone());
                Metrics { $($name,)+ inputs, attempts_settled, requests, commit_seconds, batch_inputs, timer_lateness_seconds, registry }
            }
        }
    };
}

impl Metrics {
    /// A submission of that kind was taken.
    pub fn took(&self, kind: &'static str) {
        self.accepted.one();
        self.inputs.get_or_create(&KindLabel { kind }).inc();
    }
    /// An attempt has ended.
    pub fn settled(&self, lane: &Lane, outcome: &Outcome) {
        let outcome = match outcome {
            Outcome::Accepted { .. } => "accepted",
            Outcome::Temporary { .. } => "temporary",
            Outcome::Permanent { .. } => "permanent",
            Outcome::Unknown { .. } => "unknown",
        };
        self.attempts_settled.get_or_create(&AttemptLabel { lane: lane_word(lane), outcome }).inc();
    }
    /// A request was answered; `route` is the router's own pattern.
    pub fn answered(&self, route: &str, status: u16) {
        let status = match status / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "1xx",
        };
        self.requests.get_or_create(&RouteLabel { route: route.to_owned(), status }).inc();
    }
    /// Runs a commit, and takes its time.
    pub fn timed<T>(&self, commit: impl FnOnce() -> T) -> T {
        let _span = tracing::debug_span!("commit").entered();
        let began = Instant::now();
        let done = commit();
        self.commit_seconds.observe(began.elapsed().as_secs_f64());
        done
    }
    /// A batch of so many inputs begins; its span ends with what is returned.
    pub fn batched(&self, inputs: usize) -> tracing::span::EnteredSpan {
        self.batch_inputs.observe(f64::from(u32::try_from(inputs).unwrap_or(u32::MAX)));
        tracing::debug_span!("batch", inputs).entered()
    }
    /// A timer was run, so much later than it was due.
    pub fn woke(&self, late: Duration) {
        self.wakes.one();
        self.timer_lateness_seconds.observe(late.as_secs_f64());
    }
    /// Writes all of it in the text format, without its end mark.
    ///
    /// # Errors
    /// The writer's own.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        encode_registry(out, &self.registry)
    }
}

/// The word of a lane for labels.
#[must_use]
pub fn lane_word(lane: &Lane) -> &'static str {
    match lane {
        Lane::EmailTransactional => "email/transactional",
        Lane::EmailMarketing => "email/marketing",
        Lane::SmsTransactional => "sms/transactional",
        Lane::SmsMarketing => "sms/marketing",
        Lane::Push => "push",
        Lane::Notify => "notify",
        Lane::Webhook(_) => "webhook",
    }
}

counters! {
    /// Submissions that were taken.
    accepted: "Submissions that were taken"
    /// Submissions whose dedupe key was known.
    duplicates: "Submissions whose dedupe key was known"
    /// Submissions that were not taken.
    rejected: "Submissions that were not taken"
    /// Calls that were turned away because too much waited.
    busy: "Calls that were turned away because too much waited"
    /// Events that nobody declared.
    undeclared: "Events that nobody declared"
    /// Values that did not convert to their declared type.
    type_errors: "Values that did not convert to their declared type"
    /// Contacts that came into being.
    created: "Contacts that came into being"
    /// Contacts that went up in another one.
    merged: "Contacts that went up in another one"
    /// Addresses that two known users share.
    shared_addresses: "Addresses that two known users share"
    /// Timers that were run.
    wakes: "Timers that were run"
    /// Committed batches.
    commits: "Committed batches"
    /// Commits that failed.
    commit_failures: "Commits that failed"
    /// Attempts begun.
    attempts: "Attempts begun"
    /// Effects the provider took.
    delivered: "Effects the provider took"
    /// Effects refused for good.
    failed: "Effects refused for good"
    /// Attempts that are to be made again.
    retried: "Attempts that are to be made again"
    /// Attempts whose outcome is unknown.
    unknown: "Attempts whose outcome is unknown"
    /// Inputs that were put aside because they cannot be carried out, and enrollments the machine broke on.
    quarantined: "Inputs that were put aside because they cannot be carried out"
    /// Contacts that were told that their campaign is paused or goes on.
    switched: "Contacts that were told that their campaign is paused or goes on"
    /// Rows of the outbox that were looked at.
    outbox_visits: "Rows of the outbox that were looked at"
}
