import { api } from './api';

export async function validateToken(token: string) { // finds: delegate
  const response = await fetch('/auth/validate', { method: 'POST', body: token });
  return response.ok;
}

export const verifyToken = async (token: string) => (await api.post('/auth/verify', { token })).valid; // finds: delegate

export class AuthClient {
  async validateToken(token: string) { // finds: delegate
    return api.post('/auth/validate', { token });
  }

  verifyJwt = (token: string) => this.validateToken(token); // finds: delegate

  getCurrentUser() { // finds: delegate
    return api.get('/auth/me');
  }
}

export interface Validates {
  validateToken(token: string): boolean;
}

export abstract class Base {
  abstract verifyToken(token: string): boolean;
}

export function isTokenValid(token: string) {
  return token.length > 10;
}

export function validateForm(form: Record<string, string>) {
  return api.check(form);
}
