-- A company that is switched off by its owner, who may switch it on again; one that the operator has switched off is not theirs to.
alter table shared.account add column suspended_by_owner boolean not null default false;
