// jwt.verify(token, key) is called below, under several names.
import jwt from 'jsonwebtoken'; // finds: jwt-import
import * as jose from 'jose'; // finds: jwt-import
import { verify as check, sign as pack, decode as peek } from 'jsonwebtoken'; // finds: jwt-import
import { jwtVerify, compactVerify, SignJWT, decodeJwt as open, UnsecuredJWT } from 'jose'; // finds: jwt-import
import type { JWTPayload } from 'jose'; // finds: jwt-import

const KEY = new TextEncoder().encode('not-a-key');

export function plain(token: string) { // finds: validator
  return jwt.verify(token, 'k'); // finds: verified-decode
}

export const named = (token: string) => check(token, 'k', { algorithms: ['HS256'] }); // finds: verified-decode, validator

export async function star(token: string): Promise<JWTPayload> { // finds: validator
  const { payload } = await jose.jwtVerify(token, KEY); // finds: verified-decode
  return payload;
}

export async function bare(token: string) { // finds: validator
  return (await jwtVerify(token, KEY, { issuer: 'me' })).payload; // finds: verified-decode
}

export async function compact(token: string) { // finds: validator
  return compactVerify(token, KEY); // finds: verified-decode
}

export class Gate {
  private verify = jwt.verify;

  constructor(private readonly key: string) {}

  admits(token: string): boolean { // finds: validator
    try {
      jwt.verify(token, this.key); // finds: verified-decode
      return true;
    } catch {
      return false;
    }
  }

  claims = (token: string) => this.verify(token, this.key); // finds: verified-decode, validator

  static of(token: string) { // finds: validator
    return new Gate(jwt.decode(token, { complete: true })!.header.kid!); // finds: unverified-decode
  }

  async handle(request: any, response: any, next: () => void) { // finds: validator
    jwt.verify(request.token, this.key, (error: unknown, claims: unknown) => { // finds: verified-decode
      if (error) return response.status(401).end();
      request.user = claims;
      next();
    });
  }
}

export function bound(token: string) { // finds: validator
  const { verify } = jwt;
  return verify(token, 'k'); // finds: verified-decode
}

export const handlers = {
  check(token: string) { // finds: validator
    return jwt.verify(token, 'k'); // finds: verified-decode
  },
  other: function (token: string) { // finds: validator
    return jwt.verify(token, 'k'); // finds: verified-decode
  },
};

export const all = (tokens: string[]) => tokens.map((token) => jwt.verify(token, 'k')); // finds: verified-decode, validator

export function guarded(token?: string) { // finds: validator
  return token ? jwt?.verify(token, 'k') : null; // finds: verified-decode
}

export function peeks(token: string) { // finds: validator
  return peek(token); // finds: unverified-decode
}

export function opens(token: string) { // finds: validator
  return open(token).sub; // finds: unverified-decode
}

export const header = (token: string) => jose.decodeProtectedHeader(token); // finds: unverified-decode, validator

export const unsecured = (token: string) => UnsecuredJWT.decode(token); // finds: unverified-decode, validator

export function access(sub: string) {
  return jwt.sign({ sub }, 'k', { expiresIn: '15m' }); // finds: encode
}

export const refresh = (sub: string) => pack({ sub, type: 'refresh' }, 'k'); // finds: encode

export async function signed(sub: string) {
  return new SignJWT({ sub }) // finds: encode
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .sign(KEY);
}

export async function signedByStar(sub: string) {
  const maker = new jose.SignJWT({ sub }).setProtectedHeader({ alg: 'HS256' });
  return maker.sign(KEY); // finds: encode
}

export async function wholeJws(text: string) {
  return new jose.CompactSign(KEY).setProtectedHeader({ alg: text }).sign(KEY); // finds: encode
}

export const unsecuredToken = (sub: string) => new UnsecuredJWT({ sub }).encode();
