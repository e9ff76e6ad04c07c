import { ensureGroups } from './ensure-groups.ts';

/** Arguments of each message, after those of the script. */
const MESSAGE_ARGUMENTS = 7;

/**
 * Adds messages to a partition, except those that it has had. KEYS: messages, runs, runs before. ARGV: the channel, how many
 * runs are kept, the number of consumers, the consumers; then for each message its source and key, sequence, the sequence of
 * the message before it or '', lineage, attributes, content type and body. Returns how many consumers there are: with none,
 * nothing is added.
 *
 * A run is what is known of a key: that the partition has had its messages from one sequence to another, all of one lineage. A
 * message that follows the last one by its \`previous\` makes the run longer. Any other begins a new one: a message is taken for
 * a duplicate only when it is known to be there. One without a lineage is no message of a relay, and always added.
 *
 * Texts are compared by their bytes: \`<\` would compare by the server's locale.
 */
export const publish = `${ensureGroups}
local function isBefore(one, other)
  for place = 1, math.min(#one, #other) do
    local left, right = string.byte(one, place), string.byte(other, place)
    if left ~= right then return left < right end
  end
  return #one < #other
end

local consumers = {}
for place = 1, tonumber(ARGV[3]) do consumers[place] = ARGV[3 + place] end
local groups = ensureGroups(KEYS, consumers)
if groups == 0 then return 0 end

local added = false
for place = 4 + #consumers, #ARGV, ${MESSAGE_ARGUMENTS} do
  local field, sequence, previous, lineage = ARGV[place], ARGV[place + 1], ARGV[place + 2], ARGV[place + 3]
  local stored = redis.call('HGET', KEYS[2], field) or redis.call('HGET', KEYS[3], field)
  local first, last, known = '', '', nil
  if stored then
    first, last, known = unpack(cmsgpack.unpack(stored))
  end
  local same = lineage ~= '' and known == lineage
  if not (same and not isBefore(sequence, first) and not isBefore(last, sequence)) then
    redis.call('XADD', KEYS[1], '*', 'attributes', ARGV[place + 4], 'contenttype', ARGV[place + 5], 'body', ARGV[place + 6])
    if not (same and previous ~= '' and previous == last) then first = sequence end
    if lineage ~= '' then
      if redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[2]) then redis.call('RENAME', KEYS[2], KEYS[3]) end
      redis.call('HSET', KEYS[2], field, cmsgpack.pack({first, sequence, lineage}))
    end
    added = true
  end
end
if added then redis.call('PUBLISH', ARGV[1], '') end
return groups
`;
