// An OpenID provider for tests, by the package oidc-provider. Its one argument is a JSON
// file: {issuer, port, late, clients}. It serves plain http on 127.0.0.1; whoever stands
// in front of it speaks https. Every name in the world is 127.0.0.1 for it.
import { Provider } from "oidc-provider";
import { generateKeyPairSync } from "node:crypto";
import dns from "node:dns";
import { readFileSync } from "node:fs";
import http from "node:http";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));

const lookup = dns.lookup;
dns.lookup = (name, options, done) => lookup("127.0.0.1", options, done);

// Its clock may be late, so that its tokens have ended when they are made.
const now = Date.now;
Date.now = () => now() - settings.late * 1000;

const people = {
  alice: { name: "Alice Example", email: "alice@example.test", groups: ["admins", "dev"] },
  bob: { name: "Böb Ünïcode", email: "bob@example.test", groups: ["users"] },
};

const clientOf = (c) => ({
  client_id: c.ID,
  client_secret: c.Secret,
  redirect_uris: [c.Callback],
  post_logout_redirect_uris: [c.LoggedOut],
  response_types: [c.ResponseType],
  grant_types: [c.ResponseType === "code" ? "authorization_code" : "implicit"],
  ...(c.BackChannel && { backchannel_logout_uri: c.BackChannel, backchannel_logout_session_required: !c.BySubject }),
});

const signing = (type, options, more) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }), use: "sig", ...more });

const provider = new Provider(settings.issuer, {
  clients: settings.clients.map(clientOf),
  jwks: { keys: [signing("rsa", { modulusLength: 2048 }, { kid: "first", alg: "RS256" })] },
  cookies: { keys: ["of a test"] },
  responseTypes: ["code", "id_token", "id_token token"],
  scopes: ["openid", "profile", "email"],
  claims: { openid: ["sub", "sid"], profile: ["name", "preferred_username", "groups"], email: ["email"] },
  conformIdTokenClaims: false, // Elasticsearch reads the ID token
  features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, IdToken: 3600, Interaction: 86400, Session: 86400, Grant: 86400 },
  pkce: { required: () => false }, // Elasticsearch knows none
  // It refuses to speak to special addresses, by an option of its own: dropped here.
  fetch: (address, { dispatcher, ...options }) => globalThis.fetch(address, options),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  // Nobody is asked for consent.
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc;
    const known = session.grantIdFor(client.clientId);
    const grant = (known && (await ctx.oidc.provider.Grant.find(known))) || new ctx.oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
  findAccount: (ctx, id) => people[id] && { accountId: id, claims: () => ({ sub: id, preferred_username: id, ...people[id] }) },
});
provider.proxy = true;

for (const event of ["server_error", "authorization.error", "grant.error", "backchannel.error", "backchannel.success", "end_session.error"]) {
  provider.on(event, (ctx, ...about) => console.log(event, ...about.map((x) => (x instanceof Error ? x.stack : x?.clientId ?? ""))));
}

const form = `<!doctype html><html lang="en"><title>Sign in</title><h1>Sign in</h1><form method="post">
<label>Name <input name="username" required></label> <label>Password <input name="password" type="password" required></label>
<button>Sign in</button></form></html>`;

async function signIn(request, response) {
  let body = "";
  for await (const part of request) body += part;
  const given = new URLSearchParams(body);
  const user = given.get("username");
  if (people[user] && given.get("password") === `${user}pw`) {
    return provider.interactionFinished(request, response, { login: { accountId: user } });
  }
  response.writeHead(request.method === "POST" ? 403 : 200, { "Content-Type": "text/html; charset=utf-8" }).end(form);
}

const serve = provider.callback();
http
  .createServer((request, response) => {
    if (!request.url.startsWith("/interaction/")) return serve(request, response);
    signIn(request, response).catch((error) => response.writeHead(400, { "Content-Type": "text/plain" }).end(String(error)));
  })
  .listen(settings.port, "127.0.0.1");
