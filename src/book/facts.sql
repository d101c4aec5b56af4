-- From groups and pulled tables to facts: sales per window and family, size, peer groups and benchmarks.
-- Reads: account, opportunity, line, task, cell, assessment, visit, phone_call, service_case, node, node_root, scope (one row), sales_window, family_rule,
-- rate (currency.sql). Where a record has no currency of its own, one million millionths stand for the only one.

-- Accounts in the order in which everything is read: by group, then by account. Numbers stand for ids from here on.
CREATE OR REPLACE TABLE member AS
SELECT
  CAST(ROW_NUMBER() OVER (ORDER BY r.id, n.id) - 1 AS INTEGER) AS account_no,
  CAST(DENSE_RANK() OVER (ORDER BY r.id) - 1 AS INTEGER) AS group_no,
  r.id AS root_id,
  n.id = r.id AS is_root,
  a.*,
  CASE WHEN a.currency IS NULL THEN 1000000 ELSE c.millionths END AS millionths
FROM node AS n
JOIN node_root AS nr ON nr.node_no = n.node_no
JOIN node AS r ON r.node_no = nr.root_no
JOIN account AS a ON a.id = n.id
JOIN sales_window AS w ON w.window_no = 0
LEFT JOIN rate AS c ON c.iso = a.currency AND c.day = w.last_day
ORDER BY account_no;

CREATE OR REPLACE TABLE member_task AS
SELECT
  m.group_no, m.account_no, t.id, t.ref, t.account_id, t.owner_id, t.is_closed, t.is_moot, t.status,
  CASE WHEN NOT t.is_closed THEN t.description END AS description
FROM task AS t
JOIN member AS m ON m.id = t.account_id
ORDER BY m.group_no, t.ref, t.id;

-- The latest row of history of each group, up to the as-of day; rows that came with a merged account are not the group's.
CREATE OR REPLACE TABLE group_last_row AS
WITH own AS (
  SELECT m.group_no, h.as_of, h.tier, h.segment, h.gate, h.gate_result, h.score
  FROM assessment AS h
  JOIN member AS m ON m.id = h.account_id AND m.is_root
  JOIN sales_window AS w ON w.window_no = 0 AND h.as_of <= w.last_day
  WHERE h.ref = 'KAM|' || m.id || '|' || CAST(h.as_of AS VARCHAR)
)
SELECT own.*
FROM own
JOIN (SELECT group_no, MAX(as_of) AS as_of FROM own GROUP BY group_no) AS l
  ON l.group_no = own.group_no AND l.as_of = own.as_of
ORDER BY own.group_no;

-- What the CRM keeps of accounts and families, and which family each record means, however a person spelled it.
CREATE OR REPLACE TABLE member_cell AS
SELECT
  m.account_no,
  c.* REPLACE (CORPORATE(c.stated_wallet, CASE WHEN c.currency IS NULL THEN 1000000 ELSE r.millionths END) AS stated_wallet),
  CASE WHEN c.currency IS NULL THEN 1000000 ELSE r.millionths END AS millionths,
  NULLIF(TRIM(c.family), '') AS raw,
  c.stated_wallet IS NOT NULL OR c.stated_on IS NOT NULL OR c.stated_by IS NOT NULL OR c.served_by IS NOT NULL
    OR c.competitor IS NOT NULL OR c.target IS NOT NULL OR c.target_year IS NOT NULL OR c.next_step IS NOT NULL
    AS has_word
FROM cell AS c
JOIN member AS m ON m.id = c.account_id
JOIN sales_window AS w ON w.window_no = 0
LEFT JOIN rate AS r ON r.iso = c.currency AND r.day = w.last_day;

