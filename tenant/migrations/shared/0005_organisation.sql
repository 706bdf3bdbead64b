-- A group of companies (brands of one house): managed together, each with its own schema, people and look.
create table shared.organisation (
    id         uuid primary key,
    name       text not null,
    created_at timestamptz not null
);
create table shared.organisation_admin (
    organisation_id uuid not null references shared.organisation,
    login_id        uuid not null references shared.login,
    created_at      timestamptz not null,
    primary key (organisation_id, login_id)
);
create index organisation_admin_login on shared.organisation_admin (login_id);
alter table shared.account add column organisation_id uuid references shared.organisation;
create index account_organisation on shared.account (organisation_id) where organisation_id is not null;

-- A company goes into a group, or out of it, when both sides want it: one asks, the other answers.
create table shared.organisation_move (
    account_id      uuid primary key references shared.account,
    organisation_id uuid not null references shared.organisation,
    direction       text not null check (direction in ('join', 'leave')),
    asked_by        text not null check (asked_by in ('account', 'organisation')),
    asked_at        timestamptz not null
);
create index organisation_move_organisation on shared.organisation_move (organisation_id);
