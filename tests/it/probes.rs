//! One good request for every published operation. What is good here is tried by the wrong people in `isolation`, by every
//! role in `roles`, and spoilt in `bad_input`. A new operation without a probe fails all three.

use serde_json::{Value, json};
use tenant::Role;
use tests::{Agent, Http, PASSWORD, Shop, Visitor, fresh};

use crate::billing_probes;
use crate::group_probes::Group;
use crate::identity_probes::Vouching;
use crate::safety_probes::Safety;
use crate::setup_probes::SetUp;
use crate::sign_in_probes::SignIn;

/// The lists of what is set up for routing.
pub(crate) const SETUP: [&str; 8] = [
    "/v1/assignment-policies",
    "/v1/brands",
    "/v1/business-hours",
    "/v1/queue/thresholds",
    "/v1/routing-rules",
    "/v1/skills",
    "/v1/teams",
    "/v1/waiting-content",
];

/// The time of a schedule.
const WEEK: &str = "from=2026-10-01T00:00:00Z&to=2026-10-08T00:00:00Z";

/// Who an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Anyone: it takes no token, or is about getting one.
    Public,
    /// Members and API keys.
    Member,
    /// Visitors.
    Visitor,
}

/// A good request.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    /// As in the document: `PUT /v1/conversations/{id}/status`.
    pub(crate) operation: String,
    pub(crate) method: String,
    /// With ids filled in.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    pub(crate) door: Door,
    /// Whether it names something that a company owns.
    pub(crate) names_a_thing: bool,
}

impl Probe {
    pub(crate) async fn send(&self, http: &Http) -> tests::Reply {
        http.send(&self.method, &self.path, self.body.clone(), &[]).await
    }

    /// The same request in a stranger's own words: only ids are the company's.
    pub(crate) fn in_other_words(&self, canary: &str) -> Self {
        let body = self.body.as_ref().map(|body| body.to_string().replace(canary, "mine"));
        Self { body: body.map(|body| serde_json::from_str(&body).unwrap()), ..self.clone() }
    }
}

/// What a company has that somebody might ask for.
pub(crate) struct Things {
    pub(crate) visitor: Visitor,
    pub(crate) colleague: Agent,
    pub(crate) chat: String,
    account: String,
    key: String,
    inbox: String,
    invitation: String,
    api_key: String,
    invoice: String,
    kept_key: String,
    role: String,
    spare_role: String,
    setup: SetUp,
    group: Group,
    vouching: Vouching,
    exports: Exports,
    safety: Safety,
    /// Somebody to be erased.
    forgotten: Visitor,
    sign_in: SignIn,
    says: Box<dyn Fn(&str) -> String + Send + Sync>,
}

/// What needs neither an id nor a body.
const ASKED_ALONE: [&str; 32] = [
    "GET /v1/account",
    "GET /v1/account/checklist",
    "GET /v1/assignment-policies",
    "GET /v1/brands",
    "GET /v1/business-hours",
    "GET /v1/queue",
    "GET /v1/queue/thresholds",
    "GET /v1/reports/wait-estimates",
    "GET /v1/routing-rules",
    "GET /v1/skills",
    "GET /v1/teams",
    "GET /v1/waiting-content",
    "GET /v1/agents",
    "GET /v1/api-keys",
    "GET /v1/audit-log",
    "GET /v1/audit-log/export",
    "GET /v1/audit-log/integrity",
    "GET /v1/auth/me",
    "GET /v1/contacts",
    "GET /v1/conversations",
    "GET /v1/conversations/counts",
    "GET /v1/data-exports",
    "GET /v1/emergency",
    "GET /v1/retention",
    "GET /v1/inboxes",
    "GET /v1/invitations",
    "GET /v1/limits",
    "GET /v1/plans",
    "GET /v1/survey-responses",
    "GET /v1/survey-responses/summary",
    "GET /v1/usage",
    "POST /v1/auth/resend-verification",
];

