import { check, library, look, mint, verifyToken, SignJWT as Maker } from '../lib';
import * as tokens from '../lib';

export const one = (token: string) => check(token, 'k'); // finds: verified-decode, validator
export const two = (token: string) => verifyToken(token, new Uint8Array()); // finds: verified-decode, validator
export const three = (token: string) => look(token); // finds: unverified-decode, validator
export const four = (token: string) => library.decode(token); // finds: unverified-decode, validator
export const five = (token: string) => tokens.look(token); // finds: unverified-decode, validator
export const six = (sub: string) => mint({ sub }, 'k'); // finds: encode
export const seven = (sub: string) => new Maker({ sub }).sign(new Uint8Array()); // finds: encode
