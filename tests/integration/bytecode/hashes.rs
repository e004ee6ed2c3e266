//! What changes a program's hash, and what does not.

use super::{rich_program, rich_project};
use crate::lower::lowered;
use campc::base::{FileId, Span};
use campc::bytecode::{CampaignId, ListDef, campaign_hash, program_hash};
use campc::semantic::hir::StepKind;

#[test]
fn where_something_was_written_does_not_count() {
    let program = rich_program();
    let mut moved = rich_project();
    let elsewhere = Span::new(FileId(0), 40, 50);
    moved.segments[0].span = elsewhere;
    moved.campaigns[0].span = elsewhere;
    moved.campaigns[0].steps[0].header.span = elsewhere;
    moved.campaigns[0].triggers[0].span = elsewhere;
    moved.files = vec!["other.camp".into()];
    let moved = lowered(&moved);
    assert_ne!(moved, program);
    assert_eq!(program_hash(&moved), program_hash(&program));
}

#[test]
fn what_is_done_counts() {
    let program = rich_program();
    let mut changed = rich_project();
    changed.campaigns[0].steps[4].kind = StepKind::Set { field: crate::lower::checked::PLAN, value: crate::lower::checked::text("free") };
    let changed = lowered(&changed);
    assert_ne!(program_hash(&changed), program_hash(&program));
    assert_ne!(campaign_hash(&changed, CampaignId(0)), campaign_hash(&program, CampaignId(0)));
    assert_eq!(campaign_hash(&changed, CampaignId(1)), campaign_hash(&program, CampaignId(1)));
}

#[test]
fn a_campaign_does_not_change_with_what_it_does_not_name() {
    let program = rich_program();
    let mut grown = rich_project();
    grown.lists.insert(0, ListDef { name: "new".into(), was: None });
    grown.segments.insert(0, campc::semantic::hir::Segment { name: "none".into(), ..grown.segments[0].clone() });
    let grown = lowered(&grown);
    assert_ne!(program_hash(&grown), program_hash(&program));
    for campaign in [CampaignId(0), CampaignId(1)] {
        assert_eq!(campaign_hash(&grown, campaign), campaign_hash(&program, campaign));
    }
}
