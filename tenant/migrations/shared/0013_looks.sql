-- Something has happened at the payment provider to somebody whom the notice did not name: the company is looked at. Empty once a look
-- that began later has been taken over.
alter table shared.subscription add column look_wanted_at timestamptz;
