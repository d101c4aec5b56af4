-- What a person should know about the data, with the five first records of each kind.
SELECT n.note, CAST(SUM(n.entries) AS BIGINT) AS entries, MIN(n.example, 5) AS examples
FROM (
  SELECT 'parentCycle' AS note, n.id AS example, 1 AS entries
  FROM node_root AS r JOIN node AS n ON n.node_no = r.node_no
  WHERE r.on_cycle
  UNION ALL
  SELECT 'parentMissing', id, 1 FROM node WHERE lacks_parent
  UNION ALL
  SELECT 'personAccountsLeftOut', id, 1 FROM account WHERE is_person_account
  UNION ALL
  SELECT 'ratingOutOfRange', id, 1
  FROM member
  WHERE rating_reference_customer NOT IN (0, 1, 2, 3) OR rating_opinion_leader NOT IN (0, 1, 2, 3)
  UNION ALL
  SELECT 'overrideWithoutReason', id, 1
  FROM member
  WHERE is_root AND override_tier IS NOT NULL AND COALESCE(TRIM(override_reason), '') = ''
  UNION ALL
  SELECT 'overrideWithoutExpiry', id, 1
  FROM member
  WHERE is_root AND override_tier IS NOT NULL AND override_until IS NULL
  UNION ALL
  SELECT 'overrideExpired', m.id, 1
  FROM member AS m
  CROSS JOIN scope AS s
  -- Who has the task to look at it knows: the run says it only where there is none, or was none.
  WHERE m.is_root AND m.override_tier IS NOT NULL AND m.override_until < s.today
    AND COALESCE(m.task_refs, '') NOT LIKE '%overrideExpiring|' || CAST(m.override_until AS VARCHAR) || '|%'
    AND NOT EXISTS (
      SELECT 1
      FROM member_task AS t
      WHERE t.ref LIKE 'KAM|' || m.id || '|overrideExpiring|' || CAST(m.override_until AS VARCHAR) || '|%'
    )
  UNION ALL
  SELECT 'overrideOnSite', id, 1 FROM member WHERE NOT is_root AND override_tier IS NOT NULL
  UNION ALL
  SELECT 'excludedWithoutReason', id, 1
  FROM member
  WHERE excluded AND COALESCE(TRIM(exclude_reason), '') = ''
  UNION ALL
  SELECT 'saleInFuture', o.id, 1
  FROM opportunity AS o
  JOIN member AS m ON m.id = o.account_id
  CROSS JOIN scope AS s
  WHERE o.is_won AND o.close_date > s.today
  UNION ALL
  SELECT 'saleWithoutAccount', o.id, 1
  FROM opportunity AS o
  LEFT JOIN account AS a ON a.id = o.account_id
  WHERE o.is_won AND a.id IS NULL
  UNION ALL
  SELECT 'rateMissing', r.currency, COUNT(*)
  FROM (
    SELECT currency FROM deal WHERE millionths IS NULL
    UNION ALL
    SELECT currency FROM member WHERE millionths IS NULL
    UNION ALL
    SELECT currency FROM account_cell WHERE millionths IS NULL
  ) AS r
  GROUP BY r.currency
  UNION ALL
  SELECT 'wonWithoutAmount', id, 1
  FROM deal
  WHERE window_no >= 0 AND NOT is_itemised AND amount IS NULL AND millionths IS NOT NULL
  UNION ALL
  SELECT 'noLineItems', d.id, 1
  FROM deal AS d
  JOIN family_name AS f ON f.raw = COALESCE(d.family, '')
  WHERE d.window_no >= 0 AND NOT d.is_itemised AND d.amount IS NOT NULL AND f.family = '(unspecified)'
  UNION ALL
  SELECT 'noFamily', d.id, COUNT(*)
  FROM deal AS d
  JOIN line AS l ON l.opportunity_id = d.id
  JOIN family_name AS f ON f.raw = COALESCE(l.family, '')
  WHERE d.window_no >= 0 AND l.amount IS NOT NULL AND f.family = '(unspecified)'
  GROUP BY d.id
  UNION ALL
  SELECT 'negativeAmount', d.id, COUNT(*)
  FROM deal AS d
  JOIN line AS l ON l.opportunity_id = d.id
  WHERE d.window_no >= 0 AND l.amount < 0
  GROUP BY d.id
  UNION ALL
  SELECT 'negativeAmount', id, 1
  FROM deal
  WHERE window_no >= 0 AND NOT is_itemised AND amount < 0
  UNION ALL
  SELECT 'walletNegative', id, 1 FROM account_cell WHERE stated_wallet < 0
  UNION ALL
  SELECT 'walletInFuture', c.id, 1
  FROM account_cell AS c
  CROSS JOIN scope AS s
  WHERE c.stated_on > s.today
  UNION ALL
  SELECT 'walletUndated', id, 1 FROM account_cell WHERE stated_wallet >= 0 AND stated_on IS NULL
  UNION ALL
  SELECT 'walletUnsourced', id, 1 FROM account_cell WHERE stated_wallet >= 0 AND stated_by IS NULL
  UNION ALL
  SELECT 'walletBelowRevenue', c.id, 1
  FROM account_cell AS c
  JOIN account_family AS f ON f.account_no = c.account_no AND f.family = c.means
  WHERE c.stated_wallet >= 0 AND c.stated_wallet < f.yearly
  UNION ALL
  SELECT 'targetInPast', c.id, 1
  FROM account_cell AS c
  CROSS JOIN scope AS s
  WHERE c.target_year < EXTRACT(YEAR FROM s.today)
  UNION ALL
  SELECT 'targetNegative', id, 1 FROM account_cell WHERE target < 0
  UNION ALL
  SELECT 'savingNegative', id, 1 FROM project WHERE saving < 0
  UNION ALL
  SELECT 'potentialWithoutFamily', id, 1 FROM account_cell WHERE means IS NULL
  UNION ALL
  SELECT 'potentialTwice', MAX(id), COUNT(*) - 1
  FROM account_cell
  WHERE means IS NOT NULL AND has_word
  GROUP BY account_no, means
  HAVING COUNT(*) > 1
  UNION ALL
  SELECT 'agreementWithoutAccount', g.id, 1
  FROM agreement AS g
  LEFT JOIN member AS m ON m.id = g.account_id
  WHERE m.id IS NULL
  UNION ALL
  SELECT 'commitmentWithoutOwner', id, 1 FROM commitment WHERE done_on IS NULL AND NOT our_owner_is_active
  UNION ALL
  SELECT 'rootExcludedAlone', r.id, 1
  FROM member AS r
  WHERE r.is_root AND r.excluded
    AND EXISTS (SELECT 1 FROM member AS s WHERE s.group_no = r.group_no AND NOT COALESCE(s.excluded, FALSE))
  UNION ALL
  SELECT 'siteExcludedAlone', s.id, 1
  FROM member AS s
  JOIN member AS r ON r.group_no = s.group_no AND r.is_root
  WHERE s.excluded AND NOT s.is_root AND NOT COALESCE(r.excluded, FALSE)
) AS n
GROUP BY n.note
ORDER BY n.note
