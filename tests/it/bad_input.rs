//! Whatever is sent, the answer is a refusal that says why. Spoilt requests are made from the published document, so that a
//! new operation is tried without anybody thinking of it.

use serde_json::{Value, json};
use tenant::{Role, Standing};
use tests::{Http, Reply, Shop, TestApp, fresh};

use crate::document::{Document, Field};
use crate::probes::{Door, Probe, SETUP, Things, without_limits};

/// What is taken although it is odd, each with its reason. An entry that is not needed any more fails the story.
const TAKEN: [(&str, &str, &str); 31] = [
    ("GET /v1/audit-log", "query", "words to search for are looked for as they are, and not found"),
    ("GET /v1/contacts", "query", "words to search for are looked for as they are, and not found"),
    ("GET /v1/scim/v2/Groups", "attributes", "only members are left out of a team, and only when that is asked for"),
    ("GET /v1/scim/v2/Groups", "excludedAttributes", "the same"),
    ("GET /v1/scim/v2/Groups/{id}", "attributes", "the same"),
    ("GET /v1/scim/v2/Groups/{id}", "excludedAttributes", "the same"),
    ("GET /v1/scim/v2/Users", "attributes", "people are told whole, whatever is asked of them"),
    ("GET /v1/scim/v2/Users", "excludedAttributes", "the same"),
    ("POST /v1/conversations/{id}/read", "/seq", "a place beyond the end is the end, one before the start the start"),
    ("POST /v1/widget/conversations/{id}/read", "/seq", "the same for the visitor"),
    ("POST /v1/widget/conversations/{id}/delivered", "/seq", "the same for what the browser has received"),
    ("POST /v1/widget/messages", "/page/url", "a page's address is cleaned and cut; a message is worth more"),
    ("POST /v1/widget/messages", "/page/title", "the same"),
    ("POST /v1/widget/messages", "/page/referrer", "the same"),
    ("POST /v1/widget/messages", "/start/page/url", "the same"),
    ("POST /v1/widget/messages", "/start/page/title", "the same"),
    ("POST /v1/widget/messages", "/start/page/referrer", "the same"),
    ("POST /v1/routing-rules/test", "/start/page/url", "the same"),
    ("POST /v1/routing-rules/test", "/start/page/title", "the same"),
    ("POST /v1/routing-rules/test", "/start/page/referrer", "the same"),
    ("POST /v1/widget/session", "/page/url", "the same"),
    ("POST /v1/widget/session", "/page/title", "the same"),
    ("POST /v1/widget/session", "/page/referrer", "the same"),
    ("POST /v1/widget/session", "/locale", "a browser's word for its language is cleaned and cut"),
    ("POST /v1/widget/session", "/secret", "an unknown secret makes a new visitor, whatever it is made of"),
    ("POST /v1/widget/identify", "/page/url", "as with a session"),
    ("POST /v1/widget/identify", "/page/title", "the same"),
    ("POST /v1/widget/identify", "/page/referrer", "the same"),
    ("POST /v1/widget/identify", "/locale", "the same"),
    ("POST /v1/widget/identify", "/secret", "an unknown secret brings nothing along"),
    ("POST /v1/inboxes/{id}/identity/check", "/token", "what is wrong with a token is the answer"),
];

/// Operations that let fields pass which they do not know, each with its reason.
const WIDE: [(&str, &str); 6] = [
    ("POST /v1/scim/v2/Users", "directories send more than anybody keeps, and the standard asks to let it pass"),
    ("PUT /v1/scim/v2/Users/{id}", "the same"),
    ("PATCH /v1/scim/v2/Users/{id}", "the same"),
    ("POST /v1/scim/v2/Groups", "the same"),
    ("PUT /v1/scim/v2/Groups/{id}", "the same"),
    ("PATCH /v1/scim/v2/Groups/{id}", "the same"),
];

