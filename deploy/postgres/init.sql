-- Run once by the image, as the superuser, when its data volume is empty: a role and a database for each server, so that no server can
-- read or break what another one keeps. Every server makes and migrates its own tables.
\getenv database_password DATABASE_PASSWORD
\getenv reader_password READER_PASSWORD
\set servers '{mlflow,prefect,evidently,grafana,monitoring}'

SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', name, :'database_password') FROM unnest(:'servers'::text[]) AS name \gexec
SELECT format('CREATE DATABASE %I OWNER %I', name, name) FROM unnest(:'servers'::text[]) AS name \gexec
SELECT format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', name) FROM unnest(:'servers'::text[]) AS name \gexec

-- Whoever may look at Grafana can send any SQL through its data source: this role can read the tables of monitoring, and nothing else.
CREATE ROLE reader LOGIN PASSWORD :'reader_password';
ALTER ROLE reader SET default_transaction_read_only = on;
ALTER ROLE reader SET statement_timeout = '30s';
GRANT CONNECT ON DATABASE monitoring TO reader;
\connect monitoring
ALTER DEFAULT PRIVILEGES FOR ROLE monitoring GRANT SELECT ON TABLES TO reader;
