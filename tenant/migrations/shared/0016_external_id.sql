-- By what a company's directory knows somebody; the company's own, as one person may be in several. Nothing for whom no directory has
-- named.
alter table shared.membership add column external_id text;
create unique index membership_external_key on shared.membership (account_id, external_id);
