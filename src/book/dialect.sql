-- What the facts say in this engine's own words; another engine has its own version of this file.

-- Cents per year: net over a number of windows, halves away from zero.
CREATE OR REPLACE MACRO PER_YEAR(net, windows) AS
  CASE WHEN net < 0 THEN -1 ELSE 1 END * CAST((2 * ABS(net) + windows) // (2 * windows) AS BIGINT);
