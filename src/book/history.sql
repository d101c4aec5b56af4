-- Every sale up to the as-of day, line by line, with numbers for accounts, families and products: what the potential
-- models look back on from any cut. Reads: member, deal, line, opportunity, family_name, family (facts.sql).

-- Families in order of name; those that take no part in potential still count in what an account spends.
CREATE OR REPLACE TABLE sale_family AS
SELECT CAST(ROW_NUMBER() OVER (ORDER BY family) - 1 AS INTEGER) AS family_no, family, takes_part
FROM family
ORDER BY family_no;

-- A line of an opportunity, or the opportunity itself where it has none; cents may be negative (a credit note).
CREATE OR REPLACE TABLE sale_line AS
SELECT e.account_no, e.day, n.family, e.product, e.cents, e.quantity
FROM (
  SELECT
    d.account_no,
    o.close_date AS day,
    COALESCE(l.family, '') AS raw,
    NULLIF(TRIM(l.product), '') AS product,
    CORPORATE(l.amount, d.millionths) AS cents,
    l.quantity
  FROM deal AS d
  JOIN opportunity AS o ON o.id = d.id
  JOIN line AS l ON l.opportunity_id = d.id
  WHERE d.window_no >= 0 AND l.amount IS NOT NULL AND d.millionths IS NOT NULL
  UNION ALL
  SELECT d.account_no, o.close_date, COALESCE(d.family, ''), NULL, d.amount, NULL
  FROM deal AS d
  JOIN opportunity AS o ON o.id = d.id
  WHERE d.window_no >= 0 AND NOT d.is_itemised AND d.amount IS NOT NULL
) AS e
JOIN family_name AS n ON n.raw = e.raw;

-- Products in order of family and name; a product is told apart within its family.
CREATE OR REPLACE TABLE sale_product AS
SELECT
  CAST(ROW_NUMBER() OVER (ORDER BY f.family_no, p.product) - 1 AS INTEGER) AS product_no,
  f.family_no,
  p.product
FROM (SELECT DISTINCT family, product FROM sale_line WHERE product IS NOT NULL) AS p
JOIN sale_family AS f ON f.family = p.family
ORDER BY product_no;

CREATE OR REPLACE TABLE sale AS
SELECT s.account_no, f.family_no, p.product_no, s.day, s.cents, s.quantity
FROM sale_line AS s
JOIN sale_family AS f ON f.family = s.family
LEFT JOIN sale_product AS p ON p.family_no = f.family_no AND p.product = s.product
ORDER BY s.account_no, s.day;

DROP TABLE sale_line;

-- Industries by number, whatever their casing; an account without one has no row.
CREATE OR REPLACE TABLE member_industry AS
SELECT account_no, CAST(DENSE_RANK() OVER (ORDER BY LOWER(TRIM(industry))) - 1 AS INTEGER) AS industry_no
FROM member
WHERE TRIM(industry) <> ''
ORDER BY account_no;
