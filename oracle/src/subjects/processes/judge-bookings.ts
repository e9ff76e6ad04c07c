import type { Violation } from '../../subject.ts';
import type { FoldedInstance } from './folded.ts';
import type { Fact } from './recorded.ts';
import type { TripRequest } from './trips.ts';

/** The events of a trip that are counted. */
const counted = [
  'seat.reserved',
  'seat.released',
  'room.booked',
  'room.cancelled',
  'purse.paid',
  'office.issued',
  'booking.closed',
] as const;

type Counts = Record<(typeof counted)[number], number>;

/** Each trip has all of its parts, or none of them. */
export function judgeBookings(
  facts: readonly Fact[],
  instances: ReadonlyMap<string, FoldedInstance>,
): readonly Violation[] {
  const requests = new Map<string, TripRequest>();
  const counts = new Map<string, Counts>();
  const closed = new Map<string, Fact['data']>();
  for (const { type, streamId, data } of facts) {
    // Sound: the data is that of the event.
    if (type === 'trip.requested') requests.set(streamId.slice('trip-'.length), data as never);
    if (!isCounted(type)) continue;
    const id = type === 'booking.closed' ? streamId.slice('booking-'.length) : String(data['tripId']);
    if (type === 'booking.closed') closed.set(id, data);
    const of = counts.get(id) ?? none();
    of[type] += 1;
    counts.set(id, of);
  }
  return [...new Set([...requests.keys(), ...counts.keys()])].flatMap((id) =>
    judgeBooking(
      id,
      requests.get(id),
      counts.get(id) ?? none(),
      closed.get(id),
      instances.get(`booking-${id}`),
    ),
  );
}

const isCounted = (type: string): type is keyof Counts => counted.some((one) => one === type);

// Sound: it has all of these fields.
const none = () => Object.fromEntries(counted.map((type) => [type, 0])) as Counts;

function judgeBooking(
  id: string,
  request: TripRequest | undefined,
  counts: Counts,
  closed: Fact['data'] | undefined,
  instance: FoldedInstance | undefined,
): readonly Violation[] {
  const violation = (kind: string, text: string) => ({ kind, text: `booking ${id}: ${text}` });
  if (request === undefined) return [violation('command', 'nobody has asked for it')];
  const violations = Object.entries(counts)
    .filter(([, count]) => count > 1)
    .map(([type, count]) => violation('command', `${type} happened ${count} times`));
  const { status = 'missing', failure } = instance ?? {};
  if (status !== 'completed' || closed === undefined)
    return [...violations, violation('ending', `is ${status}${failure ? ` (${failure})` : ''}`)];
  const { outcome, reason } = closed as { readonly outcome: string; readonly reason: string };
  if (outcome === 'compensated' && !isDeclared(request, reason))
    violations.push(violation('ending', `was compensated since ${reason}, which is no declared reason`));
  const wrong = outcome === 'completed' ? wrongOfCompleted(counts) : wrongOfCompensated(counts);
  const found = counted.map((type) => `${type} ${counts[type]}`).join(', ');
  if (wrong !== undefined)
    violations.push(violation('compensation', `${wrong}, and was ${outcome} (${reason}); ${found}`));
  return violations;
}

function wrongOfCompleted(counts: Counts): string | undefined {
  const missing = (['seat.reserved', 'room.booked', 'purse.paid', 'office.issued'] as const).find(
    (type) => counts[type] === 0,
  );
  if (missing !== undefined) return `has no ${missing}`;
  const taken = (['seat.released', 'room.cancelled'] as const).find((type) => counts[type] > 0);
  return taken === undefined ? undefined : `has ${taken}`;
}

/** A compensation happened if and only if its step did. */
function wrongOfCompensated(counts: Counts): string | undefined {
  const kept = (['purse.paid', 'office.issued'] as const).find((type) => counts[type] > 0);
  if (kept !== undefined) return `has ${kept}`;
  if (counts['seat.reserved'] !== counts['seat.released']) return 'a seat was kept, or released for nothing';
  if (counts['room.booked'] !== counts['room.cancelled']) return 'a room was kept, or cancelled for nothing';
  return undefined;
}

function isDeclared({ seat, room, purse }: TripRequest, reason: string): boolean {
  if (reason === 'step "seat" was refused: taken') return seat === 'taken';
  if (reason === 'step "room" was refused: room.refused') return room === 'full' || room === 'slow';
  if (reason === 'step "pay" was refused: empty') return purse === 'empty';
  // Answers are late in outages.
  return reason.startsWith('step "room" had no answer') || reason.startsWith('cancelled: ');
}
