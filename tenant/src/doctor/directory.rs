//! The directory against what is there: levels, spares, half-made companies, orphans, and what waits to be done.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;

use super::{Finding, Look, Severity, names, number};
use crate::world::World;
use crate::{migrate, provision};

/// A signup that takes longer was cut short, and nobody finishes it.
const HALF_MADE_AFTER: TimeDelta = TimeDelta::minutes(3);
/// A job that has been due for longer has nobody who does it.
const LATE_AFTER: TimeDelta = TimeDelta::minutes(5);
/// So many unpublished facts of one company have nobody who publishes them.
const OUTBOX_FULL: i64 = 10_000;
/// A moved company's old copy is not needed for longer.
const COPY_KEPT: TimeDelta = TimeDelta::days(7);

pub(super) async fn examine(world: &World, found: &mut Vec<Finding>) -> Result<(), StoreError> {
    let level = Look {
        code: "schema_behind",
        what: "every schema is at the level of this program",
        otherwise: Severity::Failure,
        advice: "run `frontdesk migrate`; `frontdesk tenant levels` says which are behind",
    };
    let current = migrate::is_current(&world.database).await?;
    found.push(level.saw((!current).then(|| "some are not".to_owned())));
    let spares = Look {
        code: "spares_none",
        what: "spare schemas are ready for signups",
        otherwise: Severity::Warning,
        advice: "start `frontdesk work` (or a server without --no-work); until then a signup makes its own and takes longer",
    };
    found.push(spares.saw((provision::spares(world).await? == 0).then(|| "there is none".to_owned())));
    places(world, found).await?;
    waiting(world, found).await
}

/// Where companies are said to be, and what is there.
async fn places(world: &World, found: &mut Vec<Finding>) -> Result<(), StoreError> {
    #[derive(FromQueryResult)]
    struct Place {
        schema_name: String,
        database: Option<String>,
    }
    let orm = world.database.orm();
    let wanted: Vec<Place> =
        orm.all(sql("select schema_name, database from shared.account where status not in ('deleting', 'deleted') union all select schema_name, null from shared.spare_schema", [])).await?;
    let allowed: Vec<Place> = orm
        .all(sql(
            "select schema_name, database from shared.left_behind union all select schema_name, database from shared.account where status = 'deleting' union all select schema_name, moving_to from shared.account where moving_since is not null",
            [],
        ))
        .await?;
    let by_site = |places: Vec<Place>| {
        let mut all: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
        for place in places {
            all.entry(place.database).or_default().insert(place.schema_name);
        }
        all
    };
    let (wanted, allowed) = (by_site(wanted), by_site(allowed));
    let (mut missing, mut orphans, mut roles) = (Vec::new(), Vec::new(), Vec::new());
    let known: BTreeSet<&String> = wanted.values().chain(allowed.values()).flatten().collect();
    for name in wanted.keys().chain(allowed.keys()).flatten() {
        if world.sites.get(Some(name)).is_err() {
            missing.push(format!("the whole database {name}"));
        }
    }
    for site in world.sites.all() {
        let place = site.name.as_deref().map(ToOwned::to_owned);
        let there = names(
            &site.database,
            sql("select nspname::text as name from pg_namespace where nspname ~ '^t_[0-9a-z]{26}$'", []),
        );
        let there: BTreeSet<String> = there.await?.into_iter().collect();
        let none = BTreeSet::new();
        let (wanted, allowed) = (wanted.get(&place).unwrap_or(&none), allowed.get(&place).unwrap_or(&none));
        missing.extend(wanted.difference(&there).map(|schema| format!("{schema} in {}", site.label())));
        let strays = there.iter().filter(|schema| !wanted.contains(*schema) && !allowed.contains(*schema));
        orphans.extend(strays.map(|schema| format!("{schema} in {}", site.label())));
        let all = names(
            &site.database,
            sql(
                "select rolname::text as name from pg_roles r where rolname ~ '^t_[0-9a-z]{26}$' \
                 and pg_has_role(session_user, r.oid, 'member') and not exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid)",
                [],
            ),
        );
        roles.extend(all.await?.into_iter().filter(|role| !known.contains(role)));
    }
    let lost = Look {
        code: "schema_missing",
        what: "every company's schema is where the directory says",
        otherwise: Severity::Failure,
        advice: "restore these companies from a backup, or give this server the address of their database (FRONTDESK_DATABASES)",
    };
    found.push(lost.saw_all(&missing));
    let stray = Look {
        code: "schema_orphan",
        what: "every schema is some company's",
        otherwise: Severity::Warning,
        advice: "look at what they hold, then drop schema … cascade",
    };
    found.push(stray.saw_all(&orphans));
    roles.sort_unstable();
    roles.dedup();
    let idle = Look {
        code: "role_orphan",
        what: "every company's role owns something",
        otherwise: Severity::Warning,
        advice: "drop these roles",
    };
    found.push(idle.saw_all(&roles));
    books(world, found).await
}

