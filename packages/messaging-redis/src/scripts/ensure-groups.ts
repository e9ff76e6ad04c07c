/**
 * Lua: `ensureGroups(keys, consumers)` lets each consumer have a group of the stream `keys[1]`, and returns how many groups
 * there are. What a stream that is not there any more has had is forgotten: `keys[2]` and `keys[3]`.
 */
export const ensureGroups = `
local function ensureGroups(keys, consumers)
  local found, count = {}, 0
  if redis.call('EXISTS', keys[1]) == 0 then
    redis.call('DEL', keys[2], keys[3])
  else
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', keys[1])) do
      found[group[2]] = true
      count = count + 1
    end
  end
  for _, consumer in ipairs(consumers) do
    if not found[consumer] then
      redis.call('XGROUP', 'CREATE', keys[1], consumer, '$', 'MKSTREAM')
      found[consumer] = true
      count = count + 1
    end
  end
  return count
end
`;
