import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect, test } from 'vitest';
import { runOracle } from './run-oracle.ts';

/** Exit code of a run that says nothing. */
const SAYS_NOTHING = 2;

/**
 * A run without the protection. On a busy machine, where processes take seconds to start, a short one may not meet what it
 * takes away: then one of twice the time is made.
 */
async function runControl(subject: string, ...args: readonly string[]): ReturnType<typeof runOracle> {
  const minutes = Number(args[args.indexOf('--minutes') + 1]);
  for (let times = 1; ; times *= 2) {
    const run = await runOracle(subject, '--control', ...args, '--minutes', String(minutes * times));
    if (run.code !== SAYS_NOTHING || times === 4) return run;
  }
}

const shortly = ['--minutes', '0.1', '--processes', '2'];

describe.concurrent('the log under random writers, readers and faults', { timeout: 300_000 }, () => {
  test('is read exactly as it was committed, and has every acknowledged append once', async () => {
    guarantee('readers-miss-nothing', 'atomic-appends', 'durable', 'versions-without-holes');
    const { code, output } = await runOracle('log', ...shortly);
    expect(output).toContain('Every reader saw exactly what was committed');
    expect(code, output).toBe(0);
  });

  test('loses events for readers that ignore the high-water mark, and nothing else', async () => {
    const { code, output } = await runControl('log', ...shortly);
    expect(output).toMatch(/VIOLATION {2}reader .*: handled \d+ of \d+ events, lost [1-9]/);
    expect(output).not.toMatch(/VIOLATION {2}(append|position|process|high-water mark)/);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });
});

describe.concurrent('subscriptions under random commands, releases and faults', { timeout: 300_000 }, () => {
  // A seed repeats the choices, not the timing.
  const short = ['--minutes', '0.2', '--seed', '7'];

  test('process every event of the log once, in the order of each key', async () => {
    guarantee('applied-once', 'runner-failover', 'sliced-projections', 'inline-mode-change');
    guarantee('resumes-in-order', 'gives-up-with-a-record');
    guarantee('reactions-in-order', 'reactions-at-least-once', 'commands-of-reactions-once');
    const { code, output } = await runOracle('subscriptions', ...short);
    expect(output).toContain('Every read model is the replay of the log');
    expect(code, output).toBe(0);
  });

  test('process events twice when a former owner can move the checkpoint', async () => {
    const { code, output } = await runControl('subscriptions', ...short);
    expect(output).toMatch(/VIOLATION {2}\w+ \d, key .*: expected \d+ events/);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });
});

describe.concurrent('rebuilds under random commands, queries and faults', { timeout: 300_000 }, () => {
  const short = ['--minutes', '0.12', '--seed', '6', '--processes', '2'];

  test('never let a query see a part of a read model', async () => {
    guarantee('rebuild-serves');
    const { code, output } = await runOracle('rebuild', ...short);
    expect(output).toContain('No query saw a part of a read model');
    expect(code, output).toBe(0);
  });

  test('show parts of it when a copy may serve before it has caught up', async () => {
    const { code, output } = await runControl('rebuild', ...short);
    expect(output).toMatch(/VIOLATION {2}reader-\d+: sums till-\d+ with \d+ of \d+ entries/);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });
});

describe.concurrent('reads of what was written just before, under faults', { timeout: 300_000 }, () => {
  const short = ['--minutes', '0.4', '--seed', '11'];

  test('have what their token, their session or a strong read asks for', async () => {
    guarantee('consistency-tokens', 'strong-reads', 'monotonic-reads', 'one-snapshot');
    const { code, output } = await runOracle('reads', ...short);
    expect(output).toContain('Every read had what it asked for');
    expect(code, output).toBe(0);
  });

  test('are stale without any of them', async () => {
    const { code, output } = await runControl('reads', ...short);
    expect(output).toMatch(/VIOLATION {2}process .*: saw \d+ of \d+, at least \d+ were asked for/);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });
});

describe.concurrent('decisions and conditions of every form, under faults', { timeout: 300_000 }, () => {
  test('hold, rest on what the log had, and are refused for events that they exclude', async () => {
    guarantee('no-write-skew', 'append-conditions', 'conditions-hold-until-commit', 'decision-reads');
    guarantee('decisions-over-tags', 'conflicts-named', 'commands-take-effect-once');
    const { code, output } = await runOracle('decisions', ...shortly);
    expect(output).toContain('No condition was violated and no refusal was false');
    expect(code, output).toBe(0);
  });

  test('are violated without the locks on tags and types', async () => {
    const { code, output } = await runControl('decisions', ...shortly);
    expect(output).toMatch(/VIOLATION {2}append .*: excluded .*, and there is one at \d+/);
    expect(output).not.toMatch(/VIOLATION {2}process/);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });
});

describe.concurrent('relays and consumers under faults', { timeout: 300_000 }, () => {
  const short = ['--minutes', '0.1', '--seed', '3'];
  const shorter = ['--minutes', '0.05', '--seed', '3'];

  test('have one effect for each event, in the order of each key', async () => {
    guarantee('relays-at-least-once', 'relays-in-order', 'relays-wait-for-the-broker');
    guarantee('messages-once', 'messages-in-order', 'messages-never-lost');
    const { code, output } = await runOracle('messaging', ...short);
    expect(output).toContain('Every event had its effect, once, in the order of its key');
    expect(code, output).toBe(0);
  });

  test('repeat effects without an inbox', async () => {
    const { code, output } = await runControl('messaging', 'inbox', ...shorter);
    expect(output).toMatch(/VIOLATION {2}key order-\d+: \d+ effects are repeated/);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });

  test('lose effects when the checkpoint moves before the publish', async () => {
    const { code, output } = await runControl('messaging', 'checkpoint', ...shorter);
    expect(output).toMatch(/VIOLATION {2}key order-\d+: \d+ of \d+ events have no effect/);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });
});

describe.concurrent('processes of an app under faults', { timeout: 300_000 }, () => {
  const short = ['--minutes', '0.1', '--seed', '5', '--processes', '2'];

  test('come to a declared end, with each command once and no money lost', async () => {
    guarantee('process-inputs-once', 'process-commands-once', 'deadlines-by-the-database');
    guarantee('sagas-complete-or-compensate');
    const { code, output } = await runOracle('processes', ...short);
    expect(output).toContain('Every instance came to a declared end');
    expect(code, output).toBe(0);
  });

  test('execute commands twice that have random ids', async () => {
    const { code, output } = await runControl('processes', 'ids', ...short);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });

  test('act late when nothing bars a former owner', async () => {
    const { code, output } = await runControl('processes', 'bar', ...short);
    expect(output).toMatch(/VIOLATION {2}errand .*: is \w+.*, and took \d+ times/);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });
});
