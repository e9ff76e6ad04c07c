import { Random } from '../../random.ts';
import {
  CLOSED_ACCOUNTS,
  closedAccountId,
  LONG_WAIT_MS,
  OPEN_ACCOUNTS,
  openAccountId,
  type TransferRequest,
} from './bank.ts';
import { officeId, OFFICES, ROOM_TIMEOUT_MS, type TripRequest } from './trips.ts';

/** What is asked of an instance, by its id and the seed: the same whoever asks. */
export function transferRequestOf(seed: number, id: string): TransferRequest {
  const random = new Random(seed, `transfer ${id}`);
  const to = random.chance(0.1)
    ? closedAccountId(random.between(1, CLOSED_ACCOUNTS))
    : openAccountId(random.between(1, OPEN_ACCOUNTS));
  const kind = random.pick(['direct', 'direct', 'direct', 'held', 'asked'] as const);
  const isLong = kind === 'held' && random.chance(0.05);
  return {
    from: openAccountId(random.between(1, OPEN_ACCOUNTS)),
    to,
    cents: random.between(1, 600),
    kind,
    waitMs: isLong ? LONG_WAIT_MS : random.between(50, 4_000),
  };
}

/** Milliseconds after which a request is confirmed, around the time until which it may be; undefined for never. */
export function confirmedAfterMs(seed: number, id: string, { kind, waitMs }: TransferRequest) {
  const random = new Random(seed, `confirmation ${id}`);
  if (kind !== 'asked' || random.chance(0.3)) return undefined;
  return random.between(0, Math.round(1.5 * waitMs));
}

/** What is asked of a booking, and what will become of it. */
export function tripRequestOf(seed: number, id: string): TripRequest {
  const random = new Random(seed, `trip ${id}`);
  return {
    seat: random.pick(['free', 'free', 'free', 'free', 'free', 'stubborn', 'taken'] as const),
    room: random.pick(['free', 'free', 'free', 'slow', 'full'] as const),
    purse: random.pick(['full', 'full', 'full', 'empty'] as const),
    office: officeId(random.between(1, OFFICES)),
  };
}

/** Milliseconds after which a slow room is answered, around the time until which it may be; undefined for never. */
export function answeredAfterMs(seed: number, id: string, { room }: TripRequest): number | undefined {
  const random = new Random(seed, `answer ${id}`);
  if (room !== 'slow' || random.chance(0.2)) return undefined;
  return random.between(0, 2 * ROOM_TIMEOUT_MS);
}
