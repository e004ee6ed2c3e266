//! The table of routes: each with its method and who may call it. The tests hold it to the router, and ask each route with each kind of key.

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Everybody: links in messages carry signed tokens, and machines that watch need no key.
    Open,
    /// Who has a write key.
    Writer,
    /// Who has an admin token.
    Admin,
}

/// A route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path as the router writes it, with names in braces.
    pub path: &'static str,
    /// Who may call it.
    pub guard: Guard,
}

const fn open(method: &'static str, path: &'static str) -> Route {
    Route { method, path, guard: Guard::Open }
}

const fn writer(path: &'static str) -> Route {
    Route { method: "POST", path, guard: Guard::Writer }
}

const fn admin(method: &'static str, path: &'static str) -> Route {
    Route { method, path, guard: Guard::Admin }
}

/// All routes. HEAD goes wherever GET does, and what browsers call answers OPTIONS.
pub const ROUTES: &[Route] = &[
    open("GET", "/t/o/{file}"),
    open("GET", "/t/c/{token}"),
    open("GET", "/u/{token}"),
    open("POST", "/u/{token}"),
    open("GET", "/p/{token}"),
    open("POST", "/p/{token}"),
    open("GET", "/v/{token}"),
    open("GET", "/camp.js"),
    open("POST", "/t/e"),
    open("GET", "/healthz"),
    open("GET", "/readyz"),
    open("GET", "/metrics"),
    writer("/v1/identify"),
    writer("/v1/i"),
    writer("/api/public/apps/identify"),
    writer("/v1/track"),
    writer("/v1/t"),
    writer("/api/public/apps/track"),
    writer("/v1/page"),
    writer("/v1/p"),
    writer("/api/public/apps/page"),
    writer("/v1/screen"),
    writer("/v1/s"),
    writer("/api/public/apps/screen"),
    writer("/v1/group"),
    writer("/v1/g"),
    writer("/api/public/apps/group"),
    writer("/v1/alias"),
    writer("/v1/a"),
    writer("/api/public/apps/alias"),
    writer("/v1/batch"),
    writer("/v1/b"),
    writer("/v1/m"),
    writer("/api/public/apps/batch"),
    admin("GET", "/v1/contacts"),
    admin("GET", "/v1/contacts/{id}"),
    admin("PUT", "/v1/contacts/{id}"),
    admin("DELETE", "/v1/contacts/{id}"),
    admin("GET", "/v1/contacts/{id}/journal"),
    admin("GET", "/v1/contacts/{id}/now"),
    admin("GET", "/v1/contacts/{id}/export"),
    admin("POST", "/v1/contacts/{id}/release"),
    admin("POST", "/v1/contacts/{id}/end"),
    admin("POST", "/v1/contacts/import"),
    admin("GET", "/v1/contacts/export"),
    admin("GET", "/v1/campaigns"),
    admin("GET", "/v1/campaigns/{name}"),
    admin("POST", "/v1/campaigns/{name}/pause"),
    admin("POST", "/v1/campaigns/{name}/resume"),
    admin("POST", "/v1/campaigns/{name}/enroll"),
    admin("GET", "/v1/outbox"),
    admin("POST", "/v1/outbox/retry"),
    admin("GET", "/v1/outbox/{id}"),
    admin("POST", "/v1/outbox/{id}/retry"),
    admin("POST", "/v1/outbox/{id}/drop"),
    admin("GET", "/v1/quarantine"),
    admin("POST", "/v1/quarantine/{id}/retry"),
    admin("POST", "/v1/quarantine/{id}/drop"),
    admin("GET", "/v1/segments"),
    admin("GET", "/v1/segments/{name}/contacts"),
    admin("PUT", "/v1/segments/{name}/contacts/{id}"),
    admin("DELETE", "/v1/segments/{name}/contacts/{id}"),
    admin("GET", "/v1/messages"),
    admin("GET", "/v1/suppressions"),
    admin("POST", "/v1/suppressions"),
    admin("DELETE", "/v1/suppressions/{address}"),
    admin("GET", "/v1/clock"),
    admin("POST", "/v1/clock/advance"),
    admin("POST", "/v1/idle"),
    admin("GET", "/v1/status"),
    admin("POST", "/v1/plan"),
    admin("POST", "/v1/deploy"),
    admin("POST", "/v1/roll-back"),
    admin("POST", "/v1/roll-over"),
    admin("GET", "/v1/roll-over"),
    admin("GET", "/v1/events/stream"),
];
