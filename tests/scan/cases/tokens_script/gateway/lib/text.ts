export const pad = (text: string) => text.padStart(4, '0');

export function fromBase64Url(text: string) {
  return Buffer.from(text, 'base64url').toString('utf8');
}
