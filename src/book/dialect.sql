-- What the facts say in this engine's own words; another engine has its own version of this file.

-- Cents per year: net over a number of windows, halves away from zero.
CREATE OR REPLACE MACRO PER_YEAR(net, windows) AS
  CASE WHEN net < 0 THEN -1 ELSE 1 END * CAST((2 * ABS(net) + windows) // (2 * windows) AS BIGINT);

-- Cents of another currency in the corporate one, halves away from zero: so many millionths of it are one unit.
CREATE OR REPLACE MACRO CORPORATE(cents, millionths) AS
  CASE
    WHEN millionths = 1000000 THEN cents
    ELSE CASE WHEN cents < 0 THEN -1 ELSE 1 END
      * CAST((2000000 * ABS(CAST(cents AS HUGEINT)) + millionths) // (2 * millionths) AS BIGINT)
  END;
