CREATE TABLE `select` (`from` INT, `a ``b` INT DEFAULT 1, `"` INT, `'` INT, ` leading` INT, `Ünïcödé 中` INT, `a\\b` INT,
    KEY `order` (`from`), KEY `"'` (`"`, `'`), CONSTRAINT `check` CHECK (`a ``b` > 0), CHECK (`a\\b` > 0));
CREATE TABLE `T` (id INT PRIMARY KEY, `E.F` INT);
CREATE TABLE `t` (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES `T` (id));
CREATE TABLE `a.b` (id INT);
CREATE TABLE `--` (`#` INT, `/*` INT COMMENT '*/ -- ; DELIMITER //');
CREATE TABLE `;` (`DELIMITER` INT) COMMENT ';\nDELIMITER //\n';
CREATE VIEW `drop table` AS SELECT `from`, `a ``b`, '`select`.' AS `'; DROP TABLE t; --` FROM `select`;
CREATE VIEW `dots` AS SELECT `T`.`E.F`, `a.b`.id FROM `T` JOIN `a.b`;
CREATE PROCEDURE `p;` (IN `in` INT) SELECT `in`;
CREATE TRIGGER `it's` BEFORE INSERT ON `a.b` FOR EACH ROW SET NEW.id = 1;
