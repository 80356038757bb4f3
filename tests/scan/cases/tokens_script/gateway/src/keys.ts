// process.env.JWT_SECRET is read here in every way.
const { JWT_SECRET } = process.env; // finds: key-read
const { JWT_SECRET_KEY: key, PORT } = process.env; // finds: key-read
const NAME = 'JWT_SECRET_STAGING';
const env = process.env;

export const reads = [
  process.env.JWT_SECRET, // finds: key-read
  process.env['JWT_SECRET_KEY'], // finds: key-read
  process.env.JWT_SECRET!, // finds: key-read
  process.env?.NEXTAUTH_SECRET ?? '', // finds: key-read
  process.env[NAME], // finds: key-read
  env.AUTH_SECRET, // finds: key-read
  import.meta.env.VITE_JWT_SECRET, // finds: key-read
  Deno.env.get('JWT_SECRET'), // finds: key-read
  process.env[`JWT_SECRET_${PORT}`], // finds: key-read
];

export function withDefault(secret = process.env.JWT_SIGNING_KEY) { // finds: key-read
  return secret || JWT_SECRET || key;
}

export const config = { jwt: { secret: process.env.JWT_SECRET as string } }; // finds: key-read

process.env.JWT_SECRET = 'x';
process.env['JWT_SECRET_KEY'] = 'x';
delete process.env.JWT_SECRET;

export function others(row: Record<string, string>, process: any) {
  if (!('JWT_SECRET' in row)) throw new Error('process.env.JWT_SECRET is not set');
  return [row.JWT_SECRET, row['JWT_SECRET_KEY'], process.env.JWT_SECRET];
}

export const unrelated = [process.env.DATABASE_SECRET, process.env.API_KEY, process.env.PORT];

export function circles(prefix: string) {
  let name = prefix;
  name = name + '_' + prefix;
  const ring = ring + 'x';
  return [process.env[name], process.env[ring], localStorage.getItem(name), localStorage.getItem(ring)];
}