impl Things {
    /// Fresh ones: a resolved conversation with a note, a colleague, an invitation, an API key.
    pub(crate) async fn of(shop: &Shop) -> Self {
        let visitor = shop.visitor("Ana").await;
        visitor.writes("Only Ana may see this").await;
        let chat = visitor.chat();
        let owner = &shop.owner.http;
        let note = json!({ "client_message_id": fresh(), "text": shop.says("a note"), "private": true });
        owner.post(&format!("/v1/conversations/{chat}/messages"), note).await.ok();
        shop.owner.resolves(&chat).await;
        let invite = json!({ "email": format!("{}@mail.test", fresh().simple()), "role": "agent" });
        let invitation = owner.post("/v1/invitations", invite).await.ok();
        let key =
            owner.post("/v1/api-keys", json!({ "name": shop.says("A key"), "scopes": ["contacts.read"] })).await.ok();
        let kept = json!({ "name": shop.says("Another key"), "scopes": ["contacts.read"] });
        let kept = owner.post("/v1/api-keys", kept).await.ok();
        let role = async || {
            let name = shop.says(&fresh().simple().to_string());
            let role = json!({ "name": name, "permissions": ["contacts.read"], "visibility": "all" });
            let made = owner.post("/v1/roles", role).await.ok();
            made["id"].as_str().unwrap().to_owned()
        };
        let canary = shop.says("");
        let setup = SetUp::of(shop, &visitor).await;
        let exports = Exports::of(shop, &visitor).await;
        let colleague = shop.colleague("Vic", Role::Agent).await;
        let sign_in = SignIn::of(shop, &colleague).await;
        Self {
            setup,
            invoice: billing_probes::invoice(shop).await,
            group: Group::of(shop).await,
            role: role().await,
            spare_role: role().await,
            vouching: Vouching::of(shop).await,
            exports,
            safety: Safety::of(shop).await,
            forgotten: shop.visitor("Gus").await,
            sign_in,
            colleague,
            visitor,
            chat,
            account: shop.id.clone(),
            key: shop.key().to_owned(),
            inbox: shop.inbox["id"].as_str().unwrap().to_owned(),
            invitation: invitation["id"].as_str().unwrap().to_owned(),
            api_key: key["id"].as_str().unwrap().to_owned(),
            kept_key: kept["id"].as_str().unwrap().to_owned(),
            says: Box::new(move |text| format!("{text}{canary}")),
        }
    }

    /// A probe for every operation of the document.
    pub(crate) fn probes(&self) -> Vec<Probe> {
        operations().iter().map(|operation| self.probe(operation)).collect()
    }

