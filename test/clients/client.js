// Runs an Elasticsearch client for JavaScript through the gateway, as a program of
// somebody who is signed in, and prints what each step saw as one JSON object.
// `node client.js es8` or es9: the names under which package.json installs the releases.
// What to use comes as JSON on the standard input; see clients_test.go.
'use strict'
const { readFileSync } = require('node:fs')
const { Client } = require(process.argv[2])

const given = JSON.parse(readFileSync(0, 'utf8'))
const index = given.index
const secrets = [] // what this program was given by Elasticsearch and nobody may find later

// No retries: what is to be seen is the first answer.
const client = (node, how) => new Client({ node, maxRetries: 0, ...how })
const person = client(given.url, { auth: { bearer: given.bearer } })
const robot = { auth: { username: given.user, password: given.password } }
const bearer = { auth: { bearer: given.bearer } }
const ids = (found) => found.hits.hits.map((hit) => hit._id)

const steps = {
  info: async () => (await person.info()).version.number,

  'info behind a prefix': async () => (await client(given.prefix, { auth: { bearer: given.bearer } }).info()).version.number,

  bulk: async () => {
    const operations = [1, 2, 3, 4, 5].flatMap((number) => [{ index: { _id: String(number) } }, { number, title: 'note' }])
    const done = await person.bulk({ index, operations, refresh: true })
    return { errors: done.errors, results: done.items.map((item) => item.index.result) }
  },

  search: async () => {
    const found = await person.search({ index, query: { match: { title: 'note' } }, sort: [{ number: 'asc' }] })
    return { total: found.hits.total.value, ids: ids(found) }
  },

  scroll: async () => {
    let page = await person.search({ index, scroll: '1m', size: 2, sort: [{ number: 'asc' }] })
    const pages = []
    while (ids(page).length > 0) {
      pages.push(ids(page))
      page = await person.scroll({ scroll_id: page._scroll_id, scroll: '1m' })
    }
    const ended = await person.clearScroll({ scroll_id: page._scroll_id })
    return { pages, freed: ended.num_freed }
  },

  'point in time': async () => {
    const opened = await person.openPointInTime({ index, keep_alive: '1m' })
    const found = await person.search({ pit: { id: opened.id, keep_alive: '1m' }, sort: [{ number: 'desc' }], size: 2 })
    const ended = await person.closePointInTime({ id: found.pit_id })
    return { ids: ids(found), freed: ended.num_freed }
  },

  authenticate: async () => {
    const who = await person.security.authenticate()
    return [who.username, who.authentication_realm.name, who.authentication_type]
  },

  'has privileges': async () => {
    const asked = await person.security.hasPrivileges({
      cluster: ['manage_own_api_key', 'manage_security'],
      index: [{ names: [index, 'salaries'], privileges: ['read'] }]
    })
    return [asked.cluster, Object.fromEntries(Object.entries(asked.index).map(([name, held]) => [name, held.read]))]
  },

  'api keys': async () => {
    const made = await person.security.createApiKey({ name: index, expiration: '1h', metadata: { for: 'a test' } })
    secrets.push(made.api_key, made.encoded)
    const withKey = client(given.url, { auth: { apiKey: made.encoded } })
    const names = (found) => found.api_keys.map((key) => key.name)
    return {
      used: (await withKey.security.authenticate()).authentication_type,
      get: names(await person.security.getApiKey({ owner: true, name: index })),
      query: names(await person.security.queryApiKeys({ query: { term: { name: index } } })),
      invalidated: (await person.security.invalidateApiKey({ ids: [made.id], owner: true })).invalidated_api_keys.length,
      'used after': await attempt(withKey.security.authenticate())
    }
  },

  // Whom Elasticsearch sees, and what they find, with each kind of credentials.
  credentials: async () => {
    const key = await client(given.url, robot).security.createApiKey({ name: index })
    secrets.push(key.api_key, key.encoded)
    const whoever = async (asks) => {
      const who = await asks.security.authenticate()
      const found = (await asks.search({ index })).hits.total.value
      return [who.username, who.authentication_realm.name, who.authentication_type, found]
    }
    return {
      basic: await whoever(client(given.url, robot)),
      bearer: await whoever(client(given.url, bearer)),
      'api key': await whoever(client(given.url, { auth: { apiKey: key.encoded } }))
    }
  },

  profile: async () => {
    const activated = await person.security.activateUserProfile({ grant_type: 'access_token', access_token: given.bearer })
    const read = await person.security.getUserProfile({ uid: activated.uid })
    return read.profiles.map((profile) => profile.user.username)
  },

  'expired token': () => attempt(client(given.url, { auth: { bearer: given.expired } }).info()),
  'no credentials': () => attempt(client(given.url).info()),
  'route requires another role': () => attempt(client(given.admins, { headers: { cookie: given.cookie } }).info()),
  'basic is refused': () => attempt(client(given.refusing, robot).info()),
  'bearer is refused': () => attempt(client(given.refusing, bearer).info()),
  'api key is refused': () => attempt(client(given.refusing, { auth: { apiKey: 'a2V5OnZhbHVl' } }).info()),
  'wrong password is verified': () => attempt(client(given.robots, { auth: { username: given.user, password: 'wrong' } }).info()),
  'route requires somebody else': () => attempt(client(given.robots, bearer).info()),
  'elasticsearch is busy': () => attempt(client(given.busy, bearer).info()),
  'elasticsearch is starting': () => attempt(client(given.starting, bearer).info()),
  'elasticsearch is away': () => attempt(client(given.away, bearer).info()),
  'answer is lost': () => attempt(client(given.forgetful, bearer).info()),
  'answer is late': () => attempt(client(given.late, bearer).info()),
  sniffing: () => attempt(person.nodes.info({ metric: 'http' })),
  'index of others': () => attempt(person.search({ index: 'salaries' })),
  'no such index': () => attempt(person.search({ index: index + '-nowhere' })),
  'no such query': () => attempt(person.search({ index, query: { nonsense: {} } })),

  // Asks where only errors come from, as often as a client does by itself and as one
  // that shall not. What arrives is counted by the test, by the name of the index.
  again: async () => {
    const statuses = async (how, settings) => {
      const seen = {}
      for (const way of ['away', 'starting', 'busy', 'forgetful', 'late', 'refusing', 'robots']) {
        const asks = new Client({ node: given[way], ...bearer, ...settings })
        seen[way] = (await attempt(asks.search({ index: `${index}-${how}` }))).status
      }
      return seen
    }
    return { 'by itself': await statuses('default'), 'switched off': await statuses('off', { maxRetries: 0 }) }
  },

  // Whether a client waits for as long as it is told to.
  'retry after': async () => {
    const begun = performance.now()
    const raised = await attempt(new Client({ node: given.away, ...bearer }).info())
    return performance.now() - begun >= 3000 * raised['retry after'] ? 'waits' : 'does not wait'
  },

  // How many documents one call has written where every answer is lost.
  'written again': async () => {
    const loses = new Client({ node: given.forgetful, ...bearer })
    await attempt(loses.index({ index: index + '-without-id', document: { title: 'note' } }))
    await attempt(loses.index({ index: index + '-with-id', id: '1', document: { title: 'note' } }))
    await person.indices.refresh({ index: index + '-*' })
    const count = async (how) => (await person.count({ index: `${index}-${how}` })).count
    return { 'without-id': await count('without-id'), 'with-id': await count('with-id') }
  }
}

// attempt is what a call raises, in words that are the same for all clients.
async function attempt (call) {
  try {
    return { answered: await call }
  } catch (e) {
    const said = e.body?.error
    return {
      raised: e.name,
      status: e.statusCode,
      type: said?.type ?? null,
      reason: said?.reason ?? String(said ?? e.message),
      gateway: e.headers?.['x-gateway-response'] ?? null,
      'retry after': e.headers?.['retry-after'] ?? null,
      printed: String(e).includes(said?.type) && String(e).includes(said?.reason)
    }
  }
}

async function main () {
  const seen = {}
  for (const [name, step] of Object.entries(steps)) {
    try {
      seen[name] = await step()
    } catch (e) { // the next steps are worth a look all the same
      seen[name] = `${e.name}: ${e.message}`
    }
  }
  process.stdout.write(JSON.stringify({ seen, secrets }))
}

main()
