import type { Violation } from '../../subject.ts';
import { type FoldedInstance, foldInstances } from './folded.ts';
import { judgeBookings } from './judge-bookings.ts';
import { judgeErrands } from './judge-errands.ts';
import { judgeTransfers } from './judge-transfers.ts';
import type { Recorded, StoredDeadline } from './recorded.ts';

/** Violations of one kind. */
const violationsOf = (kind: string, texts: readonly string[]): readonly Violation[] =>
  texts.map((text) => ({ kind, text }));

/**
 * Compares what the instances of processes have done with what was asked of them, when nothing is left to be done.
 *
 * @param made ids of what was asked, as far as that was acknowledged
 */
export function judge(recorded: Recorded, made: readonly string[]): readonly Violation[] {
  const { facts } = recorded;
  const instances = foldInstances(facts, ['transfer', 'booking', 'errand']);
  const streams = new Set(facts.map(({ streamId }) => streamId));
  return [
    ...violationsOf(
      'append',
      made.filter((id) => !streams.has(id)).map((id) => `${id}: was acknowledged, and is not in the log`),
    ),
    ...violationsOf('input', [...instances.values()].flatMap(judgeInputs)),
    ...violationsOf('deadline', [...instances.values()].flatMap(judgeDeadlines)),
    ...violationsOf('table', judgeTables(recorded, instances)),
    ...judgeTransfers(facts, instances),
    ...judgeBookings(facts, instances),
    ...judgeErrands(facts, instances),
  ];
}

function judgeInputs({ process, id, inputs }: FoldedInstance): string[] {
  const repeated = inputs.length - new Set(inputs).size;
  return repeated === 0 ? [] : [`${process} ${id}: ${repeated} of ${inputs.length} inputs are repeated`];
}

function judgeDeadlines({ process, id, early, stale }: FoldedInstance): string[] {
  return [
    ...early.map((text) => `${process} ${id}: took deadline ${text}`),
    ...stale.map((name) => `${process} ${id}: took deadline ${name}, which was not open`),
  ];
}

/** The tables for operators say what the streams say. */
function judgeTables(
  { instances, deadlines }: Recorded,
  folded: ReadonlyMap<string, FoldedInstance>,
): string[] {
  const rows = new Map(instances.map((row) => [`${row.process}-${row.id}`, row]));
  const open = new Map<string, StoredDeadline[]>();
  for (const row of deadlines) {
    const stream = `${row.process}-${row.id}`;
    open.set(stream, [...(open.get(stream) ?? []), row]);
  }
  return [...new Set([...rows.keys(), ...open.keys(), ...folded.keys()])].flatMap((stream) => {
    const row = rows.get(stream);
    const instance = folded.get(stream);
    const found = row === undefined ? 'no row' : describe(row);
    const expected = instance === undefined ? 'none' : describe(instance);
    const foundOpen = (open.get(stream) ?? []).map(describeRow).toSorted().join(', ');
    const expectedOpen = [...(instance?.deadlines ?? [])]
      .map(([name, { number, dueMs }]) => describeDeadline(name, number, dueMs))
      .toSorted()
      .join(', ');
    return [
      ...(found === expected ? [] : [`${stream}: the table has ${found}, the stream ${expected}`]),
      ...(foundOpen === expectedOpen
        ? []
        : [`${stream}: the table has the deadlines [${foundOpen}], the stream [${expectedOpen}]`]),
    ];
  });
}

function describe({
  version,
  status,
  failure,
  streamVersion,
}: Pick<FoldedInstance, 'version' | 'failure' | 'streamVersion'> & { readonly status: string }): string {
  return `version ${version}, ${status}${failure === null ? '' : `: ${failure}`}, ${streamVersion} events`;
}

function describeRow({ deadline, number, dueMs, fired }: StoredDeadline): string {
  return `${describeDeadline(deadline, number, dueMs)}${fired ? ' fired' : ''}`;
}

function describeDeadline(name: string, number: number, dueMs: number): string {
  return `${name} ${number} at ${Math.round(dueMs)}`;
}