    fn probe(&self, operation: &str) -> Probe {
        let (method, template) = operation.split_once(' ').unwrap();
        let text = |words: &str| json!((self.says)(words));
        if let Some((path, body)) = self.vouching.probe(operation, &*self.says) {
            let (operation, method) = (operation.to_owned(), method.to_owned());
            return Probe { operation, method, path, body, door: Door::Member, names_a_thing: true };
        }
        let (id, door, body) = match operation {
            _ if ASKED_ALONE.contains(&operation) => (None, Door::Member, None),
            "PATCH /v1/account" => {
                let slug = format!("shop-{}", &fresh().simple().to_string()[..20]);
                (None, Door::Member, Some(json!({ "name": text("Renamed"), "locale": "zh-CN", "slug": slug })))
            }
            "PUT /v1/emergency" => {
                let contacts = json!([{ "kind": "phone", "label": text("Shop"), "value": "+49 30 123456" }]);
                let plan = json!({ "active": true, "message": text("Please call"), "contacts": contacts });
                (None, Door::Member, Some(plan))
            }
            "PUT /v1/agents/me/availability" => {
                (None, Door::Member, Some(json!({ "availability": "away", "reason": text("Lunch") })))
            }
            "PATCH /v1/agents/{id}" => {
                let change = json!({
                    "role": "supervisor", "name": text("Val"), "capacity": 3, "disabled": false,
                    "channel_capacity": { "website": 2 }, "languages": ["en", "zh-CN"],
                });
                (Some(&self.colleague.id), Door::Member, Some(change))
            }
            "POST /v1/api-keys" => {
                (None, Door::Member, Some(json!({ "name": text("Another"), "scopes": ["conversations.read"] })))
            }
            "DELETE /v1/api-keys/{id}" => (Some(&self.api_key), Door::Member, None),
            "POST /v1/auth/switch" => (None, Door::Member, Some(json!({ "account_id": self.account }))),
            "GET /v1/contacts/{id}" => (Some(&self.visitor.id), Door::Member, None),
            "PATCH /v1/contacts/{id}" => {
                let change = json!({
                    "name": text("Anna"), "email": "anna@mail.test", "phone": "+1 555", "attributes": { "plan": text("gold") },
                    "tags": [text("vip")],
                });
                (Some(&self.visitor.id), Door::Member, Some(change))
            }
            "GET /v1/conversations/{id}" | "GET /v1/conversations/{id}/messages" => {
                (Some(&self.chat), Door::Member, None)
            }
            "PUT /v1/conversations/{id}/assignee" => {
                (Some(&self.chat), Door::Member, Some(json!({ "agent_id": self.colleague.id })))
            }
            "POST /v1/conversations/{id}/messages" => {
                let message = json!({ "client_message_id": fresh(), "text": text("A reply"), "private": false });
                (Some(&self.chat), Door::Member, Some(message))
            }
            "PUT /v1/conversations/{id}/priority" => {
                (Some(&self.chat), Door::Member, Some(json!({ "priority": "high" })))
            }
            "POST /v1/conversations/{id}/read" => (Some(&self.chat), Door::Member, Some(json!({ "seq": 1 }))),
            "PUT /v1/conversations/{id}/status" => {
                (Some(&self.chat), Door::Member, Some(json!({ "status": "resolved" })))
            }
            "POST /v1/inboxes" => {
                (None, Door::Member, Some(json!({ "name": text("Door"), "settings": { "title": text("Hi") } })))
            }
            "GET /v1/inboxes/{id}" => (Some(&self.inbox), Door::Member, None),
            "PATCH /v1/inboxes/{id}" => (Some(&self.inbox), Door::Member, Some(self.inbox_change())),
            "POST /v1/invitations" => {
                let email = format!("{}@mail.test", fresh().simple());
                (None, Door::Member, Some(json!({ "email": email, "role": "agent" })))
            }
            "DELETE /v1/invitations/{id}" => (Some(&self.invitation), Door::Member, None),
            "GET /v1/billing/invoices/{id}" => (Some(&self.invoice), Door::Member, None),
            _ if operation.contains(" /v1/billing") => (None, Door::Member, billing_probes::body(operation)),
            _ => match self
                .governed(operation)
                .or_else(|| self.rights(operation))
                .or_else(|| self.sign_in.probe(operation))
                .or_else(|| self.safety.probe(operation, &*self.says))
            {
                Some((id, body)) => (id, Door::Member, body),
                None => return self.other_door(operation),
            },
        };
        let path = id.map_or_else(|| template.to_owned(), |id| template.replace("{id}", id));
        let path = self.group.fill(&path).replace("{session_id}", &self.sign_in.session);
        let path = match operation {
            "GET /v1/business-hours/{id}/schedule" => format!("{path}?{WEEK}"),
            "GET /v1/audit-log/export" => format!("{path}?format=csv"),
            // The same for every company.
            "GET /v1/scim/v2/ResourceTypes/{id}" => path.replace("{id}", "User"),
            "GET /v1/scim/v2/Schemas/{id}" => path.replace("{id}", "urn:ietf:params:scim:schemas:core:2.0:User"),
            "GET /v1/data-exports/{id}/file" => self.exports.link.clone(),
            _ => path,
        };
        let names_a_thing = id.is_some()
            || ["POST /v1/auth/switch", "PUT /v1/account/owner", "POST /v1/account/organisation/moves"]
                .contains(&operation);
        Probe { operation: operation.to_owned(), method: method.to_owned(), path, body, door, names_a_thing }
    }

    /// Whose id it names, and the body, of what is about roles, ownership and groups, or is set up for routing.
    fn governed(&self, operation: &str) -> Option<(Option<&String>, Option<Value>)> {
        let text = |words: &str| json!((self.says)(words));
        Some(match operation {
            "GET /v1/roles" => (None, None),
            "POST /v1/roles" => {
                let name = text(&fresh().simple().to_string());
                let role = json!({ "name": name, "description": text("Nights"), "permissions": ["conversations.read"], "visibility": "own" });
                (None, Some(role))
            }
            "PUT /v1/roles/{id}" => {
                let name = text(&fresh().simple().to_string());
                let role =
                    json!({ "name": name, "description": "", "permissions": ["contacts.read"], "visibility": "teams" });
                (Some(&self.role), Some(role))
            }
            "GET /v1/roles/{id}" => (Some(&self.role), None),
            "DELETE /v1/roles/{id}" => (Some(&self.spare_role), None),
            "POST /v1/account/close" => (None, Some(json!({ "password": "not my password", "slug": "some-company" }))),
            "POST /v1/api-keys/{id}/rotate" => (Some(&self.kept_key), Some(json!({ "keep_previous_hours": 24 }))),
            "PUT /v1/account/owner" => {
                let to = json!({ "agent_id": self.colleague.id, "password": "not my password" });
                (None, Some(to))
            }
            "POST /v1/account/suspend" | "POST /v1/agents/me/leave" => {
                (None, Some(json!({ "password": "not my password" })))
            }
            _ => {
                let set_up = self.setup.probe(operation, &*self.says);
                return set_up.or_else(|| self.group.probe(operation, &*self.says));
            }
        })
    }

