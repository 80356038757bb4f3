import Cookies from 'js-cookie';
import { KEYS, TOKEN_KEY } from './names';

const OWN = 'auth_token';
const store = window.localStorage;
const { sessionStorage: session } = window;

export function* reads() {
  yield localStorage.getItem('jwt_token'); // finds: storage-token-read
  yield window.localStorage.getItem('token'); // finds: storage-token-read
  yield sessionStorage.getItem('access_token'); // finds: storage-token-read
  yield localStorage?.getItem('refresh_token'); // finds: storage-token-read
  yield localStorage.jwt_token; // finds: storage-token-read
  yield localStorage['authToken']; // finds: storage-token-read
  yield localStorage.getItem(OWN); // finds: storage-token-read
  yield localStorage.getItem(TOKEN_KEY); // finds: storage-token-read
  yield localStorage.getItem(KEYS.token); // finds: storage-token-read
  yield store.getItem('id_token'); // finds: storage-token-read
  yield session.getItem('netra-jwt'); // finds: storage-token-read
  yield globalThis.sessionStorage.getItem(`accessToken`); // finds: storage-token-read
  yield Cookies.get('token'); // finds: storage-token-read
  yield document.cookie.split('; ').find((part) => part.startsWith('jwt_token=')); // finds: storage-token-read
  yield JSON.parse(localStorage.getItem('auth_token') ?? 'null'); // finds: storage-token-read
}

export class Keeper {
  get token() {
    return typeof window === 'undefined' ? null : localStorage.getItem(TOKEN_KEY); // finds: storage-token-read
  }

  keep(token: string) {
    localStorage.setItem('jwt_token', token);
    localStorage.jwt_token = token;
    localStorage['authToken'] = token;
    Cookies.set('token', token);
    document.cookie = `jwt_token=${token}; Secure`;
  }

  drop() {
    localStorage.removeItem('jwt_token');
    sessionStorage.removeItem(TOKEN_KEY);
    delete localStorage.jwt_token;
    Cookies.remove('token');
  }
}

// localStorage.getItem('jwt_token') stood here.
export function* others(cache: Map<string, string>, settings: { getItem(name: string): string }) {
  yield localStorage.getItem('theme');
  yield localStorage.getItem('tokenizer');
  yield localStorage.getItem('max_tokens');
  yield localStorage.getItem(KEYS.theme);
  yield Cookies.get('csrf_token');
  yield Cookies.get('XSRF-TOKEN');
  yield cache.get('jwt_token');
  yield settings.getItem('jwt_token');
  yield "localStorage.getItem('jwt_token')";
  yield localStorage.length;
}

export function doubled(localStorage: Map<string, string> & { getItem(name: string): string }) {
  return localStorage.getItem('jwt_token');
}
