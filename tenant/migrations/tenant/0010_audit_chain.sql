-- The audit log only grows, and every row seals the one before it: a row that was changed, taken out or slipped in is found.
--
-- Additive: columns without defaults, and a table of one row. What was written before the chain began stays as it is.
alter table audit
    -- Its place in the chain: 1, 2, 3 … without gaps. Null for what was written before there was one.
    add column number      bigint,
    -- The detail is sealed by a salted hash of its own, so that it can be erased and the chain still holds.
    add column salt        uuid,
    add column detail_hash bytea,
    add column hash        bytea;
create unique index audit_number_key on audit (number);

-- The end of the chain. Its row is the turn of whoever writes next. `cut`: the newest row that was removed when its time was over.
create table audit_head (
    singleton  boolean primary key default true constraint audit_head_only_one check (singleton),
    number     bigint not null,
    hash       bytea not null,
    cut_number bigint not null,
    cut_hash   bytea not null
);
insert into audit_head (number, hash, cut_number, cut_hash) values (0, '', 0, '');

-- Nobody rewrites it by mistake: not even the company's own role may, unless it says so first.
revoke update, delete, truncate on audit from current_user;
