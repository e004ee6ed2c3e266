//! Predicates that are written in words.

use super::Entry;

const fn entry(word: &'static str, signature: &'static str, doc: &'static str, example: &'static str) -> Entry {
    Entry { word, signature, doc, example }
}

/// Every predicate that is written in words.
pub const PREDICATES: &[Entry] = &[
    entry("has tag", "has tag \"x\"", "The contact carries the tag.", "has tag \"vip\""),
    entry("in segment", "in segment X", "The contact is in the segment now.", "in segment hot"),
    entry("in list", "in list X", "The contact is on the static list.", "in list newsletter"),
    entry("in campaign", "in campaign X", "An enrollment of the campaign is active.", "not in campaign \"Welcome\""),
    entry("finished campaign", "finished campaign X", "An enrollment of the campaign has ended in any way.", "finished campaign \"Welcome\""),
    entry("subscribed to", "subscribed to TOPIC", "The topic would let a message pass.", "subscribed to news"),
    entry("is set", "FIELD is [not] set", "The field has a value.", "phone is set"),
    entry("is empty", "FIELD is [not] empty", "The text or list is empty, or unset.", "interests is empty"),
    entry("is today", "DATE is today", "The anniversary of the date is today, in the contact's zone.", "birthday is today"),
    entry("contains", "A contains B [ignoring case]", "The text holds the other, or the list holds the text.", "first_name contains \"ana\" ignoring case"),
    entry("starts with", "A starts with B [ignoring case]", "The text begins with the other.", "country starts with \"Ca\""),
    entry("ends with", "A ends with B [ignoring case]", "The text ends with the other.", "email ends with \"@acme.example\""),
    entry(
        "matches",
        "A matches \"regex\" [ignoring case]",
        "The regular expression is found in the text, in linear time.",
        "email matches \"@acme\\\\.example$\"",
    ),
    entry("between", "A between B and C", "From B to C, both ends included.", "points between 10 and 20"),
];
