-- The role and the database that Frontdesk logs in with. Run by psql as a superuser, as often as you like:
--     FRONTDESK_DATABASE_PASSWORD=… psql -f init.sql
-- The role owns its database and nothing else. It may create roles because each tenant has one of its own, and it
-- inherits none of their rights: a query outside a tenant's transaction finds no table.
\getenv password FRONTDESK_DATABASE_PASSWORD

select 'create role frontdesk' where not exists (select from pg_roles where rolname = 'frontdesk') \gexec
alter role frontdesk login noinherit createrole nosuperuser nocreatedb noreplication nobypassrls password :'password';

select 'create database frontdesk owner frontdesk' where not exists (select from pg_database where datname = 'frontdesk') \gexec
\connect frontdesk
revoke all on schema public from public;
