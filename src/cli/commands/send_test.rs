//! `campc send-test MESSAGE --to ADDR`: one message, really sent, to the one who asks.

use super::sample::{Sample, find_message};
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::{Project, deliver_config, file_failure, process_environment};
use crate::cli::runtime::block_on;
use crate::deliver::{Deliverer, Envelope, Outcome as Handed};
use crate::lang::Instant;
use std::sync::Arc;

/// Sends one message to an address, by the project's own provider.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc send-test welcome --to me@example.com\n  campc send-test welcome --to me@example.com --contact u1")]
pub struct SendTest {
    /// The message's name
    pub message: String,
    /// The address or number
    #[arg(long, value_name = "ADDR")]
    pub to: String,
    /// Made for this contact of the store: id, user id, email or phone
    #[arg(long, value_name = "C")]
    pub contact: Option<String>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl SendTest {
    /// Sends it.
    ///
    /// # Errors
    /// Where there is no such message, or the provider refuses it.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let program = Arc::new(compiled(&project, context)?);
        let message = find_message(&program, &self.message)?;
        let config = deliver_config(&project.file, &process_environment, &project.root).map_err(|finding| file_failure(&project, context, &[*finding]))?;
        let result = block_on(async {
            let sample = match &self.contact {
                Some(contact) => Sample::of_contact(&project, (&program, self.store.as_deref(), contact)).await?,
                None => Sample::nobody(&program),
            };
            let (outgoing, effect) = sample.compose(&project, (&program, message), Some(&self.to))?;
            let deliverer = Deliverer::new(&config).map_err(|error| Failure::usage(error.to_string()))?;
            let envelope = Envelope {
                effect_id: effect.0,
                attempt: 1,
                at: Instant::from_timestamp(jiff::Timestamp::now()),
                expires_at: None,
                message: Some(self.message.clone()),
                campaign: None,
                step: None,
                contact: self.contact.clone().unwrap_or_default(),
                is_transactional: true,
                outgoing,
            };
            Ok(deliverer.send(envelope).await)
        })?;
        match result.outcome {
            Handed::Accepted { .. } => {
                print(&format!("handed over: {} to {}\n", self.message, self.to));
                Ok(Exit::Done)
            }
            Handed::Temporary { reason, .. } => Err(Failure::failed(format!("refused for now: {reason}"))),
            Handed::Permanent { reason, .. } => Err(Failure::failed(format!("refused: {reason}"))),
            Handed::Unknown { reason } => Err(Failure::failed(format!("the answer was lost, so it may have arrived: {reason}"))),
        }
    }
}
