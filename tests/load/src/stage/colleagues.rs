//! Agents who are added by hand: invitations of many are another story.

use sqlx::{AssertSqlSafe, PgConnection};

use super::Tenant;
use crate::ids;
use crate::outcome::{Doing as _, Outcome};

/// Adds agents to a company as superuser, who have everybody's password, take so many conversations each and have chosen `busy`. Gives
/// their addresses.
pub async fn enlist(admin: &mut PgConnection, company: &Tenant, count: u32, capacity: u32) -> Outcome<Vec<String>> {
    try_enlist(admin, company, count, capacity).await.doing(|| "enlist agents".to_owned())
}

async fn try_enlist(
    admin: &mut PgConnection,
    company: &Tenant,
    count: u32,
    capacity: u32,
) -> Result<Vec<String>, sqlx::Error> {
    let schema: String = sqlx::query_scalar("select schema_name from shared.account where id = $1")
        .bind(ids::decode(&company.id))
        .fetch_one(&mut *admin)
        .await?;
    let word = company.guard.word();
    let all = format!(
        "with one as (select m.account_id, l.password_hash from shared.membership m \
             join shared.login l on l.id = m.login_id join shared.account a on a.id = m.account_id \
             where a.schema_name = '{schema}'), \
         login as (insert into shared.login (id, email, name, password_hash, locale, email_verified_at, created_at) \
             select gen_random_uuid(), 'agent-' || n || '-{word}@mail.test', 'Agent ' || n || ' {word}', \
             one.password_hash, 'en', now(), now() from one, generate_series(1, {count}) n returning id, name, email), \
         member as (insert into shared.membership (id, account_id, login_id, role, created_at) \
             select gen_random_uuid(), one.account_id, login.id, 'agent', now() from login, one returning id, login_id), \
         agent as (insert into {schema}.agent (id, name, availability, capacity, created_at) \
             select member.id, login.name, 'busy', {capacity}, now() from member join login on login.id = member.login_id) \
         select email from login"
    );
    sqlx::query_scalar(AssertSqlSafe(all)).fetch_all(admin).await
}
