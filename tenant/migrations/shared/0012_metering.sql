-- When a batch was last tried: only some time after that do the provider's sums say whether it has arrived.
alter table shared.meter_batch add column last_try_at timestamptz;
update shared.meter_batch set last_try_at = now() where first_try_at is not null and state in ('pending', 'sent');

-- When a period last began before the one of before was over, by a change between monthly and yearly: that one's invoice was final at
-- once, and takes no more usage.
alter table shared.subscription add column turned_at timestamptz;

-- What an event says is looked up, never read again, and names people: it is not kept. The column stays for servers of before.
alter table shared.stripe_event alter column body set default '';
update shared.stripe_event set body = '' where body <> '';
create index stripe_event_over on shared.stripe_event (received_at) where state <> 'pending';
