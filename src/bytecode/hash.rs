//! What a program is, as a number: the same for the same meaning, whatever the comments and the formatting.

use super::canon::Canon;
use super::{CampaignId, Program, encode};
use crate::base::{FileId, Span};
use std::sync::Arc;

/// Sections that say where something was written, not what it means.
const SOURCE_SECTIONS: [u8; 4] = [25, 26, 27, 28];

/// BLAKE3 over the canonical code, tables and templates, without spans, files, notes, positions and source texts.
#[must_use]
pub fn program_hash(program: &Program) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("campc program hash 1");
    let bare = without_sources(program);
    for (number, body) in encode::sections(&bare) {
        if !SOURCE_SECTIONS.contains(&number) {
            hasher.update(&[number]);
            hasher.update(&u64::try_from(body.len()).unwrap_or(u64::MAX).to_le_bytes());
            hasher.update(&body);
        }
    }
    *hasher.finalize().as_bytes()
}

/// BLAKE3 over a campaign's header, steps and the declarations they name; numbers of the program's tables do not enter it.
#[must_use]
pub fn campaign_hash(program: &Program, campaign: CampaignId) -> [u8; 32] {
    let mut canon = Canon::new(program);
    canon.campaign(campaign);
    canon.finish()
}

/// The same program with all traces of its text gone.
fn without_sources(program: &Program) -> Program {
    let mut bare = program.clone();
    let nothing: Arc<str> = "".into();
    let nowhere = Span { file: FileId(0), start: 0, end: 0 };
    bare.segments.iter_mut().for_each(|segment| segment.span = nowhere);
    // Texts of rules and steps serve identity and alignment over deploys; what they do is in the code.
    for rule in &mut bare.rules {
        rule.span = nowhere;
        rule.text = Arc::clone(&nothing);
    }
    for step in &mut bare.steps {
        step.span = nowhere;
        step.text = Arc::clone(&nothing);
    }
    bare.blocks.iter_mut().for_each(|block| block.text = Arc::clone(&nothing));
    for campaign in &mut bare.campaigns {
        campaign.span = nowhere;
        campaign.exits.iter_mut().for_each(|exit| exit.span = nowhere);
        campaign.goals.iter_mut().for_each(|goal| goal.span = nowhere);
        campaign.updates.iter_mut().for_each(|update| update.span = nowhere);
        campaign.collect.iter_mut().for_each(|collect| collect.span = nowhere);
        for trigger in &mut campaign.triggers {
            trigger.span = nowhere;
            trigger.text = Arc::clone(&nothing);
        }
    }
    bare
}
