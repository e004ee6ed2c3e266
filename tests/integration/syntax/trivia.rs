//! Comments, doc comments, strings and their way back to the source.

use super::{parse, tree};
use campc::syntax::ast::{Decl, Item, SendContent, StepKind, TemplateKind, Text};

#[test]
fn doc_comments_belong_to_what_follows() {
    let text = "/// A campaign\n/// of two lines\n// plain\ncampaign c {\n  /// starts it\n  when enrolled\n  /// greets\n  email welcome\n  if a then /// odd\n    stop\n  /// before the brace\n}\ncontact {\n  /// what they pay\n  plan: text\n}";
    let parsed = parse(text);
    assert!(parsed.findings.is_empty());
    let [Decl::Campaign(campaign), Decl::Contact(contact)] = &parsed.tree.decls[..] else { panic!() };
    assert_eq!(&*campaign.doc.as_ref().unwrap().text, "A campaign\nof two lines");
    let docs = campaign.items.iter().map(|item| match item {
        Item::Header(header) => header.doc.clone(),
        Item::Step(step) => step.doc.clone(),
        Item::Error(_) => None,
    });
    let docs: Vec<_> = docs.map(|d| d.map(|d| d.text.to_string())).collect();
    assert_eq!(docs, [Some("starts it".to_string()), Some("greets".to_string()), None]);
    assert_eq!(&*contact.schema.fields[0].doc.as_ref().unwrap().text, "what they pay");
    assert_eq!(parsed.tree.comments.len(), 8);
    assert!(parsed.tree.comments[2].is_own_line && !parsed.tree.comments[2].is_doc);
    assert!(!parsed.tree.comments[5].is_own_line);
}

fn sms(text: &str) -> Text {
    let parsed = parse(&format!("campaign c {{ sms {text} }}"));
    assert!(parsed.findings.is_empty(), "{:?}", parsed.findings);
    let Decl::Campaign(campaign) = &parsed.tree.decls[0] else { panic!() };
    let Item::Step(step) = &campaign.items[0] else { panic!() };
    let StepKind::Send(send) = &step.kind else { panic!() };
    let SendContent::Text(text) = &send.content else { panic!() };
    text.clone()
}

/// The source text under a part of a text's value.
fn source_of(literal: &str, part: &str) -> String {
    let text = sms(literal);
    let source = format!("campaign c {{ sms {literal} }}");
    let at = text.value.find(part).unwrap();
    source.get(text.span_of(at..at + part.len()).range()).unwrap().to_string()
}

#[test]
fn a_text_knows_its_value_and_its_source() {
    assert_eq!(&*sms(r#""a \" b \\ \u{1F600} \t""#).value, "a \" b \\ \u{1F600} \t");
    assert_eq!(source_of(r#""é \" {{ x }} \\ {{ y }}""#, "{{ y }}"), "{{ y }}");
    assert_eq!(source_of(r#""a \u{1F600} b""#, " b"), " b");
    assert_eq!(source_of(r#""a \u{1F600} b""#, "\u{1F600}"), r"\u{1F600}");
    let block = "\"\"\"\n    One {{ a }}\n      two\n\n    three {{ b }}\n    \"\"\"";
    assert_eq!(&*sms(block).value, "One {{ a }}\n  two\n\nthree {{ b }}\n");
    assert_eq!(source_of(block, "{{ b }}"), "{{ b }}");
    assert_eq!(source_of(block, "  two"), "  two");
    assert_eq!(&*sms("\"\"\"a \" b\"\"\"").value, "a \" b");
    assert_eq!(&*sms("\"\"").value, "");
    assert_eq!(&*sms("\"\"\"\"\"\"").value, "");
}

#[test]
fn template_regions_are_known() {
    let text = sms(r#""Hi {{ contact.first_name | default('{') }}, {% if a %}b{% endif %}{# c #} {d}""#);
    let kinds: Vec<_> = text.segments.iter().map(|s| s.kind).collect();
    use TemplateKind::{Comment, Expression, Literal, Statement};
    assert_eq!(kinds, [Literal, Expression, Literal, Statement, Literal, Statement, Comment, Literal]);
    assert!(sms("\"no { template }\"").segments.is_empty());
}

#[test]
fn a_byte_order_mark_is_no_matter() {
    tree("\u{feff}segment s = a");
}
