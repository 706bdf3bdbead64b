//! How the demo company has set up who answers whom: teams, skills, hours, a policy with a ladder, rules, and what those who wait
//! are shown. Made once.

use desk::assignment_policy::{self, LanguageRule, PolicyId, PolicyRequest, Rules, Rung, Step, Strategy, WhenFull};
use desk::business_hours;
use desk::conversation::Priority;
use desk::inbox::{self, Course, InboxId, InboxSettingsChange};
use desk::queue::{self, ThresholdsRequest};
use desk::routing_rule::{self, Condition, Effects, RoutingRuleRequest};
use desk::setup::{SetupError, Wish};
use desk::skill::{self, AgentSkill, Demand, Level, SkillId, SkillRequest};
use desk::team::{self, TeamId, TeamRequest};
use desk::waiting_content::{self, WaitingContentRequest};
use tenant::{AgentId, Tenant, TenantTx, agent};

use super::history::Staff;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Sets everything up, unless somebody has set up teams already.
pub(super) async fn furnish(tenant: &Tenant, staff: &Staff, inbox: InboxId) -> Outcome<()> {
    let tx = tenant.begin().await?;
    if !team::list(&tx).await?.is_empty() {
        return Ok(());
    }
    let (mei, bo) = (staff.mei.0, staff.bo.0);
    let skills = Skills {
        chinese: skilled(&tx, "中文", "Answers in Chinese. 用中文回答。").await?,
        orders: skilled(&tx, "Orders and refunds", "Knows the shop's books.").await?,
        tea: skilled(&tx, "Tea knowledge", "Knows leaves, water and pots.").await?,
    };
    know(&tx, mei, [(skills.chinese, 5), (skills.orders, 2), (skills.tea, 5)]).await?;
    know(&tx, bo, [(skills.chinese, 3), (skills.orders, 5), (skills.tea, 3)]).await?;
    for who in [mei, bo] {
        let languages = Some(vec!["en".to_owned(), "zh-CN".to_owned()]);
        agent::update(&tx, who, agent::Change { languages, ..agent::Change::default() }).await?;
    }
    let care = team(&tx, "Customer care", "Orders, deliveries and refunds · 订单、物流与退款", 1, &[mei, bo]).await?;
    let experts = team(&tx, "Tea experts", "Which tea, and how to make it · 选茶与冲泡", 2, &[mei, bo]).await?;
    let policy = patient_policy(&tx, experts).await?;
    let hours = business_hours::create(&tx, serde_json::from_str(HOURS)?).await?;
    open(&tx, experts, policy, hours.id).await?;
    let course =
        Course { team_id: Wish::Have(Some(care)), assignment_policy_id: Wish::Have(Some(policy)), ..Course::default() };
    inbox::update(&tx, inbox, None, InboxSettingsChange::default(), course).await?;
    for rule in rules(&skills, care, experts) {
        routing_rule::create(&tx, rule).await?;
    }
    for content in serde_json::from_str::<Vec<WaitingContentRequest>>(include_str!("waiting.json"))? {
        waiting_content::create(&tx, content).await?;
    }
    queue::set_thresholds(&tx, ThresholdsRequest { waiting: Some(10), longest_seconds: Some(300) }).await?;
    Ok(tx.commit().await?)
}

/// When the experts are in: a market's day, an evening past midnight before the week-end, and a holiday.
const HOURS: &str = r#"{
    "name": "Tea room, Shanghai",
    "calendar": {
        "time_zone": "Asia/Shanghai",
        "weekly": {
            "mon": [{"from": "09:00", "to": "12:00"}, {"from": "13:30", "to": "18:00"}],
            "tue": [{"from": "09:00", "to": "12:00"}, {"from": "13:30", "to": "18:00"}],
            "wed": [{"from": "09:00", "to": "12:00"}, {"from": "13:30", "to": "18:00"}],
            "thu": [{"from": "09:00", "to": "12:00"}, {"from": "13:30", "to": "18:00"}],
            "fri": [{"from": "09:00", "to": "12:00"}, {"from": "13:30", "to": "18:00"}, {"from": "21:00", "to": "01:00"}],
            "sat": [{"from": "10:00", "to": "20:00"}],
            "sun": []
        },
        "special": [
            {"date": "2026-10-01", "name": "国庆节 National Day", "slots": []},
            {"date": "2026-12-31", "name": "New Year's Eve", "slots": [{"from": "10:00", "to": "14:00"}]},
            {"date": "2027-01-01", "name": "元旦 New Year", "slots": []},
            {"date": "2027-02-06", "name": "春节 Spring Festival", "slots": []}
        ]
    }
}"#;

