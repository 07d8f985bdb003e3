-- revision: 002
-- parents: 001

-- migrate: up
CREATE VIEW visits_by_day AS
SELECT date_trunc('day', visited_at) AS day, count(*) AS visits FROM visits GROUP BY 1;

-- migrate: down
DROP VIEW visits_by_day;