-- Won opportunities up to the as-of day with their window, and open ones (window -1: pipeline). The amount is in the
-- corporate currency by the rate of the close date, and unknown where there is none; lines have their deal's currency.
CREATE OR REPLACE TABLE deal AS
WITH itemised AS (
  SELECT DISTINCT opportunity_id FROM line WHERE amount IS NOT NULL
),
day_window AS (
  SELECT d.close_date, w.window_no
  FROM (SELECT DISTINCT close_date FROM opportunity) AS d
  JOIN sales_window AS w ON d.close_date > w.after_day AND d.close_date <= w.last_day
)
SELECT
  o.id,
  m.account_no,
  CASE WHEN o.is_won THEN w.window_no ELSE -1 END AS window_no,
  i.opportunity_id IS NOT NULL AS is_itemised,
  CORPORATE(o.amount, CASE WHEN o.currency IS NULL THEN 1000000 ELSE r.millionths END) AS amount,
  CASE WHEN o.currency IS NULL THEN 1000000 ELSE r.millionths END AS millionths,
  o.currency,
  o.close_date,
  o.family
FROM opportunity AS o
JOIN member AS m ON m.id = o.account_id
LEFT JOIN day_window AS w ON w.close_date = o.close_date
LEFT JOIN itemised AS i ON i.opportunity_id = o.id
LEFT JOIN rate AS r ON r.iso = o.currency AND r.day = o.close_date
WHERE (o.is_won AND w.window_no IS NOT NULL) OR (NOT o.is_won AND NOT o.is_closed);

-- What each family name in the data means: the rule's spelling and alias, or the name itself.
CREATE OR REPLACE TABLE family_name AS
WITH name AS (
  SELECT DISTINCT COALESCE(family, '') AS raw FROM line
  UNION
  SELECT DISTINCT COALESCE(family, '') AS raw FROM opportunity
)
SELECT n.raw, COALESCE(r.canonical, NULLIF(TRIM(n.raw), ''), '(unspecified)') AS family
FROM name AS n
LEFT JOIN family_rule AS r ON r.name_key = LOWER(TRIM(n.raw));

-- A family takes part in potential when it is named and in scope.
CREATE OR REPLACE TABLE family AS
SELECT
  n.family,
  r.margin,
  n.family <> '(unspecified)' AND COALESCE(r.in_scope, TRUE) AS takes_part
FROM (SELECT DISTINCT family FROM family_name) AS n
LEFT JOIN family_rule AS r ON r.name_key = LOWER(n.family);

CREATE OR REPLACE TABLE account_cell AS
SELECT c.*, COALESCE(r.canonical, f.family, l.family, c.raw) AS means, COALESCE(k.takes_part, r.in_scope, TRUE) AS takes_part
FROM member_cell AS c
LEFT JOIN family_rule AS r ON r.name_key = LOWER(c.raw)
LEFT JOIN family AS f ON f.family = c.raw
LEFT JOIN (SELECT LOWER(family) AS name_key, MIN(family) AS family FROM family GROUP BY LOWER(family)) AS l
  ON l.name_key = LOWER(c.raw)
LEFT JOIN family AS k ON k.family = COALESCE(r.canonical, f.family, l.family)
ORDER BY c.account_no, c.id;

DROP TABLE member_cell;

-- What people know of a family: of several records the one with the latest wallet. A wallet below zero or stated after
-- today is none.
CREATE OR REPLACE TABLE family_word AS
SELECT w.account_no, w.means AS family, w.wallet, w.stated_on, w.stated_by, w.served_by, w.competitor
FROM (
  SELECT
    v.*,
    ROW_NUMBER() OVER (
      PARTITION BY v.account_no, v.means
      ORDER BY CASE WHEN v.wallet IS NULL THEN 1 ELSE 0 END, v.stated_on DESC NULLS LAST, v.id
    ) AS place
  FROM (
    SELECT
      c.*,
      CASE WHEN c.stated_wallet >= 0 AND (c.stated_on IS NULL OR c.stated_on <= s.today) THEN c.stated_wallet END AS wallet
    FROM account_cell AS c
    CROSS JOIN scope AS s
    WHERE c.takes_part AND c.means IS NOT NULL AND (c.stated_wallet IS NOT NULL OR c.served_by IS NOT NULL)
  ) AS v
) AS w
WHERE w.place = 1
ORDER BY w.account_no, w.means;

