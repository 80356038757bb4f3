import axios from 'axios';
import * as querystring from 'querystring';

const BASE = 'https://app.example';
const EXAMPLE = `${BASE}/?token=YOUR_TOKEN`;

export function* made(token: string, url: URL) {
  yield `${BASE}/ws?token=${token}`; // finds: url-token
  yield BASE + '?access_token=' + token; // finds: url-token
  yield `wss://app.example/ws?user=1&jwt=${encodeURIComponent(token)}`; // finds: url-token
  yield BASE.concat('?token=', token); // finds: url-token
  yield `${BASE}#id_token=${token}`; // finds: url-token
  url.searchParams.set('token', token); // finds: url-token
  url.searchParams.append('auth_token', token); // finds: url-token
  yield `${BASE}?${new URLSearchParams({ token })}`; // finds: url-token
  yield BASE + '?' + new URLSearchParams({ access_token: token, page: '1' }).toString(); // finds: url-token
  const params = new URLSearchParams();
  params.set('jwt_token', token); // finds: url-token
  yield `${BASE}?${params}`;
  yield axios.get(BASE, { params: { token } }); // finds: url-token
  yield axios.get(BASE, { params: { page: 1, refresh_token: token } }); // finds: url-token
  yield new WebSocket(`${BASE}/ws?token=` + token); // finds: url-token
}

export function* none(token: string, url: URL, form: FormData, count: number) {
  yield url.searchParams.get('token');
  yield url.search.includes('?token=') || EXAMPLE;
  yield `${BASE}?token_count=${count}&max_tokens=${count}`;
  yield fetch(BASE, { method: 'POST', body: new URLSearchParams({ refresh_token: token }) });
  yield axios.post(BASE, { token });
  yield fetch(BASE, { headers: { Authorization: `Bearer ${token}` } });
  form.append('token', token);
  url.searchParams.delete('token');
  console.log(`token=${token.slice(0, 4)}`);
  yield `${BASE}?page=${count}`;
}

export function* bodies(refresh_token: string, token: string, xhr: XMLHttpRequest, request: any) {
  yield axios.post(BASE, new URLSearchParams({ refresh_token }).toString(), { timeout: 1 });
  yield axios.post(BASE, new URLSearchParams({ token }));
  yield fetch(BASE, { method: 'POST', body: new URLSearchParams({ token }) });
  xhr.send(String(new URLSearchParams({ token })));
  const post_data = querystring.stringify({ token });
  yield request({ method: 'POST', headers: { 'Content-Length': Buffer.byteLength(post_data) } }, post_data);
  const filled = new URLSearchParams();
  filled.append('token', token);
  yield axios.post(BASE, filled);
}

export function* noBodies(token: string, request: any) {
  yield axios.get(BASE, new URLSearchParams({ token })); // finds: url-token
  yield axios.post(`${BASE}?${new URLSearchParams({ token })}`, {}); // finds: url-token
  yield axios.post(BASE, null, { params: new URLSearchParams({ token }) }); // finds: url-token
  yield axios.post(BASE + '?' + querystring.stringify({ token }), {}); // finds: url-token
  yield request('GET', querystring.stringify({ token })); // finds: url-token
  const both = querystring.stringify({ token }); // finds: url-token
  yield request({ method: 'POST' }, both);
  const added = new URLSearchParams();
  added.append('token', token); // finds: url-token
  yield axios.post(`${BASE}?${added}`, added);
  yield `${BASE}?${both}`;
}
