// The pixel script: page views and events of a visitor, first party, without third-party cookies.
// <script src="https://YOUR-PUBLIC-URL/camp.js" defer></script>
(function (w, d, n) {
  "use strict";
  var me = d.currentScript;
  var base = me ? new URL(me.src).origin : w.location.origin;
  var GIVEN = "camp_consent";
  var COOKIE = "camp_id";
  var queue = [];
  var timer = 0;
  // The token of the click that led here. It leaves the address, so that a shared link does not make others the contact.
  var here = new URL(w.location.href);
  var ct = here.searchParams.get("ct");
  if (ct && !/^[\w-]{32,}$/.test(ct)) ct = null;
  if (ct) {
    here.searchParams.delete("ct");
    w.history.replaceState(w.history.state, "", here);
  }

  function store(key, value) {
    try {
      if (value === undefined) return w.localStorage.getItem(key);
      if (value === null) w.localStorage.removeItem(key);
      else w.localStorage.setItem(key, value);
    } catch (e) { /* no storage: nothing is remembered */ }
    return null;
  }
  function refuses() {
    if (store(GIVEN) === "yes") return false;
    return store(GIVEN) === "no" || n.doNotTrack === "1" || w.doNotTrack === "1" || n.globalPrivacyControl === true;
  }
  function random() {
    var bytes = new Uint8Array(16);
    w.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join("");
  }
  function cookie(value, age) {
    d.cookie = COOKIE + "=" + value + ";path=/;max-age=" + age + ";samesite=lax" + (w.location.protocol === "https:" ? ";secure" : "");
  }
  function id() {
    var known = d.cookie.match(/(?:^|; )camp_id=([0-9a-f]{32})/);
    var value = known ? known[1] : random();
    if (!known) cookie(value, 31536000);
    return value;
  }
  function flush() {
    timer = 0;
    if (!queue.length) return;
    var body = { batch: queue.splice(0, 50) };
    if (ct) body.ct = ct;
    var text = JSON.stringify(body);
    if (!(n.sendBeacon && n.sendBeacon(base + "/t/e", text))) {
      w.fetch(base + "/t/e", { method: "POST", body: text, keepalive: true, credentials: "omit" }).catch(function () {});
    }
    if (queue.length) flush();
  }
  function send(item) {
    if (refuses()) return;
    item.anonymousId = id();
    item.messageId = "js-" + random();
    item.timestamp = new Date().toISOString();
    item.context = { page: { path: w.location.pathname, url: w.location.href, title: d.title, referrer: d.referrer }, locale: n.language };
    try { item.context.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (e) { /* unknown */ }
    queue.push(item);
    if (!timer) timer = w.setTimeout(flush, 200);
  }

  w.camp = {
    page: function (properties) {
      var own = { path: w.location.pathname, url: w.location.href, title: d.title, referrer: d.referrer };
      send({ type: "page", properties: Object.assign(own, properties) });
    },
    track: function (name, properties) { send({ type: "track", event: name, properties: properties || {} }); },
    identify: function (user, traits) { send({ type: "identify", userId: user || undefined, traits: traits || {} }); },
    consent: function (given) {
      store(GIVEN, given ? "yes" : "no");
      if (!given) cookie("", 0);
    },
    reset: function () { queue = []; cookie("", 0); }
  };
  d.addEventListener("visibilitychange", function () { if (d.visibilityState === "hidden") flush(); });
  w.camp.page();
})(window, document, navigator);