/// What must come back.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// This status and code.
    Is(u16, &'static str),
    /// One of these statuses.
    OneOf(&'static [u16]),
    /// A refusal that names the request's fault; not for being too many or not allowed.
    Refused,
}

struct Spoilt {
    what: String,
    /// The field at fault, where it is one.
    field: String,
    body: Vec<u8>,
    kind: &'static str,
    answer: Answer,
}

impl Spoilt {
    fn body(what: impl Into<String>, body: impl Into<Vec<u8>>, answer: Answer) -> Self {
        Self { what: what.into(), field: String::new(), body: body.into(), kind: "application/json", answer }
    }

    fn field(what: &str, field: &Field, body: String, answer: Answer) -> Self {
        let what = format!("{what} in {}", field.pointer);
        Self { field: field.pointer.clone(), ..Self::body(what, body, answer) }
    }
}

/// The good body with one field as something else; written by hand, as JSON has no word for much of what is sent here.
fn with(good: &Value, pointer: &str, raw: &str) -> String {
    const HOLE: &str = "\"here it goes\"";
    let mut body = good.clone();
    let (above, name) = pointer.rsplit_once('/').unwrap();
    if body.pointer(above).is_none_or(|value| !value.is_object()) {
        // An object that the good body leaves out.
        let (top, inner) = above.rsplit_once('/').unwrap();
        body.pointer_mut(top).unwrap()[inner] = json!({});
    }
    body.pointer_mut(above).unwrap()[name] = json!("here it goes");
    body.to_string().replacen(HOLE, raw, 1)
}

fn without(good: &Value, pointer: &str) -> String {
    let mut body = good.clone();
    let (above, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(above).and_then(Value::as_object_mut).unwrap().remove(name);
    body.to_string()
}

const FIELDS: Answer = Answer::Is(422, "body_fields_invalid");
const NOT_JSON: Answer = Answer::Is(400, "body_not_json");
/// JSON or not: whichever is found out first.
const EITHER: Answer = Answer::OneOf(&[400, 422]);
const DEEP: usize = 10_000;

/// Every bad body for an operation, made from a good one.
fn bad_bodies(document: &Document, operation: &str, good: &Value) -> Vec<Spoilt> {
    let mut all = bad_wholes(good);
    if WIDE.iter().any(|(wide, _)| *wide == operation) {
        all.retain(|spoilt| spoilt.what != "an unknown field");
    }
    for field in document.fields(operation) {
        spoil(&field, good, &mut all);
    }
    all
}

/// Bodies that are wrong as a whole.
fn bad_wholes(good: &Value) -> Vec<Spoilt> {
    let surprise = with(good, "/surprise", "1");
    let text = good.to_string();
    let values: Vec<Value> = good.as_object().unwrap().values().cloned().collect();
    let large = with(good, "/surprise", &format!("\"{}\"", "x".repeat(129 * 1024)));
    let arrays = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let objects = format!("{}1{}", "{\"a\":".repeat(DEEP), "}".repeat(DEEP));
    let mut all = vec![
        Spoilt::body("an unknown field", surprise, FIELDS),
        Spoilt::body("an array of the values", json!(values).to_string(), FIELDS),
        Spoilt::body("an empty array", "[]", FIELDS),
        Spoilt::body("null", "null", FIELDS),
        Spoilt::body("nothing", "", NOT_JSON),
        Spoilt::body("a half", &text.as_bytes()[..text.len() / 2], NOT_JSON),
        Spoilt::body("more after the end", format!("{text} {text}"), NOT_JSON),
        Spoilt::body("NUL bytes", vec![0; 64], NOT_JSON),
        Spoilt::body("no text at all", vec![0xff, 0xfe, 0x80], NOT_JSON),
        Spoilt::body("129 KiB", large, Answer::Is(413, "body_too_large")),
        Spoilt::body("deep arrays", arrays, EITHER),
        Spoilt::body("deep objects", objects, EITHER),
    ];
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"]
    {
        let answer = Answer::Is(415, "content_type_not_json");
        all.push(Spoilt { kind, ..Spoilt::body(format!("sent as {kind}"), text.clone(), answer) });
    }
    all
}

/// Bodies in which one field is wrong.
fn spoil(field: &Field, good: &Value, all: &mut Vec<Spoilt>) {
    let mut put = |what: &str, raw: &str, answer: Answer| {
        all.push(Spoilt::field(what, field, with(good, &field.pointer, raw), answer));
    };
    // Free attributes take any JSON as a type; what may be in them is a rule, not a type.
    let is_any_object =
        field.is("object") && field.schema["properties"].is_null() && field.schema["additionalProperties"].is_null();
    let wrong = if is_any_object { Answer::Is(422, "validation_failed") } else { FIELDS };
    for (kind, raw) in [
        ("string", "\"\\u4e0d words\""),
        ("integer", "7"),
        ("boolean", "true"),
        ("array", "[7]"),
        ("object", "{\"a\":[{}]}"),
    ] {
        let is_free = kind != "string" || field.is_free_text();
        if is_any_object || !(field.is(kind) && is_free) {
            put(&format!("the wrong type ({kind})"), raw, wrong);
        }
    }
    if !field.nullable && !is_any_object && field.required {
        put("null", "null", FIELDS);
    }
    put("a deep value", &format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP)), EITHER);
    put("a number without end", "1e400", EITHER);
    put("half a surrogate pair", "\"\\ud83d\"", NOT_JSON);
    put("the wrong surrogates", "\"\\udc00\\ud800\"", NOT_JSON);
    if field.is("integer") {
        for number in ["9223372036854775807", "-1", "-9223372036854775808"] {
            put("a number out of bounds", number, Answer::Refused);
        }
        put("a fraction", "1.5", FIELDS);
        put("a number too large for any", "92233720368547758080", FIELDS);
    }
    if field.is("string") {
        put("NUL", "\"a\\u0000b\"", Answer::Refused);
        put("a control character", "\"a\\u001bb\"", Answer::Refused);
        put("100,000 characters", &format!("\"{}\"", "x".repeat(100_000)), Answer::Refused);
    }
    if field.is("array") {
        put("NUL in a list", "[\"a\\u0000b\"]", Answer::Refused);
        put("a long list", &format!("[{}\"x\"]", "\"x\",".repeat(20_000)), Answer::Refused);
    }
    if is_any_object {
        put("NUL in a value", "{\"a\":\"\\u0000\"}", wrong);
        put("NUL in a name", "{\"a\\u0000\":1}", wrong);
    }
    let mut bytes = with(good, &field.pointer, "\"a?b\"").into_bytes();
    let place = bytes.windows(5).position(|window| window == b"\"a?b\"").unwrap();
    bytes[place + 2] = 0xff;
    all.push(Spoilt::body(format!("a byte that is no text in {}", field.pointer), bytes, NOT_JSON));
    if field.required && good.pointer(&field.pointer).is_some() {
        let body = without(good, &field.pointer);
        all.push(Spoilt::field("a missing field", field, body, FIELDS));
    }
}

