const b64 = (text: string) => Buffer.from(text, 'base64url').toString('utf8');

export function atOnce(token: string) { // finds: validator
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64').toString()); // finds: hand-parse
}

export function byParts(token: string) { // finds: validator
  const [header, payload] = token.split('.'); // finds: hand-parse
  return { header: JSON.parse(b64(header)), payload: JSON.parse(b64(payload)) };
}

export function byStatements(token: string) { // finds: validator
  const parts = token.split('.'); // finds: hand-parse
  if (parts.length !== 3) throw new Error('no token');
  const text = parts[1].replace(/-/g, '+').replace(/_/g, '/');
  return JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
}

export const byMap = (token: string) => token.split('.').slice(0, 2).map(b64); // finds: hand-parse, validator

export function version(text: string) {
  const [major, minor] = text.split('.');
  return { major: Number(major), minor: Number(minor) };
}

export const looksLikeOne = (token: string) => token.split('.').length === 3;

export const picture = (url: string) => Buffer.from(url.split(',')[1], 'base64');

export function upload(name: string, body: string) {
  const ending = name.split('.').pop();
  return { ending, body: Buffer.from(body, 'base64') };
}

export const setting = (path: string, all: any) => path.split('.').reduce((at, key) => at[key], all);