    /// What people may ask for: the id that the path names, and the body.
    fn rights(&self, operation: &str) -> Option<(Option<&String>, Option<Value>)> {
        Some(match operation {
            "GET /v1/contacts/{id}/erasure" => (Some(&self.forgotten.id), None),
            "POST /v1/contacts/{id}/erase" => {
                (Some(&self.forgotten.id), Some(json!({ "confirm": self.forgotten.name })))
            }
            "PUT /v1/retention" | "POST /v1/retention/preview" => {
                (None, Some(json!({ "conversation_days": 365, "contact_days": 730, "audit_days": 400 })))
            }
            "POST /v1/data-exports" => (None, Some(json!({ "holds": "contact", "contact_id": self.visitor.id }))),
            "DELETE /v1/data-exports/{id}" => (Some(&self.exports.withdrawn), None),
            "GET /v1/data-exports/{id}" | "POST /v1/data-exports/{id}/link" | "GET /v1/data-exports/{id}/file" => {
                (Some(&self.exports.kept), None)
            }
            _ => return None,
        })
    }

    fn inbox_change(&self) -> Value {
        let text = |words: &str| json!((self.says)(words));
        let settings = json!({ "greeting": text("Hello"), "color": "#ff0000", "allowed_domains": ["shop.example"] });
        let setup = &self.setup;
        json!({
            "name": text("Gate"), "settings": settings, "brand_id": setup.brand, "team_id": setup.team,
            "assignment_policy_id": setup.policy, "business_hours_id": setup.hours, "weight": 50,
        })
    }

    fn other_door(&self, operation: &str) -> Probe {
        let (method, template) = operation.split_once(' ').unwrap();
        let text = |words: &str| json!((self.says)(words));
        let email = json!(format!("{}@mail.test", fresh().simple()));
        let (door, body) = match operation {
            "PATCH /v1/widget/contact" => {
                (Door::Visitor, Some(json!({ "name": text("Anne"), "email": "anne@mail.test" })))
            }
            "GET /v1/widget/conversations/{id}/messages"
            | "GET /v1/widget/events"
            | "GET /v1/widget/events/poll"
            | "GET /v1/widget/queue"
            | "GET /v1/widget/waiting-content"
            | "POST /v1/widget/logout" => (Door::Visitor, None),
            "POST /v1/widget/conversations/{id}/read" | "POST /v1/widget/conversations/{id}/delivered" => {
                (Door::Visitor, Some(json!({ "seq": 1 })))
            }
            "POST /v1/widget/conversations/{id}/survey" => {
                (Door::Visitor, Some(json!({ "rating": 5, "comment": text("Good") })))
            }
            "POST /v1/widget/messages" => {
                let page = json!({ "url": "https://shop.example/", "title": text("Shop"), "referrer": "" });
                let start =
                    json!({ "page": page, "answers": { "order": text("12") }, "attributes": { "intent": "buy" } });
                let ask = json!({ "client_message_id": fresh(), "text": text("More"), "page": page, "start": start });
                (Door::Visitor, Some(ask))
            }
            "GET /v1/account/support-access"
            | "DELETE /v1/account/support-access"
            | "GET /v1/conversations/{id}/assignments"
            | "POST /v1/conversations/{id}/accept"
            | "POST /v1/conversations/{id}/decline"
            | "POST /v1/conversations/{id}/join"
            | "POST /v1/conversations/{id}/take_over" => (Door::Member, None),
            "POST /v1/conversations/{id}/transfer" => (
                Door::Member,
                Some(json!({ "to": { "kind": "agent", "agent_id": self.colleague.id }, "note": text("Look") })),
            ),
            "POST /v1/widget/identify" => (Door::Public, Some(self.vouching.identify())),
            "POST /v1/widget/queue/leave" => {
                let ask = json!({ "kind": "email", "email": email, "phone": "+1 555", "text": text("Write to me") });
                (Door::Visitor, Some(ask))
            }
            "POST /v1/widget/waiting-content/{id}/events" => (Door::Visitor, Some(json!({ "kind": "click" }))),
            "POST /v1/auth/forgot-password" => (Door::Public, Some(json!({ "email": email }))),
            "POST /v1/auth/login" => {
                (Door::Public, Some(json!({ "email": email, "password": PASSWORD, "account_id": self.account })))
            }
            "POST /v1/account/restore" | "POST /v1/account/resume" => {
                let second = json!({ "challenge": "nobody-has-this", "code": "123456" });
                let ask = json!({ "email": email, "password": PASSWORD, "account_id": self.account, "second_factor": second });
                (Door::Public, Some(ask))
            }
            "POST /v1/auth/logout"
            | "POST /v1/auth/refresh"
            | "GET /v1/invitations/by-token/{token}"
            | "GET /v1/signup"
            | "GET /v1/widget/config" => (Door::Public, None),
            "POST /v1/auth/reset-password" => {
                (Door::Public, Some(json!({ "token": "nobody-has-this", "password": PASSWORD })))
            }
            "POST /v1/account/support-access" => (Door::Member, Some(json!({ "hours": 8, "changes": false }))),
            "POST /v1/auth/support" | "POST /v1/auth/verify-email" => {
                (Door::Public, Some(json!({ "token": "nobody-has-this" })))
            }
            "POST /v1/invitations/by-token/{token}/accept" => {
                (Door::Public, Some(json!({ "name": text("Ivy"), "password": PASSWORD })))
            }
            "POST /v1/signup" => {
                let company = text("Co").as_str().unwrap().chars().take(60).collect::<String>();
                let ask = json!({ "company": company, "email": email, "password": PASSWORD, "name": "Olive", "locale": "en" });
                (Door::Public, Some(ask))
            }
            "POST /v1/widget/challenge" => (Door::Public, Some(json!({ "key": self.key }))),
            "POST /v1/widget/session" => {
                let page = json!({ "url": "https://shop.example/", "title": "Shop", "referrer": "" });
                (Door::Public, Some(json!({ "key": self.key, "secret": "unknown", "locale": "en", "page": page })))
            }
            _ => match crate::sign_in_probes::public(operation, &email) {
                Some(body) => (Door::Public, Some(body)),
                None => panic!("{operation} has no probe: say here what a good request looks like and for whom it is"),
            },
        };
        let id = if template.contains("waiting-content") { &self.setup.content } else { &self.chat };
        let path = template.replace("{id}", id).replace("{token}", "nobody-has-this");
        let path = match operation {
            "GET /v1/widget/config" => format!("{path}?key={}", self.key),
            "GET /v1/widget/events" => format!("{path}?conversation_id={}&after_seq=0", self.chat),
            "GET /v1/widget/events/poll" => format!("{path}?conversation_id={}&after_seq=0&wait_seconds=0", self.chat),
            _ => path,
        };
        let names_a_thing = template.contains("{id}");
        Probe { operation: operation.to_owned(), method: method.to_owned(), path, body, door, names_a_thing }
    }
}