/// Checks answers and collects what is wrong, so that one run tells of everything.
#[derive(Default)]
struct Judge {
    wrong: Vec<String>,
    taken: Vec<(String, String)>,
    tried: usize,
}

impl Judge {
    fn look(&mut self, operation: &str, what: &str, field: &str, reply: &Reply, answer: Answer) {
        self.tried += 1;
        let text: String = reply.text.chars().take(300).collect();
        let told = format!("{operation}: {what}: {} {text}", reply.status);
        if (200..300).contains(&reply.status) {
            if TAKEN.iter().any(|(by, taken, _)| *by == operation && *taken == field) {
                self.taken.push((operation.to_owned(), field.to_owned()));
            } else {
                self.wrong.push(told);
            }
            return;
        }
        let fits = match answer {
            Answer::Is(status, code) => (reply.status, reply.code().as_str()) == (status, code),
            Answer::OneOf(statuses) => statuses.contains(&reply.status),
            Answer::Refused => [400, 401, 404, 409, 413, 422].contains(&reply.status),
        };
        if !fits || !reply.is_told_as_a_problem() {
            self.wrong.push(told);
        }
    }

    fn verdict(self, fields: bool, at_least: usize) {
        assert!(self.wrong.is_empty(), "{} of {} answers:\n{}", self.wrong.len(), self.tried, self.wrong.join("\n"));
        for (operation, field, reason) in TAKEN.iter().filter(|(_, field, _)| field.starts_with('/') == fields) {
            let seen = self.taken.iter().any(|(by, taken)| by == operation && taken == field);
            assert!(seen, "{operation} {field} is not taken any more ({reason}): take it off the list");
        }
        assert!(self.tried >= at_least, "only {} were tried", self.tried);
    }
}

