-- By what the company's directory knows a team; nothing for which no directory has named. Additive: a column without a default.
alter table team add column external_id text constraint team_external_key unique;