struct Skills {
    chinese: SkillId,
    orders: SkillId,
    tea: SkillId,
}

async fn skilled(tx: &TenantTx, name: &str, description: &str) -> Result<SkillId, SetupError> {
    let ask = SkillRequest { name: name.into(), description: description.into() };
    Ok(skill::create(tx, ask).await?.id)
}

async fn know(tx: &TenantTx, who: AgentId, skills: [(SkillId, Level); 3]) -> Result<(), SetupError> {
    let skills = skills.map(|(skill_id, level)| AgentSkill { skill_id, level });
    skill::set_of_agent(tx, who, skills.into()).await
}

async fn team(
    tx: &TenantTx,
    name: &str,
    description: &str,
    position: i32,
    members: &[AgentId],
) -> Result<TeamId, SetupError> {
    let ask = TeamRequest {
        name: name.into(),
        description: description.into(),
        brand_id: None,
        public: true,
        assignment_policy_id: None,
        business_hours_id: None,
        position,
    };
    let made = team::create(tx, ask).await?;
    team::set_members(tx, made.id, members.into()).await?;
    Ok(made.id)
}

/// Gives a team its policy and its hours.
async fn open(tx: &TenantTx, id: TeamId, policy: PolicyId, hours: desk::HoursId) -> Outcome<()> {
    let team = team::find(tx, id).await?.ok_or("a team vanished as it was made")?;
    let ask = TeamRequest {
        name: team.name,
        description: team.description,
        brand_id: team.brand_id,
        public: team.public,
        assignment_policy_id: Some(policy),
        business_hours_id: Some(hours),
        position: team.position,
    };
    team::replace(tx, id, ask).await?;
    Ok(())
}

/// Best skill first, and asking for less as the wait grows longer.
async fn patient_policy(tx: &TenantTx, wider: TeamId) -> Result<PolicyId, SetupError> {
    let rung = |after_seconds, step| Rung { after_seconds, step };
    let rules = Rules {
        strategy: Strategy::BestSkill,
        language: LanguageRule::Prefer,
        answer_seconds: Some(600),
        ladder: vec![
            rung(45, Step::DropPreferred {}),
            rung(90, Step::LowerLevel { by: 1 }),
            rung(120, Step::WidenToTeam { team_id: wider }),
            rung(900, Step::MessageForm {}),
        ],
        queue_limit: Some(100),
        when_full: WhenFull::MessageForm {},
        ..Rules::default()
    };
    Ok(assignment_policy::create(tx, PolicyRequest { name: "Best skill, patiently".into(), rules }).await?.id)
}

fn rules(skills: &Skills, care: TeamId, experts: TeamId) -> [RoutingRuleRequest; 5] {
    let rule = |name: &str, conditions: Vec<Condition>, effects: Effects| RoutingRuleRequest {
        name: name.into(),
        conditions,
        effects,
        active: true,
    };
    let at_least = |skill_id, level| vec![Demand { skill_id, level }];
    let on_page = |text: &str| Condition::PageContains { text: text.into() };
    let chinese = Condition::Locale { equals: "zh".into() };
    let regular = Condition::ContactTag { tag: "regular".into() };
    [
        rule(
            "Speaks Chinese · 说中文",
            vec![chinese],
            Effects { prefer: at_least(skills.chinese, 3), ..Effects::default() },
        ),
        rule(
            "About tea · 选茶",
            vec![on_page("/teas/")],
            Effects { prefer: at_least(skills.tea, 4), ..Effects::default() },
        ),
        rule(
            "About an order · 订单",
            vec![on_page("/orders/")],
            Effects {
                require: at_least(skills.orders, 2),
                team_id: Some(care),
                priority: Some(Priority::High),
                ..Effects::default()
            },
        ),
        rule(
            "Asks for an expert · 找茶师",
            vec![Condition::Intent { equals: "tea advice".into() }],
            Effects { require: at_least(skills.tea, 3), team_id: Some(experts), ..Effects::default() },
        ),
        rule("Regular guests · 老顾客", vec![regular], Effects { vip: true, ..Effects::default() }),
    ]
}