fn caller<'a>(shop: &'a Shop, things: &'a Things, nobody: &'a Http, probe: &Probe) -> &'a Http {
    match probe.door {
        Door::Public => nobody,
        Door::Member => &shop.owner.http,
        Door::Visitor => &things.visitor.http,
    }
}

/// What the refused requests would have changed.
async fn written(shop: &Shop, things: &Things) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["/v1/account", "/v1/agents", "/v1/api-keys", "/v1/inboxes", "/v1/invitations"].iter().chain(&SETUP) {
        all.push(shop.owner.http.get(path).await.ok());
    }
    let contact = shop.owner.http.get(&format!("/v1/contacts/{}", things.visitor.id)).await.ok();
    all.push(json!([contact["name"], contact["email"], contact["phone"], contact["attributes"]]));
    // A message that is taken in spite of an odd page reopens the conversation; nothing else of it may change.
    let conversation = shop.owner.reads(&things.chat).await;
    all.push(json!([conversation["assignee_id"], conversation["priority"], conversation["survey"]["rating"]]));
    all
}

/// Probes whose links are real ones: with an unknown secret, nothing else would be looked at.
async fn probes(shop: &Shop, things: &Things) -> Vec<Probe> {
    let tenant = shop.tenant().await;
    let (by, email) = (shop.owner.id.parse().unwrap(), format!("{}@mail.test", fresh().simple()));
    let invited = tenant::invitation::invite(
        &tenant.world,
        &tenant.account,
        by,
        "Olive",
        &email,
        Standing::built_in(Role::Agent),
    )
    .await;
    let secret = invited.unwrap().1;
    let mut all = things.probes();
    for probe in all.iter_mut().filter(|probe| probe.path.contains("by-token")) {
        probe.path = probe.path.replace("nobody-has-this", &secret);
    }
    all
}

#[tokio::test]
async fn no_body_is_bad_enough_to_break_anything() {
    // From many houses: the doors of strangers count by the house.
    let app = TestApp::start_with(1, |settings| settings.trusted_proxies = 1).await;
    let shop = app.shop("Tea").await;
    without_limits(&shop).await;
    let things = Things::of(&shop).await;
    let (document, nobody) = (Document::read(), shop.stranger());
    let mut judge = Judge::default();
    let all = probes(&shop, &things).await;
    // Somebody has said how much it matters: a rule that applies when it is reopened changes nothing of that.
    let priority = format!("/v1/conversations/{}/priority", things.chat);
    shop.owner.http.put(&priority, json!({ "priority": "low" })).await.ok();
    let before = written(&shop, &things).await;
    let mut houses = 0_u32;

    for probe in all.iter().filter(|probe| document.has_body(&probe.operation)) {
        let good = probe.body.as_ref().unwrap();
        let http = caller(&shop, &things, &nobody, probe);
        for spoilt in bad_bodies(&document, &probe.operation, good) {
            houses += 1;
            let house = format!("10.{}.{}.7", houses / 256, houses % 256);
            let headers = [("content-type", spoilt.kind), ("x-forwarded-for", &*house)];
            let reply = http.raw(&probe.method, &probe.path, spoilt.body, &headers).await;
            judge.look(&probe.operation, &spoilt.what, &spoilt.field, &reply, spoilt.answer);
        }
    }

    judge.verdict(true, 1000);
    assert_eq!(written(&shop, &things).await, before, "what was refused changed nothing");
    for probe in probes(&shop, &things).await {
        let reply = probe.send(caller(&shop, &things, &nobody, &probe)).await;
        assert!(reply.status < 500, "{} after it all: {} {}", probe.operation, reply.status, reply.text);
    }
    let bea = shop.visitor("Bea").await;
    bea.writes("Still there?").await;
}

