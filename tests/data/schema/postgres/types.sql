CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine"', 'back\slash', '', ' blank ', '🦀', 'a,b{c}');
ALTER TYPE mood ADD VALUE 'between' AFTER 'sad';
CREATE TYPE no_values AS ENUM ();
COMMENT ON TYPE mood IS 'how one feels';
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN name_of AS varchar(30) COLLATE "C" DEFAULT 'nobody' NOT NULL CONSTRAINT short CHECK (length(VALUE) < 20)
    CONSTRAINT filled CHECK (VALUE <> '');
ALTER DOMAIN name_of ADD CONSTRAINT unproven CHECK (VALUE !~ '\s') NOT VALID;
CREATE DOMAIN small_positive AS positive DEFAULT 1 + 1 CHECK (VALUE < 100);
CREATE DOMAIN moods AS mood[] CHECK (cardinality(VALUE) < 5);
COMMENT ON DOMAIN positive IS 'more than nothing';
COMMENT ON CONSTRAINT short ON DOMAIN name_of IS 'fits the form';
CREATE TYPE address AS (street text COLLATE "C", "House No" positive, tags text[], feels mood);
CREATE TYPE person AS (name name_of, homes address[]);
CREATE TYPE empty AS ();
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TYPE words AS RANGE (subtype = text, collation = "C", subtype_opclass = text_pattern_ops, multirange_type_name = many_words);
CREATE TYPE myrangetype AS RANGE (subtype = positive);
COMMENT ON TYPE span IS 'from here to there';
CREATE TABLE uses (a mood DEFAULT 'ok', b moods, c address, d person[], e span, f many_words, g small_positive, h mood[],
    i myrangetype);
CREATE TABLE rows_of_it (a mood, b positive);
CREATE TABLE holds_rows (r rows_of_it, many rows_of_it[]);
CREATE TYPE shape AS (a integer, b text);
CREATE TABLE shaped OF shape (PRIMARY KEY (a), b DEFAULT 'x' NOT NULL);
