CREATE SCHEMA "Other ""Schema""; DROP TABLE x; --";
CREATE SCHEMA "select";
COMMENT ON SCHEMA "select" IS 'a keyword';
CREATE TABLE "select"."from" ("where" integer PRIMARY KEY, "group" integer REFERENCES "select"."from");
CREATE TABLE "Other ""Schema""; DROP TABLE x; --"."T 'quoted' 🦀" (
    "Id" serial PRIMARY KEY, "a ""b""" text DEFAULT 'c', "order" integer, "tab	and
line" integer, CONSTRAINT "Fk ""1""" FOREIGN KEY ("order") REFERENCES "select"."from"
);
CREATE TABLE "MixedCase" ("A" integer, a integer, "ä" text);
CREATE INDEX "Ix" ON "MixedCase" ("A", a);
CREATE TABLE "user" ("table" text, "primary" integer CHECK ("primary" > 0));
CREATE TYPE "select"."enum" AS ENUM ('a');
CREATE TYPE "Enum" AS ENUM ('b');
CREATE TABLE uses (a "select"."enum" DEFAULT 'a', b "Enum"[], c "select"."from");
CREATE FUNCTION "select"."do"("in" integer) RETURNS "Enum" LANGUAGE sql AS 'SELECT ''b''::"Enum"';
CREATE VIEW "select"."view" AS SELECT "where", "select"."do"(1) AS "as" FROM "select"."from" f, "MixedCase" m WHERE m."A" = f."where";
CREATE SEQUENCE "select"."Seq" OWNED BY "select"."from"."group";
CREATE TABLE "select".part (a integer) PARTITION BY LIST (a);
CREATE TABLE part_1 PARTITION OF "select".part FOR VALUES IN (1);
CREATE TABLE "$dollar$" ("$1" text, "percent % s" text);
COMMENT ON COLUMN "$dollar$"."$1" IS $c$back\slash 'quote' "double" ; -- $$ $c$;
COMMENT ON TABLE "user" IS E'line\r\nbreak\ttab\\';
