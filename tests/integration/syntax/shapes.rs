//! What the grammar makes of the constructs that could be read in two ways, and what it refuses.

use super::{parse, tree};

fn has(text: &str, want: &str) {
    let tree = tree(text);
    assert!(tree.contains(want), "{text}\n  {tree}\n  lacks {want}");
}
fn step(text: &str, want: &str) {
    has(&format!("campaign c {{ {text} }}"), want);
}
fn cond(text: &str, want: &str) {
    has(&format!("segment s = {text}"), want);
}
fn test(text: &str, want: &str) {
    has(&format!("test \"t\" {{ {text} }}"), want);
}
/// Two texts that say the same.
fn same(a: &str, b: &str) {
    assert_eq!(tree(a).replace("(Paren ", "("), tree(b).replace("(Paren ", "("), "{a}\n{b}");
}
fn refused(text: &str) {
    assert!(!parse(text).findings.is_empty(), "{text} should not be read");
}

#[test]
fn else_belongs_to_the_nearest_if() {
    same("campaign c { if a then if b then tag \"x\" else tag \"y\" }", "campaign c { if a then if b then tag \"x\" else tag \"y\" }");
    step(
        "if a then if b then stop \"x\" else stop \"y\"",
        "(If (If (Path (Path \"a\" [])) _ (Step (Step _ (If (If (Path (Path \"b\" [])) _ (Step (Step _ (Stop \"x\"))) (Step (Step _ (Stop \"y\"))))))) _))",
    );
}

#[test]
fn conditions_bind_as_one_reads_them() {
    cond("a and b or c", "(Logic (Logic Or [(Logic (Logic And ");
    cond("a or b or c", "(Logic Or [(Path (Path \"a\" [])) (Path (Path \"b\" [])) (Path (Path \"c\" []))])");
    cond("(a and b) or c", "(Logic Or [(Paren (Logic ");
    cond("not a and b", "(Logic And [(Not ");
    cond("not x in (1, 2)", "(Not (OneOf (OneOf (Path (Path \"x\" [])) false");
    cond("x not in (1, 2)", "(OneOf (OneOf (Path (Path \"x\" [])) true");
    cond("x between a and b and c", "(Logic And [(Between ");
    cond("count(visited(\"/p\")) in last 7d >= 3", "(Compare (Compare Ge (InLast (InLast (Call (Call \"count\"");
    cond("created_at < 30d ago", "(Compare Lt (Path (Path \"created_at\" [])) (Ago ");
    cond("d == 2026-12-24 09:00", "(DateTime (DateTime (Date 2026 12 24) (ClockTime 9 0 0)))");
    cond("d == 2026 -12-24", "(Arithmetic (Arithmetic Sub (Arithmetic (Arithmetic Sub (Number 2026.0) (Number 12.0))) (Number 24.0)))");
    cond("avg(purchase(sku == \"x\").amount) in last 90d > 5", "(Property (Property (Call \"purchase\"");
    cond("a == \"x\" ignoring case and b", "(Compare Eq (Path (Path \"a\" [])) (Text \"x\") here)");
    cond("a contains \"x\" ignoring case", "(TextTest Contains");
    cond("a.leadScore > 5 and a.in", "(Path (Path \"a\" [\"in\"]))");
    cond("3 business days ago < x", "(DurationPart 3 BusinessDay)");
    cond("now - 1d12h < x", "[(DurationPart 1 Day) (DurationPart 12 Hour)]");
    cond("x is not set", "(State (State (Path (Path \"x\" [])) Set true))");
    cond("points in group web > 5", "(PointsInGroup (Ref \"web\" false))");
}

