-- How long those who look at the line, in whatever process, leave it alone after a look. Without it each process looked as often as if it
-- were alone, and a long line was read once for each of them. Additive: a column without a default.
alter table waiting_room add column rest_until timestamptz;
