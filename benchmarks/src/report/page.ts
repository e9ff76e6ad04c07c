import type { Verdict } from '../goals/goal.ts';
import type { Results } from '../run/results.ts';
import { type About, aboutLines } from './about.ts';
import { goalTable } from './goal-table.ts';
import { peerTable } from './peer-table.ts';
import { workloadTable } from './workload-table.ts';

const method = [
  'All figures come from one run on one machine against one server. Workloads that are compared run alternately',
  '(A B C, A B C, …), and the first round is not counted. A ratio is taken within each round; the figure is the median of',
  'the ratios. Events have a payload of about 200 bytes.',
  '',
  '- **Appends** go to new streams and require that the stream does not exist. The bulk INSERT by hand writes many rows',
  '  into the same table, with the same indexes and checks, with one prepared statement and one commit. Leftfold is',
  '  compared with the best of 15 sizes and numbers of connections. The plain INSERT is one row and one commit.',
  '- **Appends under a condition** also go to new streams. Each event has a tag of its own, and the append requires that',
  '  no event has that tag. They are compared with appends that require that the stream does not exist.',
  '  The same runs on the server of `DATABASE_URL`, or with `LEFTFOLD_REQUIRE_SERVICES=1` on the one at the standard port.',
  '- **Reading a category** reads all events of a rare one, with `plan_cache_mode` set to either kind of plan.',
  '- **Commands and loads** come from 64 callers on 500 accounts, of which a few get most of the calls (Zipf). By hand it',
  '  is one SELECT, a fold and one INSERT over ten connections, tried again when the version is taken.',
  '- **Loads** fold an aggregate in an application that keeps no aggregates in memory. The SELECT by hand reads the three',
  '  columns that a fold needs, and parses the JSON.',
  '- **A read model catching up** starts at the first event of a filled log. The loop by hand is what an expert would',
  '  write for that one read model: it reads ahead, folds in memory, and writes rows and checkpoint with one statement for',
  '  5,000 events. Statements by hand are prepared, one for each event. Pipelined statements are sent without waiting for',
  '  the answer to the one before; Leftfold does the same with statements that handlers return.',
  '- **Visible** is the time from the moment when an append is due until another connection sees its row in the read',
  '  model, at about 40 appends a second.',
  '- **Slices** are measured from the moment when all events are in the log. Two processes, the server and the program that',
  '  measures share the cores of the machine.',
  '- **Many projections** in one process: what its pool sends while no events arrive, counted for ten seconds.',
  '- **Peers** run in processes of their own, each with a database of its own, in the best way that they document.',
];

/** The page of the documentation: figures first, then how they were measured. */
export function benchmarksPage(about: About, verdicts: readonly Verdict[], results: Results): string {
  return [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench -- --publish`; changes are overwritten. -->',
    '',
    '![Appends of Leftfold, of SQL by hand and of peers](./public/benchmarks-appends.svg)',
    '![A read model of Leftfold, of SQL by hand and of peers catching up](./public/benchmarks-catch-up.svg)',
    '',
    'Each figure is a median, with the lowest and the highest in brackets.',
    '[How it was measured](#how-it-was-measured) and [on which machine](#machine-and-settings) are at the end of the page.',
    '',
    '## Goals',
    '',
    'A result with × is a ratio: the figure of Leftfold divided by the figure that it is compared with.',
    '',
    ...goalTable(verdicts),
    '',
    '## Peers',
    '',
    'A figure in bold is better than that of Leftfold.',
    '',
    ...peerTable(results),
    '',
    '## All workloads',
    '',
    ...workloadTable(results),
    '',
    '## How it was measured',
    '',
    ...method,
    '',
    '## Machine and settings',
    '',
    ...aboutLines(about).map((line) => `- ${line}`),
    '',
    'Run it yourself: `npm run bench`, or `npm run bench -- --quick` for less than three minutes. It starts a PostgreSQL',
    'server of its own, or uses the one that `DATABASE_URL` names.',
    '',
  ].join('\n');
}
