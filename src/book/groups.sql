-- Every account that takes part, numbered by id, with the account above it. A person's override comes before the parent;
-- an override that names the account itself cuts it loose.
CREATE OR REPLACE TABLE node AS
WITH site AS (
  SELECT CAST(ROW_NUMBER() OVER (ORDER BY id) - 1 AS INTEGER) AS node_no, id, parent_id, group_override_id
  FROM account
  WHERE is_person_account IS NULL OR NOT is_person_account
)
SELECT
  s.node_no,
  s.id,
  CASE WHEN s.group_override_id = s.id THEN NULL ELSE COALESCE(o.node_no, p.node_no) END AS parent_no,
  (s.group_override_id IS NOT NULL AND o.node_no IS NULL)
    OR (s.group_override_id IS NULL AND s.parent_id IS NOT NULL AND p.node_no IS NULL) AS lacks_parent
FROM site AS s
LEFT JOIN site AS o ON o.id = s.group_override_id
LEFT JOIN site AS p ON p.id = s.parent_id;
