CREATE EXTENSION btree_gist;
CREATE TABLE parents (
    a integer, b integer, c text NOT NULL, d text,
    CONSTRAINT parents_key PRIMARY KEY (a, b) INCLUDE (c) WITH (fillfactor = 80),
    CONSTRAINT once UNIQUE NULLS NOT DISTINCT (c),
    CONSTRAINT later UNIQUE (c, d) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT maybe_later UNIQUE (d) DEFERRABLE,
    UNIQUE (b) INCLUDE (c, d),
    CHECK (a > 0 AND b < 10 OR c IS NULL),
    CONSTRAINT "quoted ""check""" CHECK (c <> 'it''s' AND d ~ '^\d+$') NO INHERIT
);
ALTER TABLE parents ADD CONSTRAINT unproven CHECK (length(d) > 3) NOT VALID;
COMMENT ON CONSTRAINT unproven ON parents IS 'for new rows';
COMMENT ON CONSTRAINT parents_key ON parents IS 'the key';
CREATE UNIQUE INDEX by_b ON parents (b);
CREATE TABLE children (
    id integer PRIMARY KEY, a integer DEFAULT 1, b integer, self integer REFERENCES children,
    CONSTRAINT full_match FOREIGN KEY (a, b) REFERENCES parents MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL,
    CONSTRAINT some_columns FOREIGN KEY (a, b) REFERENCES parents (a, b) ON DELETE SET DEFAULT (a),
    CONSTRAINT to_index FOREIGN KEY (b) REFERENCES parents (b) ON DELETE RESTRICT ON UPDATE SET DEFAULT
        DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE children ADD CONSTRAINT unproven FOREIGN KEY (a) REFERENCES children NOT VALID;
ALTER TABLE parents ADD CONSTRAINT back FOREIGN KEY (a) REFERENCES children DEFERRABLE;
COMMENT ON CONSTRAINT back ON parents IS 'a circle';
CREATE TABLE bookings (
    room integer, during tstzrange,
    CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (room > 0) DEFERRABLE INITIALLY DEFERRED,
    EXCLUDE USING gist (during WITH &&) WITH (fillfactor = 60)
);
COMMENT ON CONSTRAINT no_overlap ON bookings IS 'one at a time';