/// Whether the directory agrees with itself.
async fn books(world: &World, found: &mut Vec<Finding>) -> Result<(), StoreError> {
    let unlevelled = Look {
        code: "level_unknown",
        what: "the level of every schema is written down",
        otherwise: Severity::Failure,
        advice: "insert the missing rows into shared.schema_level with version 0, then run `frontdesk migrate`",
    };
    let without = names(
        &world.database,
        sql(
            "select schema_name as name from shared.account where status not in ('deleting', 'deleted') \
             and schema_name not in (select schema_name from shared.schema_level) \
             union select schema_name from shared.spare_schema where schema_name not in (select schema_name from shared.schema_level) order by 1 limit 100",
            [],
        ),
    );
    found.push(unlevelled.saw_all(&without.await?));
    let twice = Look {
        code: "schema_given_twice",
        what: "no spare schema is already a company's",
        otherwise: Severity::Failure,
        advice: "delete these rows of shared.spare_schema at once",
    };
    let both = names(
        &world.database,
        sql("select schema_name as name from shared.account join shared.spare_schema using (schema_name)", []),
    );
    found.push(twice.saw_all(&both.await?));
    Ok(())
}

/// What should have happened by now.
async fn waiting(world: &World, found: &mut Vec<Finding>) -> Result<(), StoreError> {
    let (database, now) = (&world.database, world.now());
    let half = Look {
        code: "account_half_made",
        what: "every signup was finished",
        otherwise: Severity::Failure,
        advice: "start `frontdesk work`; it finishes them within half a minute, or says in its log why it cannot",
    };
    let slugs = names(
        database,
        sql(
            "select slug as name from shared.account where status = 'provisioning' and created_at < $1 order by 1 limit 100",
            [(now - HALF_MADE_AFTER).into()],
        ),
    );
    found.push(half.saw_all(&slugs.await?));
    let ownerless = Look {
        code: "account_without_owner",
        what: "every company has an owner",
        otherwise: Severity::Failure,
        advice: "make one of its members its owner",
    };
    let slugs = names(
        database,
        sql(
            "select slug as name from shared.account a where status in ('active', 'suspended') and not exists (select from shared.membership m \
             where m.account_id = a.id and m.role = 'owner' and m.disabled_at is null) order by 1 limit 100",
            [],
        ),
    );
    found.push(ownerless.saw_all(&slugs.await?));
    let moving = Look {
        code: "move_unfinished",
        what: "no company is stuck on its way to another database",
        otherwise: Severity::Warning,
        advice: "run its `frontdesk tenant move` again: it goes on, or with --abort it stays where it was",
    };
    let slugs = names(
        database,
        sql(
            "select slug as name from shared.account where moving_since < $1 order by 1 limit 100",
            [(now - HALF_MADE_AFTER).into()],
        ),
    );
    found.push(moving.saw_all(&slugs.await?));
    let copies = Look {
        code: "copy_left_behind",
        what: "old copies of moved companies are gone",
        otherwise: Severity::Warning,
        advice: "run `frontdesk tenant drop-copies`",
    };
    let old = names(
        database,
        sql(
            "select format('%s in %s', schema_name, coalesce(database, 'home')) as name from shared.left_behind where since < $1 order by 1 limit 100",
            [(now - COPY_KEPT).into()],
        ),
    );
    found.push(copies.saw_all(&old.await?));
    let late = Look {
        code: "jobs_late",
        what: "jobs are done when they are due",
        otherwise: Severity::Failure,
        advice: "start `frontdesk work`, or look in its log for why jobs fail",
    };
    let count = number(
        database,
        sql(
            "select count(*) as number from shared.job where gave_up_at is null and run_at < $1 and (locked_until is null or locked_until < $1)",
            [(now - LATE_AFTER).into()],
        ),
    );
    let count = count.await?;
    found.push(late.saw((count > 0).then(|| format!("{count} wait"))));
    let given_up = Look {
        code: "jobs_given_up",
        what: "no job was given up",
        otherwise: Severity::Warning,
        advice: "read last_error in shared.job; set gave_up_at to null to have them tried again, or delete them",
    };
    let count =
        number(database, sql("select count(*) as number from shared.job where gave_up_at is not null", [])).await?;
    found.push(given_up.saw((count > 0).then(|| format!("{count} were"))));
    let outbox = Look {
        code: "outbox_full",
        what: "what happened is published",
        otherwise: Severity::Warning,
        advice: "check NATS; a server or `frontdesk work` publishes what is left within half a minute",
    };
    let mut full = Vec::new();
    for site in world.sites.all() {
        let question = sql(
            "select format('%s (about %s)', schemaname, n_live_tup) as name from pg_stat_user_tables where relname = 'outbox' and n_live_tup > $1 order by n_live_tup desc limit 100",
            [OUTBOX_FULL.into()],
        );
        full.extend(names(&site.database, question).await?);
    }
    found.push(outbox.saw_all(&full));
    Ok(())
}