CREATE OR REPLACE TABLE flow AS
SELECT
  e.account_no,
  e.window_no,
  n.family,
  SUM(e.amount) AS net,
  SUM(COALESCE(e.cost, 0)) AS cost,
  SUM(CASE WHEN e.cost IS NULL THEN e.amount ELSE 0 END) AS uncosted
FROM (
  SELECT
    d.account_no,
    d.window_no,
    COALESCE(l.family, '') AS raw,
    CORPORATE(l.amount, d.millionths) AS amount,
    COALESCE(
      CORPORATE(l.cost, d.millionths),
      CAST(ROUND(
        CORPORATE(l.unit_cost, CASE WHEN l.unit_currency IS NULL THEN 1000000 ELSE u.millionths END) * l.quantity
      ) AS BIGINT)
    ) AS cost
  FROM deal AS d
  JOIN line AS l ON l.opportunity_id = d.id
  LEFT JOIN rate AS u ON u.iso = l.unit_currency AND u.day = d.close_date
  WHERE l.amount IS NOT NULL AND d.millionths IS NOT NULL
  UNION ALL
  SELECT d.account_no, d.window_no, COALESCE(d.family, '') AS raw, d.amount, NULL AS cost
  FROM deal AS d
  WHERE NOT d.is_itemised AND d.amount IS NOT NULL
) AS e
JOIN family_name AS n ON n.raw = e.raw
GROUP BY e.account_no, e.window_no, n.family;

-- An account has the windows from its first sale on; older sales than the last window only count for that.
CREATE OR REPLACE TABLE account_sales AS
SELECT t.account_no, t.windows, t.net, PER_YEAR(t.net, t.windows) AS yearly
FROM (
  SELECT
    f.account_no,
    LEAST(MAX(f.window_no) + 1, MAX(s.windows)) AS windows,
    SUM(CASE WHEN f.window_no < s.windows THEN f.net ELSE 0 END) AS net
  FROM flow AS f
  CROSS JOIN scope AS s
  WHERE f.window_no >= 0
  GROUP BY f.account_no
) AS t
ORDER BY t.account_no;

-- Families bought: net-positive over the account's windows.
CREATE OR REPLACE TABLE account_family AS
SELECT f.account_no, f.family, PER_YEAR(f.net, a.windows) AS yearly
FROM (
  SELECT x.account_no, x.family, SUM(x.net) AS net
  FROM flow AS x
  CROSS JOIN scope AS s
  WHERE x.window_no >= 0 AND x.window_no < s.windows
  GROUP BY x.account_no, x.family
  HAVING SUM(x.net) > 0
) AS f
JOIN account_sales AS a ON a.account_no = f.account_no
ORDER BY f.account_no;

-- What the sites of a group with several buy: which buys most, the least and the middle, and how many of those with
-- sales buy it at all.
CREATE OR REPLACE TABLE sister AS
SELECT
  b.group_no,
  b.family,
  MAX(CASE WHEN b.rank = b.buyers THEN b.account_no END) AS buyer_no,
  MAX(b.yearly) AS most,
  MIN(b.yearly) AS least,
  MAX(CASE WHEN b.rank = FLOOR((b.buyers + 1) / 2.0) THEN b.yearly END) AS middle_below,
  MAX(CASE WHEN b.rank = FLOOR((b.buyers + 2) / 2.0) THEN b.yearly END) AS middle_above,
  MAX(b.buyers) AS buyers,
  MAX(g.sites) AS sites
