import type { Violation } from '../../subject.ts';
import { LONG_WAIT_MS, type TransferRequest } from './bank.ts';
import type { FoldedInstance } from './folded.ts';
import type { Fact } from './recorded.ts';

/** What one transfer has moved. */
interface Moves {
  readonly withdrawn: Fact[];
  readonly deposited: Fact[];
  readonly refunded: Fact[];
}

/** How often money may have left, arrived and come back. */
type Ending = readonly [withdrawn: number, deposited: number, refunded: number];

/** Each transfer was made once, or for a declared reason not at all; money is conserved. */
export function judgeTransfers(
  facts: readonly Fact[],
  instances: ReadonlyMap<string, FoldedInstance>,
): readonly Violation[] {
  const requests = new Map<string, TransferRequest>();
  const moves = new Map<string, Moves>();
  // Sound: the data is that of the event.
  for (const { type, streamId, data } of facts)
    if (type === 'request.made') requests.set(streamId.slice('request-'.length), data as never);
  for (const fact of facts) {
    const { transferId } = fact.data as { readonly transferId?: string };
    if (!fact.type.startsWith('account.') || transferId === undefined) continue;
    const moved = moves.get(transferId) ?? { withdrawn: [], deposited: [], refunded: [] };
    moves.set(transferId, moved);
    moved[fact.type.slice('account.'.length) as keyof Moves].push(fact);
  }
  const violations = [...new Set([...requests.keys(), ...moves.keys()])].flatMap((id) =>
    judgeTransfer(id, requests.get(id), moves.get(id), instances.get(`transfer-${id}`)),
  );
  return [...violations, ...judgeMoney(facts, requests, instances)];
}

function judgeTransfer(
  id: string,
  request: TransferRequest | undefined,
  { withdrawn, deposited, refunded }: Moves = { withdrawn: [], deposited: [], refunded: [] },
  instance: FoldedInstance | undefined,
): readonly Violation[] {
  const violation = (kind: string, text: string) => ({ kind, text: `transfer ${id}: ${text}` });
  if (request === undefined) return [violation('command', 'moved money, and nobody has asked for it')];
  const violations: Violation[] = [];
  for (const [what, found] of Object.entries({ withdrawn, deposited, refunded })) {
    if (found.length > 1) violations.push(violation('command', `money was ${what} ${found.length} times`));
    const account = what === 'deposited' ? request.to : request.from;
    const wrong = found.filter(
      ({ streamId, data }) => streamId !== `account-${account}` || data['cents'] !== request.cents,
    );
    for (const { streamId, data } of wrong)
      violations.push(
        violation('command', `${String(data['cents'])} cents were ${what} in ${streamId}, not as asked`),
      );
  }
  const ending = endingOf(request, instance);
  if (typeof ending === 'string') return [...violations, violation('ending', ending)];
  // What happened several times is said above.
  const moved = [withdrawn, deposited, refunded].map(({ length }) => Math.min(length, 1));
  if (moved.join() !== ending.join())
    violations.push(
      violation(
        'compensation',
        `${describe(instance)}, and money was withdrawn, deposited, refunded ${moved.join(', ')} times, not ${ending.join(', ')}`,
      ),
    );
  return violations;
}

/** @returns what must have been moved, or what is wrong with how the transfer ended */
function endingOf(
  { to, kind, waitMs }: TransferRequest,
  instance: FoldedInstance | undefined,
): Ending | string {
  if (instance === undefined) return 'has no instance';
  const { status, failure, deadlines } = instance;
  const isClosed = to.startsWith('closed-');
  const ended = describe(instance);
  if (status === 'running') {
    const waits = kind === 'held' && waitMs === LONG_WAIT_MS && deadlines.has('release');
    return waits ? [1, 0, 0] : `is running, and waits for ${[...deadlines.keys()].join(', ') || 'nothing'}`;
  }
  if (kind === 'held' && waitMs === LONG_WAIT_MS && failure !== 'insufficient-funds')
    return `${ended} before its deadline was over`;
  if (status === 'completed') return isClosed ? `${ended}, into a closed account` : [1, 1, 0];
  if (failure === 'insufficient-funds') return [0, 0, 0];
  if (failure === 'unconfirmed' && kind === 'asked') return [0, 0, 0];
  if (failure === 'account-closed' && isClosed) return [1, 0, 1];
  return `${ended}, which is no declared reason`;
}

function describe(instance: FoldedInstance | undefined): string {
  const { status = 'missing', failure } = instance ?? {};
  return `is ${status}${failure === null || failure === undefined ? '' : ` (${failure})`}`;
}

/** No account was ever in debt, and all money is in an account, or on its way in a transfer that waits. */
function judgeMoney(
  facts: readonly Fact[],
  requests: ReadonlyMap<string, TransferRequest>,
  instances: ReadonlyMap<string, FoldedInstance>,
): readonly Violation[] {
  const balances = new Map<string, number>();
  const debts = new Set<string>();
  let paid = 0;
  for (const { type, streamId, data } of facts) {
    if (!type.startsWith('account.')) continue;
    const amount = (type === 'account.withdrawn' ? -1 : 1) * Number(data['cents'] ?? 0);
    if (type === 'account.opened' || type === 'account.paidIn') paid += amount;
    const balance = (balances.get(streamId) ?? 0) + amount;
    balances.set(streamId, balance);
    if (balance < 0) debts.add(streamId);
  }
  let waiting = 0;
  for (const [id, { cents }] of requests)
    if (instances.get(`transfer-${id}`)?.status === 'running') waiting += cents;
  const found = [...balances.values()].reduce((sum, balance) => sum + balance, 0);
  return [
    ...[...debts].map((streamId) => ({ kind: 'money', text: `${streamId}: was in debt` })),
    ...(found + waiting === paid
      ? []
      : [
          {
            kind: 'money',
            text: `accounts have ${found} cents and ${waiting} are on their way, of ${paid} that were paid in`,
          },
        ]),
  ];
}