/// Bad values of a query parameter.
fn bad_values(name: &str, schema: &Value) -> Vec<String> {
    let long = "9".repeat(10_000);
    let named: &[&str] = match name {
        "limit" => &["0", "101", "-1", "abc", "18446744073709551616", "1.5", "", "%00"],
        "after_seq" | "before_seq" | "after_version" => &["abc", "9223372036854775808", "1.5", "", "%00", "1e3"],
        "wait_seconds" => &["26", "-1", "abc", "18446744073709551616", "1.5", "", "%00"],
        "from" | "to" => &["yesterday", "2026-13-01T00:00:00Z", "2026-10-01", "-1", "", "%00", "%ff"],
        "cursor" => &[
            "x",
            "1-1",
            "",
            "%00",
            "%ff",
            "1-01h455vb4pex5vsknk084sn02q%00",
            "9223372036854775807-01h455vb4pex5vsknk084sn02q",
        ],
        "period" => &["2026-13", "2026-00", "2026-1", "abcd-ef", "", "%00", "9999-01", "%2b026-01", "2026-01-01"],
        "assignee" => &["somebody", "", "%00", "agent_x", "conv_01h455vb4pex5vsknk084sn02q"],
        "days" => &["0", "-1", "366", "99999999999999999999", "30.5", "many", "", "%00"],
        "filter" => &["nonsense", "%00", "userName%20ne%20%22a%22", "userName%20eq%20%22%00%22", ""],
        "attributes" | "excludedAttributes" => &["%00", "%ff"],
        "startIndex" | "count" => &["-1", "abc", "18446744073709551616", "1.5", "%00"],
        "key" => &["", "ik_", "ik_%00", "%00", "ik_zzzzzzzzzzzzzzzz", "%ff"],
        "query" => &["%00", "%25%5c_", "%ff"],
        "actor_id" | "action" | "target" => &["", "%00", "%25%5c_", "%ff", "agent%20updated", "AGENT"],
        "link" => &["x", "", "%00", "%ff", "a.b.c"],
        "preview" | "even_if_full" => &["maybe", "2", "", "%00"],
        _ if schema["enum"].is_array() || schema["pattern"].is_string() => {
            &["nonsense", "", "%00", "conv_01H455VB4PEX5VSKNK084SN02Q", "%ff", "acct_01h455vb4pex5vsknk084sn02q"]
        }
        _ => panic!("the parameter `{name}` is not known: say here what a bad one looks like"),
    };
    named.iter().map(|value| (*value).to_owned()).chain([long]).collect()
}