FROM (
  SELECT
    m.group_no,
    f.family,
    f.account_no,
    f.yearly,
    ROW_NUMBER() OVER (PARTITION BY m.group_no, f.family ORDER BY f.yearly, f.account_no DESC) AS rank,
    COUNT(*) OVER (PARTITION BY m.group_no, f.family) AS buyers
  FROM account_family AS f
  JOIN member AS m ON m.account_no = f.account_no
  JOIN family AS k ON k.family = f.family AND k.takes_part
) AS b
JOIN (
  SELECT m.group_no, COUNT(*) AS members, COUNT(s.account_no) AS sites
  FROM member AS m
  LEFT JOIN account_sales AS s ON s.account_no = m.account_no
  GROUP BY m.group_no
) AS g ON g.group_no = b.group_no AND g.members > 1
GROUP BY b.group_no, b.family
ORDER BY b.group_no, b.family;

CREATE OR REPLACE TABLE pipeline AS
SELECT account_no, family, CAST(net AS BIGINT) AS yearly
FROM flow
WHERE window_no = -1 AND net > 0
ORDER BY account_no;

-- What a group bought per family in its windows; bought where any member buys it.
CREATE OR REPLACE TABLE group_family AS
SELECT
  m.group_no,
  f.family,
  SUM(f.net) AS net,
  SUM(f.cost) AS cost,
  SUM(f.uncosted) AS uncosted,
  MAX(CASE WHEN a.account_no IS NULL THEN 0 ELSE 1 END) AS is_bought
FROM flow AS f
CROSS JOIN scope AS s
JOIN member AS m ON m.account_no = f.account_no
LEFT JOIN account_family AS a ON a.account_no = f.account_no AND a.family = f.family
WHERE f.window_no >= 0 AND f.window_no < s.windows
GROUP BY m.group_no, f.family;

CREATE OR REPLACE TABLE group_sales AS
SELECT
  m.group_no,
  LEAST(MAX(f.window_no) + 1, MAX(s.windows)) AS windows,
  SUM(CASE WHEN f.window_no < s.windows THEN f.net ELSE 0 END) AS net,
  CAST(SUM(CASE WHEN f.window_no = 0 THEN f.net ELSE 0 END) AS BIGINT) AS window_0,
  CAST(SUM(CASE WHEN f.window_no = 1 THEN f.net ELSE 0 END) AS BIGINT) AS window_1,
  CAST(SUM(CASE WHEN f.window_no = 2 THEN f.net ELSE 0 END) AS BIGINT) AS window_2,
  CAST(SUM(CASE WHEN f.window_no = 3 THEN f.net ELSE 0 END) AS BIGINT) AS window_3,
  CAST(SUM(CASE WHEN f.window_no = 4 THEN f.net ELSE 0 END) AS BIGINT) AS window_4
FROM flow AS f
CROSS JOIN scope AS s
JOIN member AS m ON m.account_no = f.account_no
WHERE f.window_no >= 0
GROUP BY m.group_no;

-- Margin: what was sold less what it cost where sales carry a cost, else times the margin of the family; yearly, to the
-- cent per family, so that the parts add up.
CREATE OR REPLACE TABLE group_mix AS
SELECT
  f.group_no,
  CAST(
    SUM(
      CASE WHEN f.uncosted = 0 OR k.margin IS NOT NULL THEN
        PER_YEAR(f.net - f.uncosted, g.windows) - PER_YEAR(f.cost, g.windows)
          + CAST(ROUND(PER_YEAR(f.uncosted, g.windows) * COALESCE(k.margin, 0)) AS BIGINT)
      END
    ) AS BIGINT
  ) AS margin,
  STRING_AGG(CASE WHEN f.uncosted <> 0 AND k.margin IS NULL THEN f.family END, CHR(31) ORDER BY f.family) AS uncosted,
  CAST(
    SUM(CASE WHEN f.uncosted <> 0 AND k.margin IS NULL THEN PER_YEAR(f.uncosted, g.windows) ELSE 0 END) AS BIGINT
  ) AS uncosted_revenue,
  STRING_AGG(CASE WHEN f.is_bought = 1 AND k.takes_part THEN f.family END, CHR(31) ORDER BY f.family) AS bought
