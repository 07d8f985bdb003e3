CREATE SCHEMA ext;
CREATE EXTENSION hstore SCHEMA ext;
CREATE EXTENSION citext;
CREATE EXTENSION cube;
CREATE EXTENSION earthdistance;
CREATE TABLE t (h ext.hstore, c citext PRIMARY KEY, d citext[]);
CREATE INDEX by_h ON t USING gin (h ext.gin_hstore_ops);
CREATE INDEX by_h_default ON t USING gin (h);
