-- Something has happened at the payment provider to somebody whom the notice did not name: the company is looked at. Empty once a look
-- that began later has been taken over.
alter table shared.subscription add column look_wanted_at timestamptz;

-- When an invoice was paid, and what of it is to be paid still, after credit: what comes in goes by these. What is known of before is
-- the next best, until the company is looked at again.
alter table shared.invoice add column paid_at timestamptz, add column open_minor bigint not null default 0;
update shared.invoice set paid_at = issued_at where status = 'paid';
update shared.invoice set open_minor = greatest(total_minor - paid_minor, 0) where status = 'open';

-- What coupons take off at the provider, as it was last seen: the next invoice is shown with it.
alter table shared.subscription add column discounts jsonb not null default '[]';
