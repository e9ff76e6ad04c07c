import type { Verdict } from '../goals/goal.ts';
import type { Results } from '../run/results.ts';
import { type About, aboutLines } from './about.ts';
import { goalTable } from './goal-table.ts';
import { peerTable } from './peer-table.ts';
import { workloadTable } from './workload-table.ts';

const method = [
  'Everything on this page was measured in one run, on one machine, against one server. Compared workloads take turns',
  '(A B C, A B C, …) after one turn that is not counted; a ratio is taken within each turn, and its median is what',
  'counts. In brackets are the lowest and the highest. Events have a payload of some 200 bytes.',
  '',
  '- **Appends** go to new streams and demand that there be no such stream. The *bare bulk insert* puts many rows into',
  '  the same table, with the same indexes and checks, with one prepared statement and one commit; the best of 15',
  '  sizes and numbers of connections is what Leftfold is compared with. The *bare INSERT* is one row and one commit.',
  '- **Conditional appends** (`append.tags`) go to new streams as well, 16 in flight, each with a tag of its own, and',
  '  demand that there be no event with that tag; what they are compared with demands that there be no such stream.',
  '- **Loads** fold an aggregate in an application that keeps none in memory. The *bare SELECT* reads the three columns',
  '  that a fold needs and parses the JSON. One *round trip* reads the row of a snapshot by its key.',
  '- **Projections** begin at the first event of a filled log. The *loop by hand* is what an expert would write for that',
  '  one read model: it reads ahead, folds in memory, and writes rows and checkpoint with one statement for 5,000',
  '  events. The *statements by hand* are prepared, one for each event, awaited one after another; `pipelined` are the',
  '  same, sent without waiting for answers, which is what the framework does with statements that handlers return.',
  '  `awaited` are handlers that wait for each of them.',
  '- **Visible** is the time from when an append is due (not from when it began) to when another connection sees its',
  '  row in the read model, about 40 appends a second.',
  '- **Traffic** is 64 callers on 500 accounts, of which few are popular (Zipf): `hot` is commands only, `mixed` is half',
  '  loads, half commands. By hand it is one SELECT, a fold and one INSERT over ten connections, again when the version',
  '  is taken.',
  '- **Peers** run in processes of their own, each with a database of its own, in the best way that they document.',
];

/** The page of the documentation. */
export function benchmarksPage(about: About, verdicts: readonly Verdict[], results: Results): string {
  return [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench -- --publish`; changes are overwritten. -->',
    '',
    ...aboutLines(about).map((line) => `- ${line}`),
    '',
    '![Appends and projections of Leftfold, of the bare database and of peers](./public/benchmarks.svg)',
    '',
    '## Goals',
    '',
    ...goalTable(verdicts),
    '',
    '## Peers',
    '',
    ...peerTable(results),
    '',
    '## All workloads',
    '',
    ...workloadTable(results),
    '',
    '## What was measured',
    '',
    ...method,
    '',
    'Run it yourself: `npm run bench`, or `npm run bench -- --quick` for less than three minutes. It starts a PostgreSQL',
    'of its own, or uses the one that `DATABASE_URL` names.',
    '',
  ].join('\n');
}
