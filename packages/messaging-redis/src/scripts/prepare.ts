import { ensureGroups } from './ensure-groups.ts';

/**
 * Prepares all partitions of a stream. KEYS: the settings; messages, runs and runs before of each partition. ARGV: the number
 * of partitions, the consumers. Returns the number of partitions that the stream has: when it is another one, nothing is
 * changed.
 */
export const prepare = `${ensureGroups}
redis.call('HSETNX', KEYS[1], 'partitions', ARGV[1])
local partitions = redis.call('HGET', KEYS[1], 'partitions')
if partitions == ARGV[1] then
  local consumers = {}
  for place = 2, #ARGV do consumers[place - 1] = ARGV[place] end
  for place = 2, #KEYS, 3 do ensureGroups({KEYS[place], KEYS[place + 1], KEYS[place + 2]}, consumers) end
end
return partitions
`;