FROM group_family AS f
JOIN group_sales AS g ON g.group_no = f.group_no
JOIN family AS k ON k.family = f.family
GROUP BY f.group_no;

-- How often each group was served within the last 12 months; by whom is not even read.
CREATE OR REPLACE TABLE group_service AS
SELECT m.group_no, SUM(v.visits) AS visits, SUM(v.calls) AS calls, SUM(v.cases) AS cases
FROM (
  SELECT account_id, CAST(started_at AS DATE) AS day, 1 AS visits, 0 AS calls, 0 AS cases FROM visit
  UNION ALL
  SELECT account_id, day, 0, 1, 0 FROM phone_call
  UNION ALL
  SELECT account_id, CAST(started_at AS DATE), 0, 0, 1 FROM service_case
) AS v
JOIN member AS m ON m.id = v.account_id
JOIN sales_window AS w ON w.window_no = 0 AND v.day > w.after_day AND v.day <= w.last_day
GROUP BY m.group_no;

CREATE OR REPLACE TABLE group_fact AS
SELECT
  m.group_no,
  m.first_account_no,
  m.last_account_no,
  m.sites,
  m.countries,
  COALESCE(g.windows, 0) AS windows,
  PER_YEAR(g.net, g.windows) AS yearly,
  g.window_0,
  g.window_1,
  g.window_2,
  g.window_3,
  g.window_4,
  r.margin,
  r.uncosted,
  r.uncosted_revenue,
  COALESCE(t.visits, 0) AS visits,
  COALESCE(t.calls, 0) AS calls,
  COALESCE(t.cases, 0) AS cases,
  r.bought
FROM (
  SELECT
    group_no,
    MIN(account_no) AS first_account_no,
    MAX(account_no) AS last_account_no,
    COUNT(*) AS sites,
    COUNT(DISTINCT LOWER(NULLIF(TRIM(country), ''))) AS countries
  FROM member
  GROUP BY group_no
) AS m
LEFT JOIN group_sales AS g ON g.group_no = m.group_no
LEFT JOIN group_mix AS r ON r.group_no = m.group_no
LEFT JOIN group_service AS t ON t.group_no = m.group_no
ORDER BY m.group_no;

-- Size by employees where most accounts with sales have them, else by revenue; thirds of the accounts with sales,
-- equal values together.
CREATE OR REPLACE TABLE size_rule AS
SELECT COUNT(a.account_no) * 2 > COUNT(*) AS by_employees
FROM account_sales AS s
LEFT JOIN (SELECT account_no FROM member WHERE employees > 0) AS a ON a.account_no = s.account_no;

CREATE OR REPLACE TABLE measure AS
SELECT
  m.account_no,
  CASE WHEN r.by_employees THEN CASE WHEN m.employees > 0 THEN m.employees END ELSE s.yearly END AS measure,
  s.account_no IS NOT NULL AS has_sales,
  s.yearly
FROM member AS m
CROSS JOIN size_rule AS r
LEFT JOIN account_sales AS s ON s.account_no = m.account_no;

CREATE OR REPLACE TABLE size_line AS
SELECT
  MAX(CASE WHEN 3 * (v.rank - 1) < v.measured THEN v.measure END) AS small_to,
  MAX(CASE WHEN 3 * (v.rank - 1) < 2 * v.measured THEN v.measure END) AS medium_to
FROM (
  SELECT measure, RANK() OVER (ORDER BY measure) AS rank, COUNT(*) OVER () AS measured
  FROM measure
  WHERE has_sales AND measure IS NOT NULL
) AS v;

CREATE OR REPLACE TABLE trait AS
SELECT
  x.account_no,
  MIN(NULLIF(TRIM(m.industry), '')) OVER (PARTITION BY LOWER(NULLIF(TRIM(m.industry), ''))) AS industry,
  CASE
    WHEN x.measure IS NULL THEN NULL
    WHEN x.measure <= l.small_to THEN 'small'
    WHEN x.measure <= l.medium_to THEN 'medium'
    ELSE 'large'
  END AS size,
  x.has_sales,
  x.yearly
