//! A company of a story.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _};
use tenant::login::LoginId;
use tenant::session::{self, Method, Start};
use tenant::token::Audience;
use tenant::{AgentId, Role, Standing, Tenant};
use uuid::Uuid;

use crate::app::TestApp;
use crate::canary::Guard;
use crate::http::Http;
use crate::people::{Agent, Visitor, marked, texts};
use crate::socket::Socket;
use crate::wait::fresh;

/// Everybody's password in tests.
pub const PASSWORD: &str = "a good long password";

/// A company that has signed up.
#[derive(Debug)]
pub struct Shop {
    /// Where it lives.
    pub app: TestApp,
    /// The word in all its texts.
    pub canary: String,
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its first inbox.
    pub inbox: Value,
    /// Its owner, not connected.
    pub owner: Agent,
}

/// A fresh address.
pub(crate) fn address(name: &str) -> String {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{}-{}@mail.test", name.to_lowercase(), fresh().simple())
}

impl Shop {
    pub(crate) async fn sign_up(app: &TestApp, name: &str) -> Self {
        let canary = app.hatch();
        let guard = app.guard(Some(&canary));
        let http = Http::new(&app.base(0), guard);
        let (company, email) = (format!("{name} {canary}"), address("owner"));
        let owner = format!("Olive {canary}");
        let ask = json!({ "company": company, "email": email, "password": PASSWORD, "name": owner, "locale": "en" });
        let reply = http.post("/v1/signup", ask).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let session = reply.json();
        http.take(session["access_token"].as_str().unwrap());
        let me = &session["me"];
        let inbox = http.get("/v1/inboxes").await.ok()["data"][0].clone();
        Self {
            app: app.clone(),
            name: company,
            id: me["account"]["id"].as_str().unwrap().to_owned(),
            inbox,
            owner: Agent {
                name: owner,
                id: me["agent"]["id"].as_str().unwrap().to_owned(),
                email,
                http,
                cookie: reply.cookie().unwrap(),
                socket: None,
                canary: canary.clone(),
            },
            canary,
        }
    }

    /// A text with this company's canary in it.
    pub fn says(&self, text: &str) -> String {
        marked(text, &self.canary)
    }

