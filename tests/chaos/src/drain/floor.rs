//! The floor as Postgres has it, read beside all proxies: who takes how many, what they have in hand, and who waits.

use std::collections::{HashMap, HashSet};

use load::stage::Tenant;
use load::{Doing as _, Outcome};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use uuid::Uuid;

use super::able::{Talents, Want};
use super::lines::{LADDER, Line};
use crate::admin::Admin;

/// An agent.
#[derive(Debug, Default)]
pub(super) struct Hand {
    pub(super) online: bool,
    pub(super) capacity: usize,
    pub(super) holds: HashSet<Uuid>,
    /// What the routing or a colleague asks them about: it has a place already.
    pub(super) asked: HashSet<Uuid>,
}

/// One moment.
#[derive(Debug, Default)]
pub(super) struct Floor {
    pub(super) hands: HashMap<Uuid, Hand>,
    /// How many stand in line.
    pub(super) waiting: u64,
    /// Places in line of what does not wait, and waits without a place.
    pub(super) astray: u64,
    /// What is offered to nobody.
    pub(super) wants: Vec<Want>,
}

/// Finds a company's schema.
pub(super) async fn schema(admin: &Admin, company: &Tenant) -> Outcome<String> {
    let mut connection = admin.connect().await?;
    let row = sqlx::query("select schema_name, id from shared.account where id = $1")
        .bind(load::ids::decode(&company.id).doing(|| "read a company's id".to_owned())?)
        .fetch_one(&mut connection)
        .await;
    Ok(row.doing(|| "find a company's schema".to_owned())?.get(0))
}

/// Gives agents skills, and puts every other one into the team, by hand. Everybody knows a little of the first skill, and one in four
/// nothing of the second.
pub(super) async fn endow(admin: &Admin, line: &Line) -> Outcome<Talents> {
    let schema = schema(admin, line.company()?).await?;
    let mut connection = admin.connect().await?;
    let endowing = || "give agents their skills".to_owned();
    let all = format!("(select id, row_number() over (order by id) as n from {schema}.agent where capacity > 0) a");
    for (number, demand) in line.ways.demands.iter().enumerate() {
        let which = if number == 0 { "true" } else { "n % 4 <> 0" };
        let give = format!(
            "insert into {schema}.agent_skill (agent_id, skill_id, level) select id, '{}'::uuid, 1 + (n / {}) % 5 from {all} where {which}",
            demand.skill,
            number + 1
        );
        connection.execute(AssertSqlSafe(give)).await.doing(endowing)?;
    }
    if let Some(team) = &line.ways.team {
        let team = load::ids::decode(team).doing(|| "read a team's id".to_owned())?;
        let join = format!(
            "insert into {schema}.team_member (team_id, agent_id) select '{team}'::uuid, id from {all} where n % 2 = 0"
        );
        connection.execute(AssertSqlSafe(join)).await.doing(endowing)?;
    }
    let mut talents = Talents::default();
    let ask = format!("select agent_id, skill_id, level from {schema}.agent_skill");
    for row in connection.fetch_all(AssertSqlSafe(ask)).await.doing(endowing)? {
        let level: i16 = row.get(2);
        talents.levels.insert((row.get(0), row.get(1)), u8::try_from(level).unwrap_or(0));
    }
    let ask = format!("select team_id, agent_id from {schema}.team_member");
    for row in connection.fetch_all(AssertSqlSafe(ask)).await.doing(endowing)? {
        talents.members.entry(row.get(0)).or_default().insert(row.get(1));
    }
    Ok(talents)
}

/// How many rungs of the ladder a number of seconds reaches, as a term of SQL.
fn rungs(seconds: &str) -> String {
    let reached = LADDER.map(|(after, _)| format!("({seconds} >= {after})::int"));
    format!("coalesce({}, 0)", reached.join(" + "))
}