FROM measure AS x
JOIN member AS m ON m.account_no = x.account_no
CROSS JOIN size_line AS l;

-- Peer groups that have enough accounts with sales; the one of all accounts always stands.
CREATE OR REPLACE TABLE peer_group AS
SELECT CAST(ROW_NUMBER() OVER (ORDER BY p.level_no, p.industry, p.size) AS INTEGER) AS peer_no, p.*
FROM (
  SELECT 1 AS level_no, 'industryAndSize' AS level, industry, size, COUNT(*) AS accounts
  FROM trait WHERE has_sales AND industry IS NOT NULL AND size IS NOT NULL GROUP BY industry, size
  UNION ALL
  SELECT 2, 'industry', industry, NULL, COUNT(*)
  FROM trait WHERE has_sales AND industry IS NOT NULL GROUP BY industry
  UNION ALL
  SELECT 3, 'size', NULL, size, COUNT(*)
  FROM trait WHERE has_sales AND size IS NOT NULL GROUP BY size
  UNION ALL
  SELECT 4, 'all', NULL, NULL, COUNT(*)
  FROM trait WHERE has_sales
) AS p
CROSS JOIN scope AS s
WHERE p.level_no = 4 OR p.accounts >= s.minimum_peers;

CREATE OR REPLACE TABLE account_fact AS
SELECT t.account_no, s.yearly, COALESCE(p1.peer_no, p2.peer_no, p3.peer_no, p4.peer_no) AS peer_no
FROM trait AS t
LEFT JOIN account_sales AS s ON s.account_no = t.account_no
LEFT JOIN peer_group AS p1 ON p1.level_no = 1 AND p1.industry = t.industry AND p1.size = t.size
LEFT JOIN peer_group AS p2 ON p2.level_no = 2 AND p2.industry = t.industry
LEFT JOIN peer_group AS p3 ON p3.level_no = 3 AND p3.size = t.size
LEFT JOIN peer_group AS p4 ON p4.level_no = 4
ORDER BY t.account_no;

-- What the peers of each peer group in use do: accounts with positive revenue, share of wallet per family.
CREATE OR REPLACE TABLE peer AS
WITH buyer AS (
  SELECT account_no, industry, size, yearly FROM trait WHERE yearly > 0
),
in_use AS (
  SELECT g.peer_no, g.level_no, g.industry, g.size
  FROM (SELECT DISTINCT peer_no FROM account_fact) AS u
  JOIN peer_group AS g ON g.peer_no = u.peer_no
)
SELECT g.peer_no, b.account_no, b.yearly
FROM in_use AS g
JOIN buyer AS b ON g.level_no = 1 AND b.industry = g.industry AND b.size = g.size
UNION ALL
SELECT g.peer_no, b.account_no, b.yearly
FROM in_use AS g
JOIN buyer AS b ON g.level_no = 2 AND b.industry = g.industry
UNION ALL
SELECT g.peer_no, b.account_no, b.yearly
FROM in_use AS g
JOIN buyer AS b ON g.level_no = 3 AND b.size = g.size
UNION ALL
SELECT g.peer_no, b.account_no, b.yearly
FROM in_use AS g
CROSS JOIN buyer AS b
WHERE g.level_no = 4;