    /// Texts of messages without the canary.
    pub fn plain<'a>(&self, messages: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
        texts(messages.into_iter(), &self.canary)
    }

    /// What looks at the bytes of this company's people.
    pub fn guard(&self) -> Guard {
        self.app.guard(Some(&self.canary))
    }

    /// The key of its first inbox.
    pub fn key(&self) -> &str {
        self.inbox["key"].as_str().unwrap()
    }

    /// A client without a token.
    pub fn stranger(&self) -> Http {
        self.owner.http.nobody()
    }

    /// Someone opens the widget, tells their name, and stays connected.
    pub async fn visitor(&self, name: &str) -> Visitor {
        self.visitor_on(0, name).await
    }

    /// The same at another server.
    pub async fn visitor_on(&self, node: usize, name: &str) -> Visitor {
        let http = Http::new(&self.app.base(node), self.guard());
        let session = http.post("/v1/widget/session", json!({ "key": self.key() })).await.ok();
        http.take(session["token"].as_str().unwrap());
        let name = self.says(name);
        http.patch("/v1/widget/contact", json!({ "name": name })).await.ok();
        let socket = Socket::open(http.base(), self.guard(), &http.token(), json!({})).await;
        Visitor {
            name,
            id: session["contact_id"].as_str().unwrap().to_owned(),
            secret: session["secret"].as_str().unwrap().to_owned(),
            http,
            socket,
            canary: self.canary.clone(),
            key: self.key().to_owned(),
            chat: std::sync::Mutex::default(),
        }
    }

    /// An agent who is connected and online.
    pub async fn agent(&self, name: &str) -> Agent {
        self.agent_on(0, name).await
    }

    /// The same at another server.
    pub async fn agent_on(&self, node: usize, name: &str) -> Agent {
        let mut agent = self.colleague_on(node, name, Standing::built_in(Role::Agent)).await;
        agent.connects().await;
        agent
    }

    /// A colleague who is not connected.
    pub async fn colleague(&self, name: &str, role: Role) -> Agent {
        self.colleague_on(0, name, Standing::built_in(role)).await
    }

    /// A colleague who holds a role that the company makes for them: these rights, and this sight.
    pub async fn holder(&self, name: &str, permissions: Value, visibility: &str) -> Agent {
        let ask = json!({ "name": self.says(name), "permissions": permissions, "visibility": visibility });
        let made = self.owner.http.post("/v1/roles", ask).await.ok();
        let tenant = self.tenant().await;
        let id = made["id"].as_str().unwrap().parse().unwrap();
        let standing = tenant::role::standing(&tenant.world, tenant.id(), id).await.unwrap();
        self.colleague_on(0, name, standing).await
    }

    /// So many colleagues who take so many conversations each and have chosen `busy`; not connected. Nobody invites them and nobody
    /// hashes their passwords, which takes a core a while for each.
    pub async fn crowd(&self, many: u32, capacity: u32) -> Vec<Agent> {
        let tenant = self.tenant().await;
        let (world, schema, canary) = (&tenant.world, tenant.account.schema.as_str(), &self.canary);
        let owner = self.owner.id.parse::<AgentId>().unwrap().uuid();
        let enlist = format!(
            "with one as (select m.account_id, l.password_hash from shared.membership m join shared.login l on l.id = m.login_id \
                 where m.id = '{owner}'), \
             login as (insert into shared.login (id, email, name, password_hash, locale, email_verified_at, created_at) \
                 select gen_random_uuid(), 'agent-' || n || '-{canary}@mail.test', 'Agent ' || n || ' [{canary}]', one.password_hash, 'en', now(), now() \
                 from one, generate_series(1, {many}) n returning id, email, name), \
             member as (insert into shared.membership (id, account_id, login_id, role, created_at) \
                 select gen_random_uuid(), one.account_id, login.id, 'agent', now() from login, one returning id, login_id), \
             agent as (insert into {schema}.agent (id, name, availability, capacity, created_at) \
                 select member.id, login.name, 'busy', {capacity}, now() from member join login on login.id = member.login_id) \
             select login.id::text, member.id::text, login.email, login.name from login join member on member.login_id = login.id"
        );
        let mut admin = self.app.database().admin().await;
        let rows: Vec<(String, String, String, String)> =
            sqlx::query_as(AssertSqlSafe(enlist)).fetch_all(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        let mut agents = Vec::new();
        for (login, member, email, name) in rows {
            let (login, member): (Uuid, Uuid) = (login.parse().unwrap(), member.parse().unwrap());
            let now = world.now();
            let start = Start {
                login: LoginId::from_uuid(login),
                member: AgentId::from_uuid(member),
                method: Method::Password,
                came_at: now,
                proven_at: Some(now),
                enrol_only: false,
                user_agent: "",
                time_zone: None,
            };
            let begun = session::begin(world, start).await.unwrap();
            let token = world.keys.sign(Audience::Member, tenant.id().uuid(), member, begun.id, now).unwrap();
            agents.push(Agent {
                name,
                id: AgentId::from_uuid(member).to_string(),
                email,
                http: self.stranger().with(&token),
                cookie: String::new(),
                socket: None,
                canary: self.canary.clone(),
            });
        }
        agents
    }

    /// The invitation's link is used without its letter, which has a story of its own.
    async fn colleague_on(&self, node: usize, name: &str, standing: Standing) -> Agent {
        let (email, name) = (address(name), self.says(name));
        let tenant = self.tenant().await;
        let by = self.owner.id.parse().unwrap();
        let invited =
            tenant::invitation::invite(&tenant.world, &tenant.account, by, &self.owner.name, &email, standing).await;
        let (_, secret) = invited.unwrap();
        let http = Http::new(&self.app.base(node), self.guard());
        let accept = format!("/v1/invitations/by-token/{secret}/accept");
        let reply = http.post(&accept, json!({ "name": name, "password": PASSWORD })).await;
        let session = reply.ok();
        http.take(session["access_token"].as_str().unwrap());
        let id = session["me"]["agent"]["id"].as_str().unwrap().to_owned();
        let cookie = reply.cookie().unwrap();
        Agent { name, id, email, http, cookie, socket: None, canary: self.canary.clone() }
    }

    /// The company as the server knows it, for what no client can do.
    pub async fn tenant(&self) -> Tenant {
        let world = &self.app.node(0).world;
        Tenant::find(world, self.id.parse().unwrap()).await.unwrap().expect("the company exists")
    }

    /// The name of its schema.
    pub async fn schema(&self) -> String {
        self.tenant().await.account.schema.as_str().to_owned()
    }

    /// How many rows a query of its tables counts. `{}` stands for its schema.
    pub async fn count(&self, sql: &str) -> i64 {
        let schema = self.schema().await;
        self.app.count(&sql.replace("{}", &schema)).await
    }
}
