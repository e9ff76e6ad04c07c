/**
 * Ends entries that a consumer has handled, and deletes those that all consumers have. KEYS: messages. ARGV: the consumer,
 * the ids.
 */
export const acknowledge = `
local function isBefore(one, other)
  local time, number = string.match(one, '(%d+)-(%d+)')
  local otherTime, otherNumber = string.match(other, '(%d+)-(%d+)')
  if time == otherTime then time, otherTime = number, otherNumber end
  if #time ~= #otherTime then return #time < #otherTime end
  return time < otherTime
end

for place = 2, #ARGV do redis.call('XACK', KEYS[1], ARGV[1], ARGV[place]) end
local oldest
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local about = {}
  for place = 1, #group, 2 do about[group[place]] = group[place + 1] end
  local kept = about['last-delivered-id']
  if about['pending'] > 0 then kept = redis.call('XPENDING', KEYS[1], about['name'], '-', '+', 1)[1][1] end
  if not oldest or isBefore(kept, oldest) then oldest = kept end
end
if oldest then redis.call('XTRIM', KEYS[1], 'MINID', oldest) end
`;
