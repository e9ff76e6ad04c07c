import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { guarantee } from '@leftfold/testbed/guarantees';
import { guarantees } from '@leftfold/testbed/guarantees/list';
import { describe, expect, test } from 'vitest';
import { root } from '../source-file.ts';
import { findProblems } from './findings.ts';
import { renderPage } from './page.ts';

const appendOnly = { id: 'append-only', group: 'The log', claim: 'Append-only.', statedIn: 'concepts.md' };
const exact = { id: 'exact', group: 'Reading', claim: 'Exact.', statedIn: 'decisions/0009-tags.md#choice' };
const declares = (file: string, id: string, passed = true, name = 'a test') => ({
  file,
  name,
  passed,
  guarantees: [id],
});

describe('a guarantee', () => {
  const problemsOf = (...tests: Parameters<typeof findProblems>[1]) => findProblems([appendOnly], tests);

  test('needs a test that passed: one that failed or was skipped does not hold it', () => {
    const open = ["no test that ran and passed declares guarantee('append-only'): Append-only."];
    expect(problemsOf()).toEqual(open);
    expect(problemsOf(declares('a.test.ts', 'append-only', false))).toEqual(open);
    expect(
      problemsOf(declares('a.test.ts', 'append-only', false), declares('b.test.ts', 'append-only')),
    ).toEqual([]);
  });

  test('whose tests need a service is left out where that is not asked for', () => {
    const stored = { ...appendOnly, service: 'NATS_URL' } as const;
    expect(findProblems([stored], [], () => false)).toEqual([]);
    expect(findProblems([stored], [], () => true)).toHaveLength(1);
    // Without a service, a test that needs one does not hold it.
    expect(problemsOf(declares('a.broker.test.ts', 'append-only'))).toHaveLength(1);
    expect(findProblems([stored], [declares('a.broker.test.ts', 'append-only')])).toEqual([]);
  });

  test('has to be in the list', () => {
    expect(problemsOf(declares('a.test.ts', 'append-only'), declares('b.test.ts', 'faster'))).toEqual([
      "b.test.ts declares the guarantee 'faster', which is not in the list",
    ]);
  });
});

describe('the page', () => {
  test('keeps the rows whose tests need a service that the run has not', () => {
    const stored = { ...exact, service: 'NATS_URL' } as const;
    const tests = [
      declares('packages/a/test/stored.broker.test.ts', 'exact'),
      declares('packages/a/test/stored.broker.test.ts', 'append-only'),
      declares('packages/event-store/test/append-only.pg.test.ts', 'append-only'),
    ];
    const page = renderPage([appendOnly, stored], tests);
    expect(page).toContain('[a: stored](../packages/a/test/stored.broker.test.ts)');
    expect(page).not.toContain('also');
    expect(renderPage([appendOnly, stored], tests.slice(2), page, () => false)).toBe(page);
    expect(renderPage([appendOnly, stored], tests.slice(2), page)).not.toBe(page);
  });

  test('has a table for each group, with a link to the file where most tests declare the guarantee', () => {
    const log = 'packages/event-store/test/append-only.pg.test.ts';
    const page = renderPage(
      [appendOnly, exact],
      [
        declares(log, 'append-only'),
        declares('packages/b/test/exact.serial.pg.test.ts', 'exact'),
        declares('packages/b/test/exact.serial.pg.test.ts', 'exact', true, 'another test'),
        declares('packages/a/src/mark.test.ts', 'exact', false),
        // On another server: the same test counts once.
        declares('packages/a/src/mark.test.ts', 'exact'),
        declares('packages/a/src/mark.test.ts', 'exact'),
        declares(log, 'append-only'),
      ],
    );
    expect(page).toContain(`## The log

| claim | stated in | tests |
|---|---|---|
| Append-only. | [concepts](concepts.md) | [event-store: append-only](../packages/event-store/test/append-only.pg.test.ts) |

## Reading
`);
    expect(page).toContain(
      '| Exact. | [decision 9](decisions/0009-tags.md#choice) | [b: exact](../packages/b/test/exact.serial.pg.test.ts), also a: mark |',
    );
  });
});

describe('the list', () => {
  test('names every guarantee once, in one sentence', () => {
    const ids = guarantees.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const { id, claim } of guarantees) expect(claim, id).toMatch(/^[A-Z][^|]*[^.]\.$/);
  });

  test('links to headings that exist', () => {
    const missing = guarantees.filter(({ statedIn }) => !headingExists(statedIn));
    expect(missing.map(({ id, statedIn }) => `${id}: ${statedIn}`)).toEqual([]);
  });
});

test('a test declares guarantees of the list, and its report carries them', ({ task, onTestFinished }) => {
  onTestFinished(() => void Object.assign(task.meta, { guarantees: undefined })); // this test holds none
  guarantee('append-only', 'durable');
  expect(task.meta).toEqual({ guarantees: ['append-only', 'durable'] });
  // @ts-expect-error no guarantee has this id
  guarantee('faster');
});

function headingExists(link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const path = join(root, 'docs', file);
  if (!existsSync(path)) return false;
  const headings = readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm);
  return anchor === undefined || [...headings].some(([, heading = '']) => toAnchor(heading) === anchor);
}

/** As GitHub and VitePress make it, for the headings that there are. */
function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
