#!lua name=@LIBRARY@

-- Every key of a partition shares the hash tag of KEYS[1], its meta key; the others are named from it.
local SLICE = 1000

local function base(keys)
  return string.sub(keys[1], 1, -5)
end

-- Calls the command with items[from..to], some at a time: unpack() has a limit.
local function sliced(command, first, items, from, to)
  for at = from, to, SLICE do
    local stop = math.min(at + SLICE - 1, to)
    if first then redis.call(command, first, unpack(items, at, stop)) else redis.call(command, unpack(items, at, stop)) end
  end
end

-- While Redis Cluster moves the slot of a partition key by key, half of its keys are elsewhere, and a call would end in
-- the middle of its writes. A key that never exists is where the slot goes: then nothing is begun.
local function whole(call)
  return function(keys, args)
    local found = redis.pcall('EXISTS', base(keys) .. 'never')
    if type(found) == 'table' and found.err then
      return redis.error_reply('TRYAGAIN the slot of this partition is being moved to another server')
    end
    return call(keys, args)
  end
end

local function claim(keys, args)
  redis.call('HSET', keys[1], 'token', args[1])
  return redis.call('HMGET', keys[1], 'meta', 'journal_at', 'published_step', 'clearing')
end

-- args: number of states, their ids; number of ledgers, per ledger id, number of fields, fields. Erasures of the same ids.
local function load(keys, args)
  local prefix, at, count = base(keys), 2, tonumber(args[1])
  local states, erased, ledgers = {}, {}, {}
  for from = 1, count, SLICE do
    local names = {}
    for i = from, math.min(from + SLICE - 1, count) do names[#names + 1] = prefix .. 'c:' .. args[at + i - 1] end
    local values = redis.call('MGET', unpack(names))
    for i = 1, #names do states[#states + 1] = values[i] end
  end
  at = at + count
  local hashes = tonumber(args[at])
  at = at + 1
  if redis.call('EXISTS', prefix .. 'erased') == 1 then
    for i = 1, hashes do erased[i] = redis.call('HGET', prefix .. 'erased', args[at + i - 1]) end
  end
  at = at + hashes
  local total = tonumber(args[at])
  at = at + 1
  for _ = 1, total do
    local fields = tonumber(args[at + 1])
    local key = prefix .. 'o:' .. args[at]
    if fields == 1 then
      ledgers[#ledgers + 1] = redis.call('HGET', key, args[at + 2])
    else
      for from = at + 2, at + 1 + fields, SLICE do
        local values = redis.call('HMGET', key, unpack(args, from, math.min(from + SLICE - 1, at + 1 + fields)))
        for i = 1, #values do ledgers[#ledgers + 1] = values[i] end
      end
    end
    at = at + 2 + fields
  end
  return {states, erased, ledgers}
end

local function load_ledgers(keys, args)
  local prefix, found = base(keys), {}
  for i = 1, #args do found[i] = redis.call('HGETALL', prefix .. 'o:' .. args[i]) end
  return found
end

-- What the stream for pages holds of erased customers; a rare call over some thousand short entries.
local function forget(live, gone)
  for _, entry in ipairs(redis.call('XRANGE', live, '-', '+')) do
    if gone[entry[2][2]] then redis.call('XDEL', live, entry[1]) end
  end
end

-- args from `at` on: place, customer and body of each output. Pages only look on: no error here stops a commit.
local function tell(prefix, args, at, stop)
  local told_max, live_max = tonumber(args[9]), args[10]
  for i = at, stop, 3 do
    local told = prefix .. 'h:' .. args[i + 1]
    if redis.call('RPUSH', told, args[i + 2]) > told_max then redis.call('LTRIM', told, -told_max, -1) end
    redis.pcall('XADD', prefix .. 'live', 'MAXLEN', '~', live_max, args[i], 'c', args[i + 1], 'b', args[i + 2])
  end
  if args[6] ~= '' then redis.call('HSET', prefix .. 'days', args[6], args[7]) end
  if args[8] ~= '' then redis.pcall('XADD', prefix .. 'changed', 'MAXLEN', args[11], args[4] .. '-0', 'c', args[8]) end
end

-- args from..to: fields of a ledger and their values; an empty one is dropped. Mostly there is one.
local function keep(key, args, from, to)
  if to - from == 1 and args[to] ~= '' then
    redis.call('HSET', key, args[from], args[to])
    return
  end
  local puts, drops = {}, {}
  for i = from, to, 2 do
    if args[i + 1] == '' then
      drops[#drops + 1] = args[i]
    else
      puts[#puts + 1] = args[i]
      puts[#puts + 1] = args[i + 1]
    end
  end
  sliced('HSET', key, puts, 1, #puts)
  sliced('HDEL', key, drops, 1, #drops)
end

-- args: expected, new, meta, step, outbox, the day's slot and counts, who changed, how much is kept for pages (3 numbers),
-- sizes of the seven lists that follow, the lists.
local function commit(keys, args)
  if redis.call('HGET', keys[1], 'token') ~= args[1] then return 0 end
  local prefix, at = base(keys), 19
  local sizes, expected = {}, 18
  for i = 1, 7 do
    sizes[i] = tonumber(args[11 + i])
    expected = expected + sizes[i]
  end
  if #args ~= expected then return redis.error_reply('ERR a commit has ' .. #args .. ' arguments, not ' .. expected) end
  local step, dirty = args[4], {}
  local gone = {}
  for i = at, at + sizes[1] - 1 do
    gone[args[i]] = true
    redis.call('DEL', prefix .. 'c:' .. args[i], prefix .. 'o:' .. args[i], prefix .. 'h:' .. args[i])
    redis.call('ZREM', prefix .. 'due', args[i])
    dirty[#dirty + 1] = step
    dirty[#dirty + 1] = args[i]
  end
  if sizes[1] > 0 then forget(prefix .. 'live', gone) end
  at = at + sizes[1]
  local states, marked, first = {}, #dirty, prefix .. 'c:'
  for i = at, at + sizes[2] - 1, 2 do
    local n = i - at
    states[n + 1], states[n + 2] = first .. args[i], args[i + 1]
    dirty[marked + n + 1], dirty[marked + n + 2] = step, args[i]
  end
  sliced('MSET', nil, states, 1, sizes[2])
  at = at + sizes[2]
  local stop = at + sizes[3]
  while at < stop do
    local last = at + 1 + tonumber(args[at + 1]) * 2
    keep(prefix .. 'o:' .. args[at], args, at + 2, last)
    at = last + 1
  end
  sliced('ZADD', prefix .. 'due', args, at, at + sizes[4] - 1)
  at = at + sizes[4]
  for i = at, at + sizes[5] - 1, 2 do redis.call('HSET', prefix .. 'erased', args[i], args[i + 1]) end
  at = at + sizes[5]
  for i = at, at + sizes[6] - 1, 2 do redis.call('LSET', prefix .. 'outbox', args[i], args[i + 1]) end
  at = at + sizes[6]
  if args[5] ~= '' then redis.call('RPUSH', prefix .. 'outbox', args[5]) end
  tell(prefix, args, at, at + sizes[7] - 1)
  sliced('ZADD', prefix .. 'dirty', dirty, 1, #dirty)
  redis.call('HSET', keys[1], 'token', args[2], 'meta', args[3])
  return 1
end

local function peek(keys, args)
  local token = redis.call('HGET', keys[1], 'token')
  return {token, redis.call('LRANGE', base(keys) .. 'outbox', 0, tonumber(args[1]) - 1)}
end

-- args: expected, new, count, journal_at, published_step.
local function trim(keys, args)
  if redis.call('HGET', keys[1], 'token') ~= args[1] then return 0 end
  redis.call('LTRIM', base(keys) .. 'outbox', tonumber(args[3]), -1)
  redis.call('HSET', keys[1], 'token', args[2], 'journal_at', args[4], 'published_step', args[5])
  return 1
end

-- Removes at most 500 customers a call; 1 = done, 2 = call again, 0 = not yours.
local function clear(keys, args)
  if redis.call('HGET', keys[1], 'token') ~= args[1] then return 0 end
  local prefix = base(keys)
  redis.call('HSET', keys[1], 'clearing', '1')
  redis.call('HDEL', keys[1], 'meta', 'journal_at', 'published_step')
  local ids = redis.call('ZRANGE', prefix .. 'due', 0, 499)
  for i = 1, #ids do
    redis.call('DEL', prefix .. 'c:' .. ids[i], prefix .. 'o:' .. ids[i], prefix .. 'h:' .. ids[i])
  end
  if #ids > 0 then
    redis.call('ZREM', prefix .. 'due', unpack(ids))
    return 2
  end
  for _, rest in ipairs({'due', 'dirty', 'outbox', 'erased', 'live', 'changed', 'days'}) do redis.call('DEL', prefix .. rest) end
  redis.call('HDEL', keys[1], 'clearing')
  return 1
end

-- args: id and step of each customer published; one that changed since stays.
local function clean(keys, args)
  local dirty = base(keys) .. 'dirty'
  for i = 1, #args, 2 do
    local score = redis.call('ZSCORE', dirty, args[i])
    if score and tonumber(score) == tonumber(args[i + 1]) then redis.call('ZREM', dirty, args[i]) end
  end
  return 1
end

redis.register_function('@LIBRARY@_claim', whole(claim))
redis.register_function{function_name = '@LIBRARY@_load', callback = whole(load), flags = {'no-writes'}}
redis.register_function{function_name = '@LIBRARY@_load_ledgers', callback = whole(load_ledgers), flags = {'no-writes'}}
redis.register_function('@LIBRARY@_commit', whole(commit))
redis.register_function{function_name = '@LIBRARY@_peek', callback = whole(peek), flags = {'no-writes'}}
redis.register_function{function_name = '@LIBRARY@_trim', callback = whole(trim), flags = {'allow-oom'}}
redis.register_function{function_name = '@LIBRARY@_clear', callback = whole(clear), flags = {'allow-oom'}}
redis.register_function{function_name = '@LIBRARY@_clean', callback = whole(clean), flags = {'allow-oom'}}