#[test]
fn statements_end_where_the_next_begins() {
    step("set a = b points +10", "(Change (Set (Path \"a\" []) (Path (Path \"b\" [])))))) (Step (Step _ (Change (Points (PointDelta Plus (Number 10.0)) _))))");
    step("set email = email email welcome", "(Step (Step _ (Send (Send Email (Named \"welcome\")))))");
    step("wait 1d then until 09:00 email a", "(Until _ (ClockTime 9 0 0) _)");
    step("limit 3 messages per week else skip email x", "(Limit (Limit 3.0 Messages Week Skip))");
    step("exit when purchase stop", "(ExitWhen (Path (Path \"purchase\" []))");
    step("throttle 5000 per day doubling email a", "(Pace 5000.0 Day) here");
    step("if a within 3d as x then stop", "(Step (Ref \"x\" false) (If ");
    step("experiment as \"x\" { variant \"a\" 10% { } winner by goal \"g\" after 4h }", "(Step (Ref \"x\" true) (Experiment ");
    step("timeline a.b again when moved as t { 7d before at 10:00 { } on the day { } 2h after { stop } }", "(Timeline (Timeline (Path \"a\" [\"b\"]) here [");
    step("repeat up to n times every 2d until a as r { }", "(Step (Ref \"r\" false) (Repeat ");
    step("when at 2026-11-27 09:00 for a if b then stop", "(Broadcast (Broadcast (At ");
    step("when at 2026-11-27 09:00 for a if past next day if b then stop", "NextDay");
    step("when segment x including existing 200 per hour or a", "(Including (Pace 200.0 Hour))");
}

#[test]
fn what_was_added_to_the_language_is_read() {
    step("capped skip capped wait capped wait up to 2d", "(Capped (Capped Wait (Literal ");
    step(
        "when subscribed to news or unsubscribed from news or unsubscribed(welcome) or subscribed",
        "(SubscribedTo (Ref \"news\" false)) (UnsubscribedFrom (Ref \"news\" false)) (Event (EventPattern \"unsubscribed\"",
    );
    step("limit 1 message per day limit 1 email per week limit 1 push per month", "(Limit (Limit 1.0 Messages Day _))");
    has("event a from \"A\", \"B b\" { x: text }", "(Event \"a\" [\"A\" \"B b\"]");
    has("policy { throttle 5000 per day doubling }", "(Throttle (Throttle ");
    has("project { consent opt in }", "(Consent In)");
    has("push a { title \"x\" topic news transactional }", "Transactional");
    test(
        "leave campaign x mute for 3d pause campaign x resume campaign x with catch up merge bob into ana erase ana clear device receive sms \"STOP\"",
        "(Merge \"bob\" \"ana\")",
    );
    test("clear device clear contact.device", "ClearDevice");
    test(
        "opened(m) by machine bounced(m) softly purchase { a: 1 } happened 2d ago logged_in happened 1h ago",
        "(TestEvent \"opened\" [(Expr (Path (Path \"m\" [])))] _ ByMachine _)",
    );
    test("ana: receive sms \"STOP\" ana: clear device", "(TestStep \"ana\" ClearDevice)");
    test("given webhook crm answers { status: 500, body: { a: 1 } }", "(GivenWebhook \"crm\"");
    test(
        "expect notify \"a@b\" containing \"x\" expect goal \"x\" of campaign c expect no goal expect refused campaign x because \"y\"",
        "(Goal \"x\" (Ref \"c\" false))",
    );
    test(
        "expect email m to ana at \"new@x.example\" at 2026-12-04 09:00 expect no email",
        "(Message Email (ExpectedSend (Ref \"m\" false) \"ana\" \"new@x.example\" _))",
    );
    test("expect notify == 3 expect goal > 4 expect refused", "(Condition (Compare ");
}

#[test]
fn test_lines_end_where_the_next_begins() {
    test("expect email a purchase { } expect points == 60 purchase expect no email logged_in", "(No Email)");
    test("ana: expect skipped email a because \"x\" bob: opened(a) expect skipped(a) expect skipped message", "(Skipped Email (Ref \"a\" false) \"x\" _)");
    test("submitted(f) { a: 1 } set n = 3 day_event", "(TestEvent \"day_event\" _ _ _ _)");
}

#[test]
fn refused_on_purpose() {
    for text in [
        "when a or every monday at 09:00 for b",
        "{ stop }",
        "wait until a else stop",
        "run x()",
        "email email",
        "goal a = b",
        "quiet hours between 21:00 and 08:00",
    ] {
        refused(&format!("campaign c {{ {text} }}"));
    }
    for text in [
        "points { on a where b > 3 +5 }",
        "points { on a +5 in group x }",
        "policy { quiet hours 21:00 to 08:00 }",
        "segment = a",
        "segment s = segment x",
        "form \"x\" { }",
        "segment s = a < 3 ignoring case",
    ] {
        refused(text);
    }
}
