-- What ends a person's word on a movement says nothing of a count by itself: what it is about tells.
-- It was marked as such a word as a whole, also where it had taken back, or brought back, another
-- content of an id besides.

UPDATE trails SET is_verdict = 0
WHERE is_verdict = 1 AND of_seq <> 0
  AND (SELECT j.type <> 'conflict.resolved'
              OR CAST(j.record AS TEXT)->>'$.envelope.data.option' NOT IN ('keep_counted', 'keep_difference')
       FROM journal AS j WHERE j.ledger = trails.ledger AND j.seq = trails.seq);

UPDATE mentions SET is_verdict = 0
WHERE is_verdict = 1 AND of_seq <> 0
  AND (SELECT j.type <> 'conflict.resolved'
              OR CAST(j.record AS TEXT)->>'$.envelope.data.option' NOT IN ('keep_counted', 'keep_difference')
       FROM journal AS j WHERE j.ledger = mentions.ledger AND j.seq = mentions.seq);
