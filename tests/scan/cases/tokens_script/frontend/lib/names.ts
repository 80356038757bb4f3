export const TOKEN_KEY = 'jwt_token';
export const KEYS = { token: 'access_token', theme: 'theme' };
