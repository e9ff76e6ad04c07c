import { parseArgs } from 'node:util';
import type { RunOptions, Subject } from './subject.ts';

/** What the command line asks for. */
export interface Request extends RunOptions {
  readonly subject: Subject;
}

/**
 * Reads the command line.
 *
 * @param subjects the first one is the default
 * @throws TypeError for a subject or an option that is unknown, and for a number that is none
 */
export function parseOptions(args: readonly string[], subjects: readonly Subject[]): Request {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      minutes: { type: 'string' },
      pairs: { type: 'string' },
      history: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      processes: { type: 'string' },
      control: { type: 'boolean', default: false },
    },
  });
  const [name = subjects[0]?.name ?? '', ...more] = positionals;
  const subject = subjects.find((each) => each.name === name);
  if (subject === undefined || more.length > 0) {
    const names = subjects.map((each) => each.name).join(', ');
    throw new TypeError(`name one subject of: ${names}; not "${positionals.join(' ')}"`);
  }
  const pairs = values.pairs === undefined ? undefined : toNumber('pairs', values.pairs);
  if (pairs !== undefined && subject.makesPairs !== true) {
    const able = subjects.filter(({ makesPairs }) => makesPairs).map((each) => each.name);
    throw new TypeError(`--pairs is for ${able.join(', ')}; give ${name} a time with --minutes`);
  }
  const history = values.history === undefined ? undefined : toNumber('history', values.history);
  if (history !== undefined && subject.takesHistory !== true) {
    const able = subjects.filter(({ takesHistory }) => takesHistory).map((each) => each.name);
    throw new TypeError(`--history is for ${able.join(', ')}; ${name} begins with an empty log`);
  }
  return {
    subject,
    seconds: toNumber('minutes', values.minutes ?? (pairs === undefined ? '1' : '60')) * 60,
    pairs,
    history,
    seed: toNumber('seed', values.seed),
    processes: processesOf(subject, values.processes),
    control: values.control,
  };
}

export function usageOf(subjects: readonly Subject[]): string {
  const width = Math.max(...subjects.map(({ name }) => name.length));
  const list = subjects.map(
    ({ name, description, control }) =>
      `  ${name.padEnd(width)}  ${description}.\n  ${' '.repeat(width)}  --control: ${control.change}.`,
  );
  return `npm run oracle -- [subject] [--minutes 1] [--pairs n] [--history n] [--seed n] [--processes n] [--control]

Runs a subject under random load and faults, on a durable PostgreSQL of its own, and compares what it did with what
it guarantees. Subjects, the first one is the default:

${list.join('\n')}

--pairs ends a run of a subject that makes pairs of a write and a read when there are so many, at the latest after
--minutes, then 60 by default.

--history is the number of events that the log of a subject with a long history begins with.

--control takes the protection of the subject away. The run must then end with violations, or it proves nothing.

Exit code: 0 no violation was found, 1 violations were found, 2 the run says nothing.`;
}

function processesOf(subject: Subject, text: string | undefined): number {
  if (text === undefined) return subject.processes;
  return Math.max(1, Math.round(toNumber('processes', text)));
}

function toNumber(name: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
    throw new TypeError(`--${name} must be a number that is not negative, not "${text}"`);
  }
  return number;
}
