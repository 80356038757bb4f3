import { jwtDecrypt, EncryptJWT } from 'jose'; // finds: jwt-import
import { fromBase64Url, pad } from '../lib/text';

export async function opened(token: string, key: Uint8Array) { // finds: validator
  const { payload } = await jwtDecrypt(token, key, { clockTolerance: 15 }); // finds: verified-decode
  return payload;
}

export async function sealed(sub: string, key: Uint8Array) {
  return await new EncryptJWT({ sub }) // finds: encode
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(key);
}

export function decodeJWT(token: string) { // finds: validator
  const parts = token.split('.'); // finds: hand-parse
  if (parts.length !== 3) throw new Error('no token');
  return { payload: JSON.parse(fromBase64Url(parts[1])), signature: parts[2] };
}

export function version(text: string) {
  const parts = text.split('.');
  return pad(parts[1]);
}
