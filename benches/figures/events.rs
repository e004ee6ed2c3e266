//! The bodies of requests: events of ordinary shape and size, as the common libraries send them.

use campc::lang::Instant;
use std::fmt::Write as _;

/// A `track` event of about 500 bytes. What the names do stands in `source`.
pub fn track(into: &mut String, name: &str, user: usize, message: &str) {
    let _ = write!(
        into,
        r#"{{"type":"track","event":"{name}","userId":"user-{user}","messageId":"{message}","properties":{{"sku":"CAMP-{sku:05}","amount":{amount}.5,"currency":"CAD","coupon":"SPRING","source":"checkout"}},"context":{{"traits":{{"email":"user{user}@example.com"}},"page":{{"path":"/orders/{user}","url":"https://acme.example/orders/{user}","title":"Your order"}},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","locale":"en-CA","timezone":"America/Toronto"}}}}"#,
        sku = user % 9973,
        amount = 10 + user % 90,
    );
}

/// An `identify` of a user with an address, and an instant of their own where there is one.
pub fn identify(into: &mut String, user: usize, due: Option<i64>) {
    let due = due.map(|at| format!(r#","due_at":"{}""#, Instant(at).to_rfc3339())).unwrap_or_default();
    let _ = write!(
        into,
        r#"{{"type":"identify","userId":"user-{user}","messageId":"identify-{user}","traits":{{"email":"user{user}@example.com","first_name":"Ana","plan":"pro"{due}}}}}"#
    );
}

/// A body for `/v1/batch` of so many events, each written by `one`.
pub fn batch(count: usize, mut one: impl FnMut(&mut String, usize)) -> Vec<u8> {
    let mut body = String::with_capacity(count * 600 + 16);
    body.push_str(r#"{"batch":["#);
    for index in 0..count {
        if index > 0 {
            body.push(',');
        }
        one(&mut body, index);
    }
    body.push_str("]}");
    body.into_bytes()
}
