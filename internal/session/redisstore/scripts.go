package redisstore

// The scripts. Each touches one name, so that a cluster can run it. A record that
// has expired by the gateway's clock is none, even if the server still has it:
// ARGV[1] is always now, in nanoseconds. They answer {code, the head of what was
// there}: an answer of another command cannot be taken for one.
const (
	codeDone     = "done"
	codeMissing  = "missing"
	codeConflict = "conflict"

	// living is the head of the record that is there, or nil.
	living = `
local function head(v)
  return string.sub(v, 1, 25 + 32 * string.byte(v, 25))
end
local v = redis.call('GET', KEYS[1])
local old = ''
if v then
  old = head(v)
  if struct.unpack('>I8', string.sub(v, 9, 16)) <= tonumber(ARGV[1]) then v = false end
end
`
	// scriptSave: ARGV[2] is the version that must be there, 8 bytes; ARGV[3] the
	// value; ARGV[4] its life in milliseconds.
	scriptSave = living + `
local version = string.rep('\0', 8)
if v then version = string.sub(v, 1, 8) end
if version ~= ARGV[2] then return {'conflict', ''} end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return {'done', old}
`
	scriptTake = living + `
if not v then return {'missing', ''} end
redis.call('DEL', KEYS[1])
return {'done', v}
`
	// scriptDelete: ARGV[2] is the version that must be there, 8 bytes; zeros: any.
	scriptDelete = living + `
if not v then return {'missing', ''} end
if ARGV[2] ~= string.rep('\0', 8) and string.sub(v, 1, 8) ~= ARGV[2] then return {'conflict', ''} end
redis.call('DEL', KEYS[1])
return {'done', old}
`
	// scriptIndex adds to a label's set, and forgets what has expired, the set itself
	// in the end. ARGV: now, the member, its expiry; times in milliseconds.
	scriptIndex = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], string.format('%d', math.max(1, tonumber(last[2]) - tonumber(ARGV[1]))))
return {'done', ''}
`
)
