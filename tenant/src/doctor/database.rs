//! One database: how it is set, and whether the fence between companies stands.

use infra::database::{Database, Rows as _, StoreError, sql};
use infra::{Clock, Timestamp};
use sea_orm::FromQueryResult;

use super::{Finding, Look, Severity, names, number};
use crate::sites::Site;

/// How far the clocks of the database and of this machine may be apart.
const SKEW_SECONDS: i64 = 2;
/// Beyond this many files a restart after a crash takes long, unless the file system is synced as a whole.
const MANY_FILES: i64 = 20_000;

pub(super) async fn examine(site: &Site, machine: &Clock, found: &mut Vec<Finding>) -> Result<(), StoreError> {
    let database = &site.database;
    settings(database, machine.now(), found).await?;
    login(database, found).await?;
    fence(database, found).await
}

#[derive(FromQueryResult)]
struct Settings {
    version: i32,
    locks: i64,
    most: i64,
    prepared: i64,
    used: i64,
    relations: i64,
    sync_method: String,
    durable: bool,
    vacuum_threshold: i64,
    now: Timestamp,
}

async fn settings(database: &Database, here: Timestamp, found: &mut Vec<Finding>) -> Result<(), StoreError> {
    let row: Option<Settings> = database
        .orm()
        .one(sql(
            "select current_setting('server_version_num')::int as version, current_setting('max_locks_per_transaction')::bigint as locks, \
             current_setting('max_connections')::bigint as most, current_setting('max_prepared_transactions')::bigint as prepared, \
             (select count(*) from pg_stat_activity where backend_type = 'client backend') as used, \
             (select count(*) from pg_class where relkind in ('r', 'i', 'S', 't')) as relations, \
             current_setting('recovery_init_sync_method') as sync_method, \
             current_setting('fsync')::bool and current_setting('full_page_writes')::bool as durable, \
             current_setting('autovacuum_vacuum_threshold')::bigint as vacuum_threshold, clock_timestamp() as now",
            [],
        ))
        .await?;
    let Some(is) = row else { return Ok(()) };
    let version = Look {
        code: "postgres_old",
        what: "Postgres is 15 or newer",
        otherwise: Severity::Failure,
        advice: "upgrade Postgres",
    };
    found.push(version.saw((is.version < 150_000).then(|| format!("it is {}", is.version / 10_000))));
    let durable = Look {
        code: "durability_off",
        what: "what is acknowledged survives a power cut",
        otherwise: Severity::Warning,
        advice: "set fsync and full_page_writes to on; off is for tests only",
    };
    found.push(durable.saw((!is.durable).then(|| "fsync or full_page_writes is off".to_owned())));
    let (slots, wanted) = (is.locks * (is.most + is.prepared), is.relations);
    let locks = Look {
        code: "locks_few",
        what: "there are locks enough for a dump of all companies",
        otherwise: Severity::Warning,
        advice: "raise max_locks_per_transaction (1024 is good) and restart Postgres, or dump companies one by one",
    };
    found.push(locks.saw((slots < wanted).then(|| format!("{slots} locks for {wanted} tables and indexes"))));
    let sync = Look {
        code: "recovery_slow",
        what: "a restart after a crash is quick",
        otherwise: Severity::Warning,
        advice: "set recovery_init_sync_method to syncfs: else a restart opens every file of every company",
    };
    let slow = is.relations > MANY_FILES && is.sync_method != "syncfs";
    found.push(
        sync.saw(slow.then(|| format!("{} files, recovery_init_sync_method is {}", is.relations, is.sync_method))),
    );
    let left = is.most - is.used;
    let connections = Look {
        code: "connections_few",
        what: "Postgres has connections left",
        otherwise: Severity::Warning,
        advice: "raise max_connections, or lower FRONTDESK_DB_CONNECTIONS and FRONTDESK_DB_LANES of the servers",
    };
    found.push(connections.saw((left * 10 < is.most).then(|| format!("{} of {} are in use", is.used, is.most))));
    let vacuum = Look {
        code: "autovacuum_busy",
        what: "autovacuum leaves thousands of tiny tables alone",
        otherwise: Severity::Warning,
        advice: "set autovacuum_vacuum_threshold and autovacuum_analyze_threshold to 1000: each run over a tiny table makes \
                 every connection plan its statements anew",
    };
    let busy = is.relations > MANY_FILES && is.vacuum_threshold < 500;
    found.push(vacuum.saw(busy.then(|| format!("autovacuum_vacuum_threshold is {}", is.vacuum_threshold))));
    let skew = (is.now - here).num_seconds();
    let clocks = Look {
        code: "clocks_differ",
        what: "the database and this machine agree on the time",
        otherwise: Severity::Warning,
        advice: "run a time service (chrony, systemd-timesyncd) on both",
    };
    found.push(clocks.saw((skew.abs() > SKEW_SECONDS).then(|| format!("they are {skew} s apart"))));
    Ok(())
}

