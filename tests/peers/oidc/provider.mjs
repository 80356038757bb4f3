// A real OpenID provider on loopback: oidc-provider with its development pages, where any name
// and any password sign in. Usage: node provider.mjs PORT CLIENT_ID REDIRECT_URI; the client's
// secret is in CLIENT_SECRET.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, clientId, redirectUri] = process.argv.slice(2);

// Whoever is not here has no groups.
const groups = { ada: ['everybody', 'crossfade-admins'], bob: ['everybody', 'crossfade-viewers'] };

const signingKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: 'peers', use: 'sig', alg: 'RS256' };
};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: clientId,
      client_secret: process.env.CLIENT_SECRET,
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  jwks: { keys: [signingKey()] },
  cookies: { keys: ['peers'] },
  pkce: { required: () => true },
  claims: {
    openid: ['sub'],
    profile: ['preferred_username', 'groups'],
    email: ['email', 'email_verified'],
  },
  // Groups belong in the ID token, not behind another call.
  conformIdTokenClaims: false,
  findAccount: (_, name) => ({
    accountId: name,
    claims: () => ({
      sub: name,
      preferred_username: name,
      email: `${name}@example.com`,
      email_verified: true,
      groups: groups[name] ?? [],
    }),
  }),
});

provider.listen(Number(port), '127.0.0.1');
