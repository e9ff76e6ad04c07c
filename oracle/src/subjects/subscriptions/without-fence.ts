import { withClient } from '../../faults/every-subject.ts';

/**
 * What lets a former owner fail. Without the first two conditions alone, it fails as soon as the next owner has moved the
 * checkpoint: that hides what they prevent.
 */
const FENCE = [
  'and subscription.epoch = _advance_checkpoint.epoch',
  'and subscription.owner = _advance_checkpoint.owner',
  'and subscription.position = from_position',
];

/** The control of this subject: any process moves a checkpoint, also one that has lost the lease, from wherever it is. */
export async function removeFence(connectionString: string): Promise<void> {
  await withClient(connectionString, async (client) => {
    const { rows } = await client.query<{ text: string }>(
      `select pg_get_functiondef(oid) as text from pg_proc
        where pronamespace = 'leftfold'::regnamespace and proname = '_advance_checkpoint'`,
    );
    let text = rows[0]?.text ?? '';
    for (const condition of FENCE) {
      if (!text.includes(condition)) throw new Error(`_advance_checkpoint has no condition "${condition}"`);
      text = text.replace(condition, '');
    }
    await client.query(text);
  });
}
