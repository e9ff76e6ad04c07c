import { assertCategory, assertId } from './names.ts';

/**
 * The stream of one aggregate: `<aggregate>-<id>`.
 *
 * @throws InvalidNameError when the category has a hyphen, or the id is empty, too long or has control characters.
 */
export function streamIdOf(category: string, id: string): string {
  assertCategory(category);
  assertId(`id of ${category}`, id);
  const streamId = `${category}-${id}`;
  assertId('stream id', streamId);
  return streamId;
}

/** The part of a stream id before its first hyphen; the whole stream id when it has none. @throws InvalidNameError */
export function categoryOf(streamId: string): string {
  assertId('stream id', streamId);
  const end = streamId.indexOf('-');
  return end === -1 ? streamId : streamId.slice(0, end);
}

/** The part of a stream id after its first hyphen: the aggregate's id. Empty when it has no hyphen. @throws InvalidNameError */
export function aggregateIdOf(streamId: string): string {
  assertId('stream id', streamId);
  const end = streamId.indexOf('-');
  return end === -1 ? '' : streamId.slice(end + 1);
}
