-- Rates for every currency and day that an amount needs: the dated rate of the day where the org has one, else today's.
-- Reads: account, opportunity, line, cell, currency_type, dated_rate, sales_window.
CREATE OR REPLACE TABLE rate AS
SELECT k.iso, k.day, CAST(ROUND(COALESCE(d.rate, c.rate) * 1000000) AS BIGINT) AS millionths
FROM (
  SELECT currency AS iso, close_date AS day FROM opportunity WHERE currency IS NOT NULL
  UNION
  SELECT l.unit_currency, o.close_date
  FROM line AS l
  JOIN opportunity AS o ON o.id = l.opportunity_id
  WHERE l.unit_currency IS NOT NULL
  UNION
  SELECT a.currency, w.last_day FROM account AS a CROSS JOIN sales_window AS w
  WHERE a.currency IS NOT NULL AND w.window_no = 0
  UNION
  SELECT c.currency, w.last_day FROM cell AS c CROSS JOIN sales_window AS w
  WHERE c.currency IS NOT NULL AND w.window_no = 0
) AS k
LEFT JOIN currency_type AS c ON c.iso = k.iso
LEFT JOIN dated_rate AS d
  ON d.iso = k.iso AND d.start_date <= k.day AND (d.next_start_date IS NULL OR k.day < d.next_start_date)
WHERE COALESCE(d.rate, c.rate) > 0;