CREATE OR REPLACE TABLE benchmark AS
SELECT
  r.peer_no,
  r.family,
  MAX(c.peers) AS peers,
  MAX(r.buyers) AS buyers,
  MAX(CASE WHEN r.rank = FLOOR(r.low_at) THEN r.share END) AS low_below,
  MAX(CASE WHEN r.rank = CEIL(r.low_at) THEN r.share END) AS low_above,
  MAX(r.low_at) - FLOOR(MAX(r.low_at)) AS low_fraction,
  MAX(CASE WHEN r.rank = FLOOR(r.median_at) THEN r.share END) AS median_below,
  MAX(CASE WHEN r.rank = CEIL(r.median_at) THEN r.share END) AS median_above,
  MAX(r.median_at) - FLOOR(MAX(r.median_at)) AS median_fraction,
  MAX(CASE WHEN r.rank = FLOOR(r.high_at) THEN r.share END) AS high_below,
  MAX(CASE WHEN r.rank = CEIL(r.high_at) THEN r.share END) AS high_above,
  MAX(r.high_at) - FLOOR(MAX(r.high_at)) AS high_fraction,
  MAX(CASE WHEN r.rank = FLOOR(r.upper_at) THEN r.share END) AS upper_below,
  MAX(CASE WHEN r.rank = CEIL(r.upper_at) THEN r.share END) AS upper_above,
  MAX(r.upper_at) - FLOOR(MAX(r.upper_at)) AS upper_fraction,
  MAX(CASE WHEN r.rank = FLOOR(r.top_at) THEN r.share END) AS top_below,
  MAX(CASE WHEN r.rank = CEIL(r.top_at) THEN r.share END) AS top_above,
  MAX(r.top_at) - FLOOR(MAX(r.top_at)) AS top_fraction,
  MAX(CASE WHEN r.spend_rank = FLOOR(r.low_at) THEN r.spend END) AS low_spend_below,
  MAX(CASE WHEN r.spend_rank = CEIL(r.low_at) THEN r.spend END) AS low_spend_above,
  MAX(r.low_at) - FLOOR(MAX(r.low_at)) AS low_spend_fraction,
  MAX(CASE WHEN r.spend_rank = FLOOR(r.median_at) THEN r.spend END) AS middle_spend_below,
  MAX(CASE WHEN r.spend_rank = CEIL(r.median_at) THEN r.spend END) AS middle_spend_above,
  MAX(r.median_at) - FLOOR(MAX(r.median_at)) AS middle_spend_fraction,
  MAX(CASE WHEN r.spend_rank = FLOOR(r.high_at) THEN r.spend END) AS high_spend_below,
  MAX(CASE WHEN r.spend_rank = CEIL(r.high_at) THEN r.spend END) AS high_spend_above,
  MAX(r.high_at) - FLOOR(MAX(r.high_at)) AS high_spend_fraction
FROM (
  SELECT
    o.peer_no,
    o.family,
    o.share,
    o.rank,
    o.spend,
    o.spend_rank,
    o.buyers,
    1 + (o.buyers - 1) * CAST(0.25 AS DOUBLE) AS low_at,
    1 + (o.buyers - 1) * CAST(0.5 AS DOUBLE) AS median_at,
    1 + (o.buyers - 1) * CAST(0.75 AS DOUBLE) AS high_at,
    1 + (o.buyers - 1) * s.upper_quantile AS upper_at,
    1 + (o.buyers - 1) * CAST(0.9 AS DOUBLE) AS top_at
  FROM (
    SELECT
      p.peer_no,
      f.family,
      CAST(f.yearly AS DOUBLE) / CAST(p.yearly AS DOUBLE) AS share,
      ROW_NUMBER() OVER (
        PARTITION BY p.peer_no, f.family ORDER BY CAST(f.yearly AS DOUBLE) / CAST(p.yearly AS DOUBLE)
      ) AS rank,
      CAST(f.yearly AS DOUBLE) AS spend,
      ROW_NUMBER() OVER (PARTITION BY p.peer_no, f.family ORDER BY f.yearly) AS spend_rank,
      COUNT(*) OVER (PARTITION BY p.peer_no, f.family) AS buyers
    FROM peer AS p
    JOIN account_family AS f ON f.account_no = p.account_no
    JOIN family AS k ON k.family = f.family AND k.takes_part
  ) AS o
  CROSS JOIN scope AS s
) AS r
JOIN (SELECT peer_no, COUNT(*) AS peers FROM peer GROUP BY peer_no) AS c ON c.peer_no = r.peer_no
GROUP BY r.peer_no, r.family
ORDER BY r.peer_no, r.family;