async fn login(database: &Database, found: &mut Vec<Finding>) -> Result<(), StoreError> {
    let strong = Look {
        code: "login_too_strong",
        what: "the login role can do no more than it must",
        otherwise: Severity::Failure,
        advice: "alter role … nosuperuser nobypassrls noreplication noinherit: with any of these the fence does not hold",
    };
    found.push(
        strong.saw_all(
            &names(
                database,
                sql(
                    "select unnest(array_remove(array[case when rolsuper then 'superuser' end, case when rolbypassrls then 'bypassrls' end, \
                     case when rolreplication then 'replication' end, case when rolinherit then 'inherit' end], null)) as name \
                     from pg_roles where rolname = session_user",
                    [],
                ),
            )
            .await?,
        ),
    );
    let weak = Look {
        code: "login_too_weak",
        what: "the login role can make companies",
        otherwise: Severity::Failure,
        advice: "alter role … createrole, and alter database … owner to it",
    };
    found.push(
        weak.saw_all(
            &names(
                database,
                sql(
                    "select unnest(array_remove(array[case when not rolcreaterole then 'no createrole' end, \
                     case when not has_database_privilege(current_database(), 'create') then 'no right to make schemas' end], null)) as name \
                     from pg_roles where rolname = session_user",
                    [],
                ),
            )
            .await?,
        ),
    );
    let reach = Look {
        code: "login_reaches_tenants",
        what: "the login role itself reaches no company's tables",
        otherwise: Severity::Failure,
        advice: "revoke what was granted on these schemas to it or to public",
    };
    found.push(
        reach.saw_all(
            &names(
                database,
                sql(
                    "select nspname::text as name from pg_namespace where nspname ~ '^t_[0-9a-z]{26}$' \
                     and has_schema_privilege(session_user, oid, 'usage') order by 1 limit 100",
                    [],
                ),
            )
            .await?,
        ),
    );
    Ok(())
}

async fn fence(database: &Database, found: &mut Vec<Finding>) -> Result<(), StoreError> {
    let roles = Look {
        code: "tenant_role_loose",
        what: "a company's role can do nothing but own its schema",
        otherwise: Severity::Failure,
        advice: "alter role … nologin noinherit nosuperuser nocreaterole nocreatedb nobypassrls noreplication",
    };
    found.push(
        roles.saw_all(
            &names(
                database,
                sql(
                    "select rolname::text as name from pg_roles where rolname ~ '^t_[0-9a-z]{26}$' and (rolcanlogin or rolinherit \
                     or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication) order by 1 limit 100",
                    [],
                ),
            )
            .await?,
        ),
    );
    let members = Look {
        code: "tenant_role_shared",
        what: "nobody but the login role may become a company's role",
        otherwise: Severity::Failure,
        advice: "revoke these memberships",
    };
    found.push(
        members.saw_all(
            &names(
                database,
                sql(
                    "select format('%s may become %s', m.rolname, r.rolname) as name from pg_auth_members a \
                     join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member \
                     where (r.rolname ~ '^t_[0-9a-z]{26}$' and m.rolname <> session_user and not m.rolsuper) \
                     or m.rolname ~ '^t_[0-9a-z]{26}$' order by 1 limit 100",
                    [],
                ),
            )
            .await?,
        ),
    );
    let granted = Look {
        code: "tenant_schema_open",
        what: "a company's schema and tables are its role's alone",
        otherwise: Severity::Failure,
        advice: "alter … owner to the company's role, and revoke what others were granted",
    };
    found.push(
        granted.saw_all(
            &names(
                database,
                sql(
                    "select n.nspname::text as name from pg_namespace n where n.nspname ~ '^t_[0-9a-z]{26}$' \
                     and (pg_get_userbyid(n.nspowner) <> n.nspname or exists (select from aclexplode(n.nspacl) g where g.grantee <> n.nspowner)) \
                     union select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                     where n.nspname ~ '^t_[0-9a-z]{26}$' and c.relkind in ('r', 'v', 'm', 'S', 'p') \
                     and (c.relowner <> n.nspowner or (c.relacl is not null \
                     and exists (select from aclexplode(c.relacl) g where g.grantee <> c.relowner))) order by 1 limit 100",
                    [],
                ),
            )
            .await?,
        ),
    );
    loopholes(database, found).await
}

/// What lends rights to whoever asks.
async fn loopholes(database: &Database, found: &mut Vec<Finding>) -> Result<(), StoreError> {
    let definer = Look {
        code: "security_definer",
        what: "no function lends its owner's rights to a search path of the caller's",
        otherwise: Severity::Failure,
        advice: "drop these functions, or alter function … set search_path = pg_catalog",
    };
    found.push(
        definer.saw_all(
            &names(
                database,
                sql(
                    "select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
                     where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema') \
                     and not exists (select from unnest(p.proconfig) c where c like 'search_path=%') order by 1 limit 100",
                    [],
                ),
            )
            .await?,
        ),
    );
    let public = Look {
        code: "public_schema_open",
        what: "nobody can make tables in the schema public",
        otherwise: Severity::Failure,
        advice: "revoke all on schema public from public",
    };
    let open = number(
        database,
        sql(
            "select count(*) as number from pg_namespace n cross join lateral aclexplode(n.nspacl) g \
             where n.nspname = 'public' and g.grantee = 0 and g.privilege_type = 'CREATE'",
            [],
        ),
    );
    found.push(public.saw((open.await? > 0).then(|| "everybody may create there".to_owned())));
    Ok(())
}
