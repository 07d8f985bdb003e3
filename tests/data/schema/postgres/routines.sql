CREATE TYPE pair AS (a integer, b text);
CREATE TABLE t (id integer PRIMARY KEY, a text);
CREATE FUNCTION plain(a integer, b text DEFAULT 'x;y', VARIADIC c integer[] DEFAULT '{}') RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 7 AS $$ SELECT 'it''s'; $$;
CREATE FUNCTION plain(a text) RETURNS text LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION outs(IN a integer, OUT b integer, INOUT c text) LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, "weird, path" SET work_mem = '1MB' AS $body$ BEGIN b := 1; -- $$ comment
    END $body$;
CREATE FUNCTION many() RETURNS SETOF t LANGUAGE sql ROWS 5 AS 'SELECT * FROM t';
CREATE FUNCTION tabular(n integer) RETURNS TABLE (x integer, y pair) LANGUAGE sql AS 'SELECT 1, NULL::pair';
CREATE FUNCTION standard(low integer) RETURNS bigint BEGIN ATOMIC; SELECT count(*) FROM t WHERE id > low; SELECT 3::bigint; END;
CREATE FUNCTION one_line(a integer) RETURNS integer RETURN a + 1;
CREATE FUNCTION later_table() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE work(a integer, INOUT b integer) LANGUAGE plpgsql AS 'BEGIN b := a; END';
CREATE PROCEDURE work_atomic(v text) BEGIN ATOMIC INSERT INTO t VALUES (1, v); END;
CREATE FUNCTION row_type(t) RETURNS pair LANGUAGE sql AS 'SELECT 1, NULL';
CREATE FUNCTION add_up(state numeric, next numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT state + next';
CREATE FUNCTION finish(state numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT state';
CREATE AGGREGATE total(numeric) (SFUNC = add_up, STYPE = numeric, FINALFUNC = finish, INITCOND = '0', COMBINEFUNC = add_up,
    PARALLEL = SAFE);
CREATE AGGREGATE smallest(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = <);
CREATE AGGREGATE moving(float8) (SFUNC = float8pl, STYPE = float8, MSFUNC = float8pl, MINVFUNC = float8mi, MSTYPE = float8,
    INITCOND = '0', MINITCOND = '0');
CREATE AGGREGATE nth(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
    FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE FUNCTION count_all(state bigint) RETURNS bigint LANGUAGE sql AS 'SELECT state + 1';
CREATE AGGREGATE all_rows(*) (SFUNC = count_all, STYPE = bigint, INITCOND = '0');
COMMENT ON FUNCTION plain(text) IS 'the second';
COMMENT ON PROCEDURE work(integer, integer) IS 'works';
COMMENT ON AGGREGATE total(numeric) IS 'totals';
COMMENT ON AGGREGATE nth(float8 ORDER BY anyelement) IS 'ordered';
COMMENT ON AGGREGATE all_rows(*) IS 'all';
CREATE VIEW uses AS SELECT total(id), standard(3) FROM t;
CREATE FUNCTION windowed() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
