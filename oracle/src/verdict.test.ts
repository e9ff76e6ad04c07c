import { describe, expect, test } from 'vitest';
import { subjects } from './subjects/index.ts';
import { toVerdict } from './verdict.ts';

const [log] = subjects;
const lostEvents = { kind: 'reader', text: 'reader all: lost 3' };
const badAppend = { kind: 'append', text: 'append 1: is there twice' };
const verdictOf = (control: boolean, ...violations: readonly (typeof badAppend)[]) =>
  toVerdict(log!, { control: control ? log!.controls[0] : undefined, seed: 7 }, violations);

describe('a run', () => {
  test('without violations says what holds', () => {
    expect(verdictOf(false)).toEqual({ exitCode: 0, lines: [log!.holds] });
  });

  test('with violations lists them and says how to repeat it', () => {
    expect(verdictOf(false, badAppend)).toEqual({
      exitCode: 1,
      lines: ['VIOLATION  append 1: is there twice', '1 violations. The same choices again: --seed 7'],
    });
  });

  test('with many violations lists the first twenty', () => {
    const { lines } = verdictOf(false, ...Array.from({ length: 25 }, () => badAppend));
    expect(lines).toHaveLength(22);
    expect(lines[20]).toBe('VIOLATION  ... and 5 more');
  });
});

describe('a run of the control', () => {
  test('ends in failure when the missing protection was found out', () => {
    const { exitCode, lines } = verdictOf(true, badAppend, lostEvents);
    expect(exitCode).toBe(1);
    expect(lines.at(-1)).toMatch(/^The control was found out, as it must be/);
  });

  test('says so when it was not found out', () => {
    const { exitCode, lines } = verdictOf(true);
    expect(exitCode).toBe(2);
    expect(lines.join('\n')).toContain('The control was NOT found out');
    expect(lines.join('\n')).not.toContain(log!.holds);
  });

  test('says nothing when there are violations of other kinds only', () => {
    const { exitCode, lines } = verdictOf(true, badAppend);
    expect(exitCode).toBe(2);
    expect(lines.join('\n')).toContain('The control was NOT found out');
  });
});