/// Archives of a contact that are ready to be fetched.
struct Exports {
    kept: String,
    withdrawn: String,
    link: String,
}

impl Exports {
    async fn of(shop: &Shop, visitor: &Visitor) -> Self {
        let http = &shop.owner.http;
        let ask = json!({ "holds": "contact", "contact_id": visitor.id });
        let mut ids = Vec::new();
        for _ in 0..2 {
            let made = http.post("/v1/data-exports", ask.clone()).await.ok();
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        let [kept, withdrawn] = ids.try_into().unwrap();
        tests::eventually("the archives are made", async || {
            while routing::rights::run_due(&shop.app.node(0).world).await.unwrap() {}
            let all = http.get("/v1/data-exports").await.ok();
            let ready = |id: &str| {
                all["data"].as_array().unwrap().iter().any(|one| one["id"] == id && one["status"] == "ready")
            };
            (ready(&kept) && ready(&withdrawn)).then_some(())
        })
        .await;
        let link = http.post(&format!("/v1/data-exports/{kept}/link"), json!({})).await.ok();
        Self { kept, withdrawn, link: link["url"].as_str().unwrap().to_owned() }
    }
}

/// Every operation of the document, as `METHOD /path`.
pub(crate) fn operations() -> Vec<String> {
    let document = serde_json::to_value(api::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let each = |(path, operations): (&String, &Value)| {
        let methods = operations.as_object().unwrap().keys();
        methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

/// Lifts the limits of a company's plan, which have a story of their own.
pub(crate) async fn without_limits(shop: &Shop) {
    shop.app
        .sql(&format!(
            "update shared.account set limits = '{{\"agents\": 90000, \"inboxes\": 90000}}' where schema_name = '{}'",
            shop.schema().await
        ))
        .await;
    shop.app.node(0).world.directory.forget(shop.id.parse().unwrap());
}
