-- Companies can live in other databases than the directory. A database is known by its name; its address is a setting of the
-- servers, never a row.
create table shared.database (
    name       text primary key check (name ~ '^[a-z][a-z0-9_]{0,30}$'),
    setting    text not null,
    created_at timestamptz not null
);
alter table shared.account
    -- None for the database of the directory.
    add column database     text constraint account_database_known references shared.database,
    -- While set, the company can be read and not written: it is on its way to `moving_to` (none for the directory's database).
    add column moving_since timestamptz,
    add column moving_to    text constraint account_moving_to_known references shared.database;
-- What a moved company has left where it came from, to be dropped when nobody will want to go back.
create table shared.left_behind (
    schema_name text not null,
    database    text references shared.database,
    account_id  uuid not null references shared.account,
    since       timestamptz not null
);
create unique index left_behind_place on shared.left_behind (schema_name, coalesce(database, ''));
