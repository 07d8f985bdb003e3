CREATE TABLE parents (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY both_ (a, b));
CREATE TABLE children (
    id INT PRIMARY KEY,
    plain INT,
    named INT,
    a INT,
    b INT,
    of INT,
    FOREIGN KEY (plain) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE SET NULL,
    CONSTRAINT named FOREIGN KEY (named) REFERENCES parents (id) ON DELETE RESTRICT,
    CONSTRAINT a_name_that_is_exactly_as_long_as_the_server_takes_it_64_bytes__ FOREIGN KEY (a, b) REFERENCES parents (a, b),
    CONSTRAINT `it``s` FOREIGN KEY (of) REFERENCES children (id) ON DELETE NO ACTION ON UPDATE CASCADE
);
CREATE TABLE circle (id INT PRIMARY KEY, other INT);
CREATE TABLE ring (id INT PRIMARY KEY, other INT, FOREIGN KEY (other) REFERENCES circle (id));
ALTER TABLE circle ADD FOREIGN KEY (other) REFERENCES ring (id);
CREATE TABLE a_child_before_its_parent (id INT REFERENCES parents (id));
CREATE TABLE indexes (
    x INT,
    y INT,
    k VARCHAR(100) NOT NULL DEFAULT '',
    t TEXT,
    PRIMARY KEY (k(10) DESC, x) COMMENT 'first',
    UNIQUE KEY u (x, y) COMMENT 'it''s \\',
    KEY (k(3) DESC, y),
    FULLTEXT KEY words (k, t) COMMENT 'words',
    KEY `K 2` (y) IGNORED,
    KEY `k``3` (t(5)),
    UNIQUE KEY long_unique (t)
) ROW_FORMAT = DYNAMIC;
CREATE TABLE memory (a INT, b INT, KEY (a), KEY kb USING BTREE (b), PRIMARY KEY USING BTREE (b)) ENGINE = MEMORY MAX_ROWS = 100;
CREATE TABLE shapes (g GEOMETRY NOT NULL, p POINT NOT NULL, SPATIAL INDEX (g), SPATIAL KEY named (p));
CREATE TABLE myisam_shapes (g GEOMETRY NOT NULL, SPATIAL INDEX (g)) ENGINE = MyISAM;
CREATE TABLE checks (
    a INT CHECK (a > 0),
    b VARCHAR(10) CHECK (b <> 'it''s \\'),
    CONSTRAINT named CHECK (a > 1),
    CHECK (a < 10),
    CHECK (b LIKE '%\\_%'),
    CONSTRAINT `it``s` CHECK (a <> 3 OR b IS NULL)
);
CREATE TABLE squeezed (a INT) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8 STATS_PERSISTENT = 1 PAGE_CHECKSUM = 0;
CREATE TABLE pressed (a INT) PAGE_COMPRESSED = 1 PAGE_COMPRESSION_LEVEL = 3;
CREATE TABLE aria (a INT) ENGINE = Aria TRANSACTIONAL = 0 PAGE_CHECKSUM = 1;
CREATE TABLE one (a INT, KEY (a)) ENGINE = MyISAM CHECKSUM = 1 DELAY_KEY_WRITE = 1 PACK_KEYS = 1;
CREATE TABLE sheet (a INT NOT NULL) ENGINE = CSV;
CREATE TABLE old (a INT) DEFAULT CHARSET = latin1;
