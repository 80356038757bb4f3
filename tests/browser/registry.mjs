// The list of tests: each has a short name and a sentence about behaviour.

export const TESTS = [];

/** Registers a test; it gets the `Site` and throws when it fails. */
export function test(name, sentence, body) {
  TESTS.push({ name, sentence, body });
}

/** Fails with both values in words. */
export function expect(found, wanted, about) {
  const [has, should] = [found, wanted].map((value) => JSON.stringify(value));
  if (has !== should) throw new Error(`${about}: expected ${should}, found ${has}`);
}

/** Fails with a sentence. */
export function check(holds, about) {
  if (!holds) throw new Error(about);
}

/** Waits until `look` gives something; it is asked again every tenth of a second. */
export async function until(about, look, patienceMs = 20_000) {
  const deadline = performance.now() + patienceMs;
  let fault = "";
  do {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      fault = `; at last: ${error.message}`;
    }
    await new Promise((done) => setTimeout(done, 100));
  } while (performance.now() < deadline);
  throw new Error(`waited in vain for ${about}${fault}`);
}