#[tokio::test]
async fn no_address_is_bad_enough_to_break_anything() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let things = Things::of(&shop).await;
    let (document, nobody) = (Document::read(), shop.stranger());
    let mut judge = Judge::default();
    let before = written(&shop, &things).await;

    for probe in things.probes() {
        let http = caller(&shop, &things, &nobody, &probe);
        let operation = &probe.operation;
        let parameters = document.query(operation);
        let verb = operation.split(' ').next().unwrap();
        let ask = async |path: String| http.send(verb, &path, None, &[]).await;
        let bare = probe.path.split('?').next().unwrap();
        // What must be there stays, beside the bad one.
        let and = if probe.path.contains('?') { format!("{}&", probe.path) } else { format!("{bare}?") };
        if !parameters.is_empty() {
            for bad in ["surprise=1", "limit[]=1", "%00=1", "%ff"] {
                let reply = ask(format!("{and}{bad}")).await;
                judge.look(operation, bad, "", &reply, Answer::Is(422, "query_invalid"));
            }
        }
        for (name, schema) in &parameters {
            let twice = ask(format!("{bare}?{name}=1&{name}=1")).await;
            judge.look(operation, &format!("{name} twice"), "", &twice, Answer::Is(422, "query_invalid"));
            for bad in bad_values(name, schema) {
                let reply = ask(format!("{bare}?{name}={bad}")).await;
                judge.look(operation, &format!("{name}={bad:.80}"), name, &reply, Answer::OneOf(&[404, 422]));
            }
        }
        judge_ids(&mut judge, &probe, http).await;
    }

    assert_eq!(written(&shop, &things).await, before);
    judge.verdict(false, 400);
}

/// The operation with bad ids in its path.
async fn judge_ids(judge: &mut Judge, probe: &Probe, http: &Http) {
    let long = "a".repeat(10 * 1024);
    let bad = [
        "nonsense",
        "%00",
        "conv_%00",
        "..%2f..%2faccount",
        "%ff%fe",
        "'%20or%20'1'='1",
        "conv_01H455VB4PEX5VSKNK084SN02Q",
        "conv_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "acct_01h455vb4pex5vsknk084sn02q",
        &long,
    ];
    let (_, template) = probe.operation.split_once(' ').unwrap();
    let Some((head, rest)) = template.split_once('{') else { return };
    let tail = rest.split_once('}').unwrap().1;
    for id in bad {
        let path = format!("{head}{id}{tail}");
        let reply = http.send(&probe.method, &path, probe.body.clone(), &[]).await;
        judge.look(&probe.operation, &format!("{id:.40} in the path"), "", &reply, Answer::OneOf(&[404]));
    }
}

#[tokio::test]
async fn what_no_operation_has_is_refused_in_the_same_words() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    for path in
        ["/v1/", "/v1/nothing", "/v1/accounts", "/v1/account/", "/v1/..%2faccount", "/v1/conversations//messages"]
    {
        http.get(path).await.refused(404, "not_found");
    }
    http.post("/v1/account", json!({})).await.refused(405, "method_not_allowed");
    for method in ["DELETE", "OPTIONS", "TRACE", "BREW"] {
        http.send(method, "/v1/agents", None, &[]).await.refused(405, "method_not_allowed");
    }
    let allowed = http.send("BREW", "/v1/agents", None, &[]).await;
    assert_eq!(allowed.header("allow"), Some("GET,HEAD"));
    assert!([400, 426].contains(&http.get("/v1/realtime").await.status));
    http.get("/v1/realtime").await.is_a_problem();

    // A request id of the caller's own is kept when it is one, and replaced when it could forge a log line.
    let given = http.send("GET", "/v1/nothing", None, &[("x-request-id", "order-4711-abc")]).await;
    assert_eq!(given.json()["request_id"], "order-4711-abc");
    for id in ["short", "with space and more", "<script>alert(1)</script>", &"x".repeat(65)] {
        let given = http.send("GET", "/v1/nothing", None, &[("x-request-id", id)]).await;
        assert_ne!(given.json()["request_id"], id);
        given.is_a_problem();
    }
    let nobody = shop.stranger();
    for token in ["", " ", "x", "Bearer", &"x".repeat(10_000), "eyJhbGciOiJub25lIn0.e30."] {
        let header = format!("Bearer {token}");
        nobody.send("GET", "/v1/account", None, &[("authorization", &header)]).await.refused(401, "token_invalid");
    }
}
