-- What the adoption model sees at a cut. Reads: member, sale, sale_family, sale_product (history.sql) and
-- cut_day (one row: cut, before, halfway, year_before, until; product_owners, product_most). Days of a horizon start at
-- its first and end before its last.

-- Accounts with a positive sale in the year before the cut, in order of id. Labels that differ in case are one.
CREATE TEMP TABLE seen_account AS
SELECT
  CAST(ROW_NUMBER() OVER (ORDER BY m.id) - 1 AS INTEGER) AS account,
  s.account_no,
  s.first_day,
  s.last_day,
  s.revenue,
  s.products,
  m.employees,
  LOWER(NULLIF(TRIM(m.industry), '')) AS industry,
  LOWER(NULLIF(TRIM(m.country), '')) AS country,
  LOWER(NULLIF(TRIM(m.region), '')) AS region,
  NULLIF(TRIM(m.parent_id), '') AS parent
FROM (
  SELECT
    s.account_no,
    MIN(CASE WHEN s.cents > 0 THEN s.day END) AS first_day,
    MAX(CASE WHEN s.cents > 0 THEN s.day END) AS last_day,
    SUM(CASE WHEN s.day >= c.year_before THEN s.cents ELSE 0 END) AS revenue,
    COUNT(DISTINCT CASE WHEN s.cents > 0 THEN s.product_no END) AS products,
    MAX(CASE WHEN s.cents > 0 AND s.day >= c.year_before THEN 1 ELSE 0 END) AS is_active
  FROM sale AS s
  CROSS JOIN cut_day AS c
  WHERE s.day < c.cut
  GROUP BY s.account_no
) AS s
JOIN member AS m ON m.account_no = s.account_no
WHERE s.is_active = 1;

-- Families that take part and were sold before the cut, in order of name.
CREATE TEMP TABLE seen_family AS
SELECT CAST(ROW_NUMBER() OVER (ORDER BY f.family) - 1 AS INTEGER) AS family, f.family_no, f.family AS name
FROM sale_family AS f
JOIN (
  SELECT DISTINCT s.family_no FROM sale AS s CROSS JOIN cut_day AS c WHERE s.day < c.cut
) AS s ON s.family_no = f.family_no
WHERE f.takes_part;

-- Net per account and family at the cut and at earlier days, where positive at any of them.
CREATE TEMP TABLE holding AS
SELECT
  account,
  family,
  CASE WHEN net > 0 THEN 1 ELSE 0 END AS is_now,
  CASE WHEN net_before > 0 THEN 1 ELSE 0 END AS is_before,
  CASE WHEN net_halfway > 0 THEN 1 ELSE 0 END AS is_halfway,
  is_recent
FROM (
  SELECT
    a.account,
    f.family,
    SUM(s.cents) AS net,
    SUM(CASE WHEN s.day < c.before THEN s.cents ELSE 0 END) AS net_before,
    SUM(CASE WHEN s.day < c.halfway THEN s.cents ELSE 0 END) AS net_halfway,
    MAX(CASE WHEN s.cents > 0 AND s.day >= c.before THEN 1 ELSE 0 END) AS is_recent
  FROM sale AS s
  CROSS JOIN cut_day AS c
  JOIN seen_account AS a ON a.account_no = s.account_no
  JOIN seen_family AS f ON f.family_no = s.family_no
  WHERE s.day < c.cut
  GROUP BY a.account, f.family
) AS n
WHERE net > 0 OR net_before > 0 OR net_halfway > 0;

CREATE TEMP TABLE product_holding AS
SELECT
  a.account,
  s.product_no,
  f.family,
  MAX(CASE WHEN s.cents > 0 AND s.day >= c.before THEN 1 ELSE 0 END) AS is_recent
FROM sale AS s
CROSS JOIN cut_day AS c
JOIN seen_account AS a ON a.account_no = s.account_no
JOIN seen_family AS f ON f.family_no = s.family_no
WHERE s.day < c.cut AND s.product_no IS NOT NULL
GROUP BY a.account, s.product_no, f.family
HAVING SUM(s.cents) > 0;

-- The most widely owned products of families that have at least two.
CREATE TEMP TABLE seen_product AS
SELECT CAST(ROW_NUMBER() OVER (ORDER BY r.product_no) - 1 AS INTEGER) AS product, r.product_no, r.family, r.name
FROM (
  SELECT
    o.product_no,
    o.family,
    p.product AS name,
    ROW_NUMBER() OVER (ORDER BY o.owners DESC, p.product, o.product_no) AS rank
  FROM (
    SELECT product_no, family, COUNT(*) AS owners, COUNT(*) OVER (PARTITION BY family) AS products
    FROM product_holding
    GROUP BY product_no, family
  ) AS o
  JOIN sale_product AS p ON p.product_no = o.product_no
  CROSS JOIN cut_day AS c
  WHERE o.products >= 2 AND o.owners >= c.product_owners
) AS r
CROSS JOIN cut_day AS c
WHERE r.rank <= c.product_most;

-- Net sales of one horizon from the cut on.
CREATE TEMP TABLE outcome AS
SELECT a.account, f.family, SUM(s.cents) AS net
FROM sale AS s
CROSS JOIN cut_day AS c
JOIN seen_account AS a ON a.account_no = s.account_no
JOIN seen_family AS f ON f.family_no = s.family_no
WHERE s.day >= c.cut AND s.day < c.until
GROUP BY a.account, f.family
HAVING SUM(s.cents) <> 0;
