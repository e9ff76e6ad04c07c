import type { Guarantee } from '@leftfold/testbed/guarantees/list';
import type { ServiceVariable } from '@leftfold/testbed/services';
import { type DeclaringTest, filesOf } from './findings.ts';

const before = `<!-- Generated from the tests that ran, by \`npm run guarantees\`. Change the claims in test/testbed/src/guarantees/claims/. -->

# Guarantees

Each row is one claim, the page that states it, and the file with the tests that hold it, or with most of them. A test declares its guarantees, as in \`guarantee('append-only')\`, and this page is generated from the tests that ran. The last step of \`npm test\` fails when a guarantee has no test that ran and passed.

The races among these tests are built: a transaction is held open until PostgreSQL reports that another one waits for it.

The oracle complements them. \`npm run oracle -- log --minutes 5\` starts random writers, readers and faults for as long as you ask, and compares what every reader saw, and what every append expected or excluded, with what was committed. With \`--control\` the readers ignore the high-water mark, and the oracle must report lost events.`;

const after = `## Not promised

- Effects outside of this database, such as an e-mail that a handler sends, can happen twice.
- A rejected command is not remembered: sent again with the same id, it is decided again.
- An inline projection sees the events of each stream in order; those of different streams may come in either order.
- A transaction that appends and stays open delays readers of the log until it ends.
- With \`synchronous_commit = off\`, or after a failover to a standby that lags, acknowledged events can be lost: both are settings of the server.`;

/**
 * The text of docs/guarantees.md. Depends on which tests declared which guarantee, and on nothing else of the run.
 *
 * @param current the text that it has: rows of guarantees whose tests need a service that the run has not stay as they are
 * @param isAsked whether the run has a service
 */
export function renderPage(
  guarantees: readonly Guarantee[],
  tests: readonly DeclaringTest[],
  current = '',
  isAsked: (service: ServiceVariable) => boolean = () => true,
): string {
  const lines = current.split('\n');
  const rowOf = (guarantee: Guarantee) => {
    const { claim, service } = guarantee;
    const isLeft = service !== undefined && !isAsked(service);
    return (
      (isLeft ? lines.find((line) => line.startsWith(`| ${claim} |`)) : undefined) ??
      renderRow(guarantee, tests)
    );
  };
  const groups = [...new Set(guarantees.map(({ group }) => group))];
  const tables = groups.map((group) => {
    const rows = guarantees.filter((each) => each.group === group).map(rowOf);
    return [`## ${group}`, '', '| claim | stated in | tests |', '|---|---|---|', ...rows].join('\n');
  });
  return `${[before, ...tables, after].join('\n\n')}\n`;
}

function renderRow(guarantee: Guarantee, tests: readonly DeclaringTest[]): string {
  const { claim, statedIn } = guarantee;
  const [first = '', ...others] = filesOf(guarantee, tests);
  const link = `[${testName(first)}](../${first})`;
  const also =
    others.length === 0 ? '' : `, also ${others.map((file) => testName(file, folderOf(first))).join(', ')}`;
  return `| ${claim} | [${pageName(statedIn)}](${statedIn}) | ${link}${also} |`;
}

/** `decision 9` for `decisions/0009-conditions-on-tags.md#choice`, `event store` for `guides/event-store.md`. */
function pageName(statedIn: string): string {
  const decision = /^decisions\/0*(\d+)-/.exec(statedIn);
  if (decision !== null) return `decision ${decision[1]}`;
  return statedIn
    .replace(/^.*\//, '')
    .replace(/\.md.*$/, '')
    .replaceAll('-', ' ');
}

/**
 * `event-store: append-only` for `packages/event-store/test/append-only.pg.test.ts`.
 *
 * @param known the folder that the reader knows already: it is left out
 */
function testName(file: string, known?: string): string {
  const folder = folderOf(file);
  const name = file.replace(/^.*\//, '').replace(/(\.serial)?(\.pg|\.broker)?\.test\.ts$/, '');
  return folder === known || folder === name ? name : `${folder}: ${name}`;
}

function folderOf(file: string): string {
  return file.replace(/^packages\//, '').replace(/\/.*$/, '');
}
