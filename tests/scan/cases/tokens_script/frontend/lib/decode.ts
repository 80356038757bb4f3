import { jwtDecode } from 'jwt-decode'; // finds: jwt-import
import jwt_decode from 'jwt-decode'; // finds: jwt-import
import { decodeJwt, jwtVerify } from 'jose'; // finds: jwt-import
import { look } from './reexport';

export function validateToken(token: string) { // finds: validator
  const claims = jwtDecode<{ exp: number }>(token); // finds: unverified-decode, frontend-decode
  return claims.exp * 1000 > Date.now();
}

export const older = (token: string) => jwt_decode(token); // finds: unverified-decode, frontend-decode, validator

export const withJose = (token: string) => decodeJwt(token); // finds: unverified-decode, frontend-decode, validator

export const verified = (token: string, key: CryptoKey) => jwtVerify(token, key); // finds: verified-decode, frontend-decode, validator

export const reexported = (token: string) => look(token); // finds: unverified-decode, frontend-decode, validator

export function parseJwt(token: string) { // finds: validator
  try {
    return JSON.parse(atob(token.split('.')[1])); // finds: hand-parse, frontend-decode
  } catch {
    return null;
  }
}

export function decodeToken(token: string) { // finds: validator
  const base64Url = token.split('.')[1]; // finds: hand-parse, frontend-decode
  const base64 = base64Url.replace(/-/g, '+').replace(/_/g, '/');
  const text = window
    .atob(base64)
    .split('')
    .map((c) => '%' + ('00' + c.charCodeAt(0).toString(16)).slice(-2))
    .join('');
  return JSON.parse(decodeURIComponent(text));
}

export class WebSocketService {
  private parseJWTToken(token: string) { // finds: validator
    const parts = token.split('.'); // finds: hand-parse, frontend-decode
    if (parts.length !== 3) return null;
    const payload = JSON.parse(atob(parts[1]));
    return payload;
  }
}

export const attachment = (url: string) => atob(url.split(',')[1]);
export const extension = (name: string) => name.split('.').pop();
export const told = 'jwtDecode(token) reads JSON.parse(atob(token.split(".")[1]))';
