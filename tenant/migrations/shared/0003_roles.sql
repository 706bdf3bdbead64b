-- Roles that companies have made: rights, and how far their holders see. What a company may do is the directory's affair, as it is
-- asked before a company's schema is entered.
create table shared.custom_role (
    id          uuid primary key,
    account_id  uuid not null references shared.account,
    name        text not null,
    description text not null,
    permissions jsonb not null,
    visibility  text not null check (visibility in ('all', 'teams', 'own')),
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    -- What names a role names its company with it, so that nobody holds a role of another company.
    constraint custom_role_account_key unique (account_id, id)
);
create unique index custom_role_name_key on shared.custom_role (account_id, lower(name));

-- Whoever holds one is an agent to programs that know only the four roles.
alter table shared.membership
    add column custom_role_id uuid,
    add constraint membership_custom_role foreign key (account_id, custom_role_id) references shared.custom_role (account_id, id),
    add constraint membership_custom_role_agent check (custom_role_id is null or role = 'agent');
create index membership_custom_role on shared.membership (custom_role_id) where custom_role_id is not null;

-- An invitation that is over does not keep its role.
alter table shared.invitation
    add column custom_role_id uuid,
    add constraint invitation_custom_role foreign key (account_id, custom_role_id) references shared.custom_role (account_id, id)
        on delete set null (custom_role_id),
    add constraint invitation_custom_role_agent check (custom_role_id is null or role = 'agent');
