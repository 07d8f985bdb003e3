CREATE TABLE numbers (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'it''s \\ a "key"\nof two lines',
    tiny TINYINT(1) DEFAULT TRUE,
    small SMALLINT(3) ZEROFILL,
    big BIGINT UNSIGNED DEFAULT 18446744073709551615,
    price DECIMAL(10,2) UNSIGNED ZEROFILL DEFAULT 1.5,
    negative INT NOT NULL DEFAULT -5,
    summed INT DEFAULT (1 + 2),
    ratio DOUBLE DEFAULT 1e10,
    rough FLOAT(10,3),
    bits BIT(8) DEFAULT b'101',
    since YEAR DEFAULT 2020
) AUTO_INCREMENT = 77 COMMENT 'numbers, ''quoted'' and \\';
CREATE TABLE texts (
    plain VARCHAR(20) NOT NULL DEFAULT '',
    latin VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'a''b\\',
    utf8 VARCHAR(20) CHARACTER SET utf8mb4 DEFAULT 'a\nb\t é 🦀 ?',
    wordy CHAR(10) DEFAULT 'NULL',
    now_text VARCHAR(30) DEFAULT 'current_timestamp()',
    computed VARCHAR(30) DEFAULT concat('a\nb', 'é', user()),
    bytes BINARY(3) DEFAULT x'00FF41',
    more VARBINARY(9) DEFAULT x'3F3F27',
    blobs BLOB DEFAULT 'x',
    squeezed VARCHAR(100) COMPRESSED,
    pressed TEXT COMPRESSED COMMENT 'pressed',
    national NATIONAL VARCHAR(5),
    choice ENUM('a', 'b''c', 'd\\', 'e,f') DEFAULT 'a',
    choices SET('x', 'Y') CHARACTER SET latin1 DEFAULT 'x,Y'
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
CREATE TABLE times (
    day DATE DEFAULT (curdate() + INTERVAL 1 DAY),
    at TIME(3),
    stamp TIMESTAMP NULL,
    changed TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    made DATETIME DEFAULT now(),
    exact DATETIME(6) DEFAULT now(6) ON UPDATE now(6),
    fixed DATETIME DEFAULT '2020-02-02 02:02:02'
);
SET sql_mode = '';
CREATE TABLE zero (day DATE NOT NULL DEFAULT '0000-00-00', month DATE DEFAULT '2020-01-00');
CREATE TABLE others (
    document JSON,
    required JSON NOT NULL DEFAULT '{}',
    by_hand LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin CHECK (json_valid(by_hand)),
    stricter LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin CHECK (json_valid(stricter) AND 1),
    restricted JSON CHECK (restricted <> ''),
    short VARCHAR(10) CHECK (json_valid(short)),
    id UUID DEFAULT uuid(),
    address INET6,
    place POINT REF_SYSTEM_ID=4326 NOT NULL,
    shape GEOMETRY,
    hidden INT INVISIBLE,
    needed INT NOT NULL INVISIBLE DEFAULT 3
);
CREATE TABLE binary_json (document JSON) COLLATE utf8mb4_bin;
CREATE TABLE generated (
    a INT,
    twice INT AS (a * 2) VIRTUAL,
    kept INT AS (a + 1) PERSISTENT UNIQUE COMMENT 'kept',
    hidden INT AS (a) VIRTUAL INVISIBLE,
    text VARCHAR(30) COLLATE utf8mb4_bin AS (concat(a, "x", 'it''s')) STORED,
    CHECK (a > 0)
) COLLATE utf8mb4_general_ci;
CREATE SEQUENCE counter START WITH 5 INCREMENT BY 3 MAXVALUE 100 CYCLE NOCACHE COMMENT 'it''s';
CREATE SEQUENCE plain;
CREATE SEQUENCE falling INCREMENT BY -2 ENGINE = Aria;
CREATE TABLE counted (id BIGINT NOT NULL DEFAULT NEXTVAL(counter), other BIGINT DEFAULT (NEXT VALUE FOR plain * 2));
