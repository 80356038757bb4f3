// Made-up callers: most of them fine, a few that the two sides judge differently, some hostile.

/** What must be shown as text wherever it turns up. */
export const HOSTILE = `"><script>window.__pwned=1</script><img src=x onerror=window.__pwned=2>'\${7*7}{{7*7}}`;

const EACH_MS = 40;

/** Asks all the while until it is stopped. */
export class Traffic {
  constructor(service) {
    this.service = service;
    this.asked = 0;
    this.failed = 0;
    this.going = true;
    this.done = this.#run();
  }

  async #run() {
    while (this.going) {
      const started = performance.now();
      try {
        await this.service.decide(this.#component(), this.#token());
        this.asked += 1;
      } catch {
        this.failed += 1;
      }
      const rest = EACH_MS - (performance.now() - started);
      if (rest > 0) await new Promise((done) => setTimeout(done, rest));
    }
  }

  #component() {
    return ["http-auth", "socket-auth", "frontend-session"][this.asked % 3];
  }

  #token() {
    const number = this.asked % 100;
    const sub = `user-${this.asked % 997}`;
    // Legacy lets in what names no audience, or one of its own.
    if (number === 10) return this.service.token({ sub, aud: "netra-backend" });
    if (number === 30) return this.service.token({ sub: HOSTILE, aud: undefined, [HOSTILE]: HOSTILE });
    if (number === 20) return this.service.token({ sub, exp: 1_700_000_000 });
    if (number === 40) return this.service.token({ sub: HOSTILE, iss: HOSTILE, jti: HOSTILE });
    if (number === 50) return HOSTILE;
    return this.service.token({ sub });
  }

  async stop() {
    this.going = false;
    await this.done;
  }
}
