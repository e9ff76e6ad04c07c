import { parseArgs } from 'node:util';
import type { Control, RunOptions, Subject } from './subject.ts';

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
  const { values, tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    tokens: true,
    options: {
      minutes: { type: 'string' },
      pairs: { type: 'string' },
      history: { type: 'string' },
      transport: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      processes: { type: 'string' },
      control: { type: 'boolean', default: false },
    },
  });
  // `--control` alone is the first one; a word behind it that names no subject is that of a control.
  const controlAt = tokens.find((token) => token.kind === 'option' && token.name === 'control')?.index;
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? [token] : []));
  const isSubject = (word: string) => subjects.some(({ name }) => name === word);
  const control = positionals.find(({ index, value }) => index - 1 === controlAt && !isSubject(value));
  const words = positionals.filter((token) => token !== control).map(({ value }) => value);

  const [name = subjects[0]?.name ?? '', ...more] = words;
  const subject = subjects.find((each) => each.name === name);
  if (subject === undefined || more.length > 0) {
    const names = subjects.map((each) => each.name).join(', ');
    throw new TypeError(`name one subject of: ${names}; not "${words.join(' ')}"`);
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
    transport: transportOf(subject, subjects, values.transport),
    seed: toNumber('seed', values.seed),
    processes: processesOf(subject, values.processes),
    control: values.control ? controlOf(subject, control?.value) : undefined,
  };
}

export function usageOf(subjects: readonly Subject[]): string {
  const width = Math.max(...subjects.map(({ name }) => name.length));
  const list = subjects.map(({ name, description, controls, transports = [] }) => {
    const more = [
      ...controls.map((control) => `--control ${control.name}: ${control.change}.`),
      ...(transports.length === 0 ? [] : [`--transport: ${transports.join(', ')}.`]),
    ];
    return [
      `  ${name.padEnd(width)}  ${description}.`,
      ...more.map((line) => `  ${' '.repeat(width)}  ${line}`),
    ];
  });
  return `npm run oracle -- [subject] [--minutes 1] [--pairs n] [--history n] [--transport name] [--seed n]
                  [--processes n] [--control [name]]

Runs a subject under random load and faults, on a durable PostgreSQL of its own, and compares what it did with what
it guarantees. Subjects, the first one is the default:

${list.flat().join('\n')}

--pairs ends a run of a subject that makes pairs of a write and a read when there are so many, at the latest after
--minutes, then 60 by default.

--history is the number of events that the log of a subject with a long history begins with.

--transport says what messages are carried by, the first one by default.

--control takes a protection of the subject away, the first one by default. The run must then end with violations, or
it proves nothing.

Exit code: 0 no violation was found, 1 violations were found, 2 the run says nothing.`;
}

function controlOf({ name, controls }: Subject, wanted: string | undefined): Control {
  const found = wanted === undefined ? controls[0] : controls.find((each) => each.name === wanted);
  if (found !== undefined) return found;
  const names = controls.map((each) => each.name).join(', ');
  throw new TypeError(`--control of ${name} is one of: ${names}; not "${wanted}"`);
}

function transportOf(
  { name, transports }: Subject,
  subjects: readonly Subject[],
  wanted: string | undefined,
): string | undefined {
  if (wanted === undefined || transports?.includes(wanted)) return wanted ?? transports?.[0];
  if (transports !== undefined)
    throw new TypeError(`--transport is one of: ${transports.join(', ')}; not "${wanted}"`);
  const able = subjects.filter((each) => each.transports !== undefined).map((each) => each.name);
  throw new TypeError(`--transport is for ${able.join(', ')}; ${name} carries no messages`);
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
