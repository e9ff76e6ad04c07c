import { describe, expect, test } from 'vitest';
import { findProblems, parseGuarantees } from '../scripts/guarantees.mjs';

const page = `
| word | meaning |
|---|---|
| stream | events of one aggregate |

| claim | where stated | test |
| --- | --- | --- |
| One of two creates wins | event-store | \`packages/a/test/append.pg.test.ts > append > one of two creates wins\` |
| A \\| in a claim | core | \`a.test.ts > first\`<br>\`a.test.ts > second\` |
`;
const ran = [
  {
    file: 'packages/a/test/append.pg.test.ts',
    titles: ['append', 'one of two creates wins'],
    status: 'passed',
  },
  { file: 'a.test.ts', titles: ['first'], status: 'failed' },
  { file: 'a.test.ts', titles: ['second'], status: 'skipped' },
];

test('rows are read from tables whose last column is "test", and from no other', () => {
  expect(parseGuarantees(page)).toEqual([
    {
      claim: 'One of two creates wins',
      tests: ['packages/a/test/append.pg.test.ts > append > one of two creates wins'],
    },
    { claim: 'A | in a claim', tests: ['a.test.ts > first', 'a.test.ts > second'] },
  ]);
});

describe('a guarantee is refused', () => {
  const problemsOf = (...tests: string[]) => findProblems([{ claim: 'c', tests }], ran);

  test('when its test was skipped', () => {
    expect(problemsOf('a.test.ts > second')).toEqual(['"c": "second" of a.test.ts did not run (skipped)']);
  });

  test('when its test or its file is not among those that ran', () => {
    expect(problemsOf('a.test.ts > third')).toEqual(['"c": a.test.ts has no test "third"']);
    expect(problemsOf('b.test.ts > first')).toEqual(['"c": no test of b.test.ts ran']);
  });

  test('when it names no test, or a file alone', () => {
    expect(problemsOf()).toEqual(['"c": names no test']);
    expect(problemsOf('a.test.ts')).toHaveLength(1);
  });
});

test('a guarantee holds with its test named in full or by its own title, whether it passed or failed', () => {
  const [first] = parseGuarantees(page);
  const byTitle = { claim: 'c', tests: ['packages/a/test/append.pg.test.ts > one of two creates wins'] };
  const failed = { claim: 'c', tests: ['a.test.ts > first'] };
  expect(findProblems([first ?? byTitle, byTitle, failed], ran)).toEqual([]);
});
