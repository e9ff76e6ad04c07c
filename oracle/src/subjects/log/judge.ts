import { readJournal } from '../../journal.ts';
import type { Violation } from '../../subject.ts';
import { type Committed, passes } from './committed.ts';
import { seenIn } from './consumer.ts';
import type { Reading } from './reader.ts';
import type { LostLog } from './rewinds.ts';

/** How often writers were told what. */
export interface WriterCounts {
  acknowledged: number;
  refused: number;
  undone: number;
  /** Refused because the log went back. */
  rewound: number;
  unknown: number;
}

export interface Judgement {
  /** Empty when nothing is wrong. */
  readonly violations: readonly Violation[];
  readonly writers: WriterCounts;
  /** Events that each reader handled. */
  readonly handled: ReadonlyMap<string, number>;
}

/** Compares what writers were told and readers saw with what was committed. */
export function judge(
  committed: readonly Committed[],
  writerJournals: readonly string[],
  readings: readonly Reading[],
  lost: readonly LostLog[] = [],
): Judgement {
  const writers: WriterCounts = { acknowledged: 0, refused: 0, undone: 0, rewound: 0, unknown: 0 };
  const handled = new Map<string, number>();
  const of = (kind: string, texts: readonly string[]) => texts.map((text) => ({ kind, text }));
  const violations = [
    ...of('stream', judgeStreams(committed)),
    ...of('condition', judgeConditions(committed)),
    ...of('append', judgeAppends(committed, writerJournals, writers, lost)),
    ...of(
      'reader',
      readings.flatMap((reading) => judgeReading(committed, reading, handled, lost.length > 0)),
    ),
  ];
  return { violations, writers, handled };
}

/** Versions from 1 without holes, in the order of the log; and each append at the version that it expected. */
function judgeStreams(committed: readonly Committed[]): string[] {
  const violations: string[] = [];
  const versions = new Map<string, number>();
  const appendOfStream = new Map<string, string>();
  const lastOfStream = new Map<string, string>();
  let before = 0;
  for (const { position, streamId, streamVersion, id, append, expected, basedOn } of committed) {
    const found = versions.get(streamId) ?? 0;
    const at = `position ${position}, ${streamId}@${streamVersion}`;
    if (position <= before) violations.push(`${at}: follows position ${before}`);
    if (streamVersion !== found + 1) violations.push(`${at}: follows version ${found} of its stream`);
    const first = appendOfStream.get(streamId) !== append;
    if (first && expected !== null && expected !== found) {
      violations.push(`${at}: its append expected version ${expected}, the stream was at ${found}`);
    }
    const last = lastOfStream.get(streamId) ?? null;
    if (first && expected === found && basedOn !== last) {
      violations.push(
        `${at}: its append was decided on event ${basedOn} of the stream, and follows event ${last}`,
      );
    }
    lastOfStream.set(streamId, id);
    versions.set(streamId, streamVersion);
    appendOfStream.set(streamId, append);
    before = position;
  }
  return violations;
}

/** No event that an append excluded lies between the position of the condition and the events of the append. */
function judgeConditions(committed: readonly Committed[]): string[] {
  const violations: string[] = [];
  const newest = new Map<string, number>();
  for (const { position, append, index, tags, excluded } of committed) {
    const found = excluded === null ? 0 : (newest.get(excluded.tag) ?? 0);
    if (index === 0 && excluded !== null && found > excluded.after) {
      violations.push(
        `append ${append}, position ${position}: excluded ${excluded.tag} after position ${excluded.after}, and there is one at ${found}`,
      );
    }
    for (const tag of tags) newest.set(tag, position);
  }
  return violations;
}

/** Each append once, complete or not at all, as its writer was told. */
function judgeAppends(
  committed: readonly Committed[],
  journals: readonly string[],
  counts: WriterCounts,
  lost: readonly LostLog[],
): string[] {
  const violations: string[] = [];
  const appends = byAppend(committed);
  const lostAppends = lost.map((log) =>
    byAppend(log.committed.filter(({ position }) => position > log.restoredTo)),
  );
  for (const [append, events] of appends) {
    const indexes = events.map(({ index }) => index).toSorted((a, b) => a - b);
    const whole = Array.from({ length: events[0]?.of ?? 0 }, (_, index) => index);
    if (indexes.join() !== whole.join()) {
      violations.push(`append ${append}: has the events [${indexes.join()}] of ${whole.length} in the log`);
    }
  }
  for (const [kind = '', append = '', ...details] of journals.flatMap(readJournal)) {
    const detail = details.join(' ');
    const events = appends.get(append) ?? [];
    switch (kind) {
      case 'ack': {
        counts.acknowledged += 1;
        const found = placesOf(events);
        // What was committed after the moment that the log was restored to may be lost, as a whole.
        const wasLost = lostAppends.some((log) => placesOf(log.get(append) ?? []) === detail);
        if (found !== detail && !wasLost) {
          violations.push(`append ${append}: acknowledged at [${detail}], in the log at [${found}]`);
        }
        break;
      }
      case 'refused':
      case 'undone':
        counts[kind] += 1;
        if (events.length > 0) violations.push(`append ${append}: was ${kind}, and is in the log`);
        break;
      case 'rewound':
        counts.rewound += 1;
        if (lost.length === 0) violations.push(`append ${append}: was refused by a log that never went back`);
        break;
      case 'unknown':
        counts.unknown += 1;
        break;
      default:
        violations.push(`append ${append}: ${kind} ${detail}`);
    }
  }
  return violations;
}

/** The events of each append, in their order. */
function byAppend(committed: readonly Committed[]): ReadonlyMap<string, readonly Committed[]> {
  const appends = new Map<string, Committed[]>();
  for (const event of committed) {
    const events = appends.get(event.append);
    if (events === undefined) appends.set(event.append, [event]);
    else events.push(event);
  }
  for (const events of appends.values()) events.sort((a, b) => a.index - b.index);
  return appends;
}

function placesOf(events: readonly Committed[]): string {
  return events.map(({ position, streamVersion }) => `${position}:${streamVersion}`).join();
}

/** Exactly what was committed and passes the filter, in its order: nothing lost, repeated or reordered. */
function judgeReading(
  committed: readonly Committed[],
  { name, journal, filter }: Reading,
  handled: Map<string, number>,
  wentBack: boolean,
): string[] {
  const lines = readJournal(journal);
  const bad = lines
    .filter(([kind]) => kind === 'bad')
    .map((line) => `reader ${name}: ${line.slice(1).join(' ')}`);
  if (!wentBack && lines.some(([kind]) => kind === 'rewound'))
    bad.push(`reader ${name}: was told that the log went back, and it never did`);
  const seen = seenIn(lines).map(({ position, id }) => `${position} (${id})`);
  const expected = committed
    .filter((event) => passes(filter, event))
    .map(({ position, id }) => `${position} (${id})`);
  handled.set(name, seen.length);
  const wrong = expected.findIndex((event, index) => seen[index] !== event);
  const at = wrong === -1 ? expected.length : wrong;
  if (wrong === -1 && seen.length === expected.length) return bad;
  const known = new Set(seen);
  const lost = expected.filter((event) => !known.has(event));
  const repeated = seen.length - known.size;
  return [
    ...bad,
    `reader ${name}: handled ${seen.length} of ${expected.length} events, lost ${lost.length} (first at position ` +
      `${lost[0] ?? 'none'}), repeated ${repeated}; event ${at + 1} was ${seen[at] ?? 'none'}, not ${expected[at] ?? 'none'}`,
  ];
}
