/* import jwt from 'jsonwebtoken'; jwt.verify(token, key); */
import jwt from './codec';
import { verify, decodeJwt } from './codec';

const code = "import jwt from 'jsonwebtoken'; jwt.verify(token, 'k')";
const shown = `jwt.decode(${code})`;

export const local = (token: string) => jwt.verify(token) && verify(token) && decodeJwt(token);

export function shadowed(jsonwebtoken: any, token: string) {
  return jsonwebtoken.verify(token, 'k');
}

export function inner(token: string) {
  const jwtDecode = (text: string) => text.length;
  return jwtDecode(token) + shown.length;
}

export const bytes = (raw: Uint8Array) => new TextDecoder().decode(raw);
export const text = (raw: string) => new TextEncoder().encode(raw);
export const resolved = require.resolve('jsonwebtoken');
export const names = ['jwt.verify', 'jwtDecode', "localStorage.getItem('jwt_token')"];