/// Reads one moment of a company's floor. `climbs` says whether waits are relaxed there.
pub(super) async fn read(connection: &mut PgConnection, schema: &str, climbs: bool) -> Outcome<Floor> {
    let reading = || "read the floor".to_owned();
    let mut tx = connection.begin_with("begin isolation level repeatable read read only").await.doing(reading)?;
    let mut floor = Floor::default();
    let ask = format!("select id, availability = 'online', capacity from {schema}.agent");
    for row in tx.fetch_all(AssertSqlSafe(ask)).await.doing(reading)? {
        let capacity: i32 = row.get(2);
        let hand = Hand { online: row.get(1), capacity: usize::try_from(capacity).unwrap_or(0), ..Hand::default() };
        floor.hands.insert(row.get(0), hand);
    }
    let ask =
        format!("select assignee_id, id from {schema}.conversation where status = 'open' and assignee_id is not null");
    for row in tx.fetch_all(AssertSqlSafe(ask)).await.doing(reading)? {
        floor.hands.entry(row.get(0)).or_default().holds.insert(row.get(1));
    }
    let ask = format!(
        "select offered_to, conversation_id from {schema}.queue_entry where offered_to is not null \
         union all select to_agent_id, conversation_id from {schema}.transfer"
    );
    for row in tx.fetch_all(AssertSqlSafe(ask)).await.doing(reading)? {
        floor.hands.entry(row.get(0)).or_default().asked.insert(row.get(1));
    }
    let waited = format!(
        "extract(epoch from clock_timestamp() - (select max(w.entered_at) from {schema}.wait w \
         where w.conversation_id = q.conversation_id and w.left_at is null))"
    );
    let climbed = if climbs { rungs(&waited) } else { "0".to_owned() };
    let ask = format!(
        "select distinct q.team_id, c.inbox_id, q.declined, {climbed} from {schema}.queue_entry q \
         join {schema}.conversation c on c.id = q.conversation_id where q.offered_to is null and q.only_agent_id is null"
    );
    for row in tx.fetch_all(AssertSqlSafe(ask)).await.doing(reading)? {
        let rungs: i32 = row.get(3);
        let rungs = usize::try_from(rungs).unwrap_or(0);
        floor.wants.push(Want { team: row.get(0), inbox: row.get(1), declined: row.get(2), rungs });
    }
    let ask = format!(
        "select (select count(*) from {schema}.queue_entry), \
         (select count(*) from {schema}.conversation c full join {schema}.queue_entry q on q.conversation_id = c.id \
          where (c.status = 'open' and c.assignee_id is null) is distinct from (q.conversation_id is not null))"
    );
    let row = tx.fetch_one(AssertSqlSafe(ask)).await.doing(reading)?;
    let count = |column: usize| u64::try_from(row.get::<i64, _>(column)).unwrap_or(0);
    (floor.waiting, floor.astray) = (count(0), count(1));
    Ok(floor)
}

/// What was decided in a company.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// How often a conversation was given to somebody.
    pub(super) given: u64,
    /// How often by the routing, while it was somebody else's and nobody had passed it on.
    pub(super) doubled: u64,
    /// How often by the routing, to somebody who did not have the skill, however long it had waited.
    pub(super) incapable: u64,
}

impl Decided {
    pub(super) fn add(&mut self, more: &Self) {
        self.given += more.given;
        self.doubled += more.doubled;
        self.incapable += more.incapable;
    }
}

/// Counts it.
pub(super) async fn decided(admin: &Admin, line: &Line) -> Outcome<Decided> {
    let counting = || "count assignments".to_owned();
    let schema = schema(admin, line.company()?).await?;
    let mut connection = admin.connect().await?;
    let count = |row: &sqlx::postgres::PgRow, column: usize| u64::try_from(row.get::<i64, _>(column)).unwrap_or(0);
    let ask = format!(
        "select count(*), count(before) filter (where coalesce(reason, '') not in ('transferred', 'by_hand')) from \
         (select agent_id, why ->> 'reason' as reason, lag(agent_id) over (partition by conversation_id order by number) as before \
          from {schema}.assignment) a where agent_id is not null"
    );
    let row = connection.fetch_one(AssertSqlSafe(ask)).await.doing(counting)?;
    let mut decided = Decided { given: count(&row, 0), doubled: count(&row, 1), incapable: 0 };
    for demand in &line.ways.demands {
        // A second more than it can have waited: what is decided in the moment of a rung is not held against anybody.
        let waited = format!(
            "(extract(epoch from a.created_at - (select min(w.entered_at) from {schema}.wait w \
             where w.conversation_id = a.conversation_id)) + 1)"
        );
        let least: Vec<String> = (0..=LADDER.len()).map(|rungs| demand.after(rungs).to_string()).collect();
        let ask = format!(
            "select count(*) from {schema}.assignment a join {schema}.conversation c on c.id = a.conversation_id \
             left join {schema}.agent_skill s on s.agent_id = a.agent_id and s.skill_id = '{}' \
             where c.inbox_id = '{}' and a.decided_by = 'routing' and a.agent_id is not null \
             and a.why ->> 'reason' is distinct from 'transferred' \
             and coalesce(s.level, 0) < (array[{}])[1 + {}]",
            demand.skill,
            demand.inbox,
            least.join(", "),
            rungs(&waited)
        );
        let row = connection.fetch_one(AssertSqlSafe(ask)).await.doing(counting)?;
        decided.incapable += count(&row, 0);
    }
    Ok(decided)
}
