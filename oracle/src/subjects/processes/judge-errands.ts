import type { Violation } from '../../subject.ts';
import type { FoldedInstance } from './folded.ts';
import type { Fact } from './recorded.ts';

/** A race is over with one outcome, whoever was late: what was taken was wished for, and an errand that failed took nothing. */
export function judgeErrands(
  facts: readonly Fact[],
  instances: ReadonlyMap<string, FoldedInstance>,
): readonly Violation[] {
  const taken = new Map<string, number>();
  for (const { type, data } of facts)
    if (type === 'till.taken') {
      const id = String(data['wishId']);
      taken.set(id, (taken.get(id) ?? 0) + 1);
    }
  const wishes = facts.filter(({ type }) => type === 'wish.made');
  return [...new Set(wishes.map(({ streamId }) => streamId.slice('wish-'.length)))].flatMap((id) => {
    const { status = 'missing', failure } = instances.get(`errand-${id}`) ?? {};
    const times = taken.get(id) ?? 0;
    const text = `errand ${id}: is ${status}${failure ? ` (${failure})` : ''}, and took ${times} times`;
    if (times > 1) return [{ kind: 'command', text }];
    const isRight = times === 1 ? status === 'completed' : status === 'failed' && failure === 'empty';
    return isRight ? [] : [{ kind: 'late', text }];
  });
}
