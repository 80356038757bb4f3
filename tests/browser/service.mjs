// A service of its own: configuration, keys, operators, and the ways to ask it.

import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request, Agent } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const ISSUER = "browser-issuer";
// One that the legacy model knows.
export const AUDIENCE = "netra-platform";
export const PASSWORD = "four unrelated quiet words";

const START_MS = 60_000;

/** Components of http-auth's kind, one a story that moves one: what was rolled back stays so. */
export const MOVED = ["stale", "back", "plain", "keys", "swept", "planned"].map((name) => `http-auth-${name}`);

const SEEDS = MOVED.map((name) => `
[component.${name}]
kind = "auth"
phase = 1
stage = "shadow"
legacy = "http-auth"
`);

const SECTIONS = ["http-auth", "socket-auth", "frontend-session"].map((name) => `
[legacy.${name}]
kind = "profile"
profile = "core-validate"
issuer = "${ISSUER}"

[[legacy.${name}.keys]]
id = "hs"
algorithm = "HS256"
file = "hs.secret"
`);

const config = (port, name) => `
data_dir = "data"
environment = "development"
seeds = "seeds.toml"

[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:${port}"
public_url = "http://127.0.0.1:${port}"
metrics = "127.0.0.1:0"

# Whoever opens every page in every dress opens many.
[access]
control_per_minute = 1000000

[access.tokens.${name}]
scopes = ["admin"]
file = "control.token"

[authority]
issuer = "${ISSUER}"
audiences = ["${AUDIENCE}"]

[[authority.keys]]
kind = "secret"
id = "hs"
file = "hs.secret"

${SECTIONS.join("")}
[authority.clients.probe]
grants = ["issue"]
scopes = ["read", "write"]
file = "probe.secret"

[probe]
every_s = 5
matrix_every_s = 60
omit_on_legacy = ["refusal"]

[probe.login]
client = "probe"
file = "probe.secret"

[probe.subjects]
legacy = ["probe-legacy"]
ssot = ["probe-ssot"]

[log]
requests = "requests.log"
`;

const base64url = (value) => Buffer.from(value).toString("base64url");

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** The service, and a folder that is gone afterwards. */
export class Service {
  /** Starts it with two admins, `ada` and `grace`, whose setup links are in `links`. */
  static async start() {
    const service = new Service();
    try {
      await service.#start();
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  async #start() {
    this.binary = process.env.CROSSFADE_BIN ?? join(ROOT, "target/debug/crossfade");
    this.folder = mkdtempSync(join(tmpdir(), "crossfade-browser-"));
    this.secret = randomBytes(32).toString("hex");
    this.controlToken = randomBytes(32).toString("hex");
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    const write = (name, text) => writeFileSync(join(this.folder, name), text, { mode: 0o600 });
    write("hs.secret", this.secret);
    write("control.token", this.controlToken);
    write("probe.secret", randomBytes(32).toString("hex"));
    const seeds = readFileSync(join(ROOT, "flags/development.toml"), "utf8");
    write("seeds.toml", seeds + SEEDS.join(""));
    write("crossfade.toml", config(port, "browser"));
    this.links = {};
    for (const [name, role] of [["ada", "admin"], ["grace", "admin"], ["vera", "viewer"]]) {
      const made = this.command("operators", "add", name, "--role", role, "--json", "--config", this.file());
      this.links[name] = JSON.parse(made).url;
    }
    this.log = join(this.folder, "crossfade.log");
    this.agent = new Agent({ keepAlive: true, maxSockets: 4 });
    this.process = spawn(this.binary, ["serve", "--config", this.file()], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const out = createWriteStream(this.log);
    const lines = createInterface({ input: this.process.stderr });
    this.data = await new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error("the service does not listen")), START_MS);
      this.process.once("exit", (code) => fail(new Error(`the service ended with ${code}: ${this.lastLog()}`)));
      lines.on("line", (line) => {
        out.write(`${line}\n`);
        if (!line.includes('"listening"')) return;
        clearTimeout(late);
        done(`http://${JSON.parse(line)["data.address"]}`);
      });
    });
  }

  file() {
    return join(this.folder, "crossfade.toml");
  }

  lastLog() {
    try {
      return readFileSync(this.log, "utf8").slice(-3000);
    } catch {
      return "";
    }
  }

  /** One run of the command line; what it printed. */
  command(...words) {
    const run = spawnSync(this.binary, words, { encoding: "utf8", timeout: 60_000 });
    if (run.status !== 0) throw new Error(`crossfade ${words.join(" ")}: ${run.stderr || run.error}`);
    return run.stdout;
  }

  async stop() {
    this.agent?.destroy();
    if (this.process && this.process.exitCode === null) {
      const gone = new Promise((done) => this.process.once("exit", done));
      this.process.kill("SIGTERM");
      const late = setTimeout(() => this.process.kill("SIGKILL"), 20_000);
      await gone;
      clearTimeout(late);
    }
    if (process.env.BROWSER_KEEP_LOG && this.log) copyFileSync(this.log, process.env.BROWSER_KEEP_LOG);
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }

  /** A token signed with the shared secret; a claim that is `undefined` is left out. */
  token(changes = {}) {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      sub: "alice",
      iss: ISSUER,
      aud: AUDIENCE,
      iat: now - 5,
      exp: now + 600,
      jti: randomUUID(),
      token_type: "access",
      permissions: ["read", "write"],
      ...changes,
    };
    const signed = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(JSON.stringify(claims))}`;
    return `${signed}.${createHmac("sha256", this.secret).update(signed).digest("base64url")}`;
  }

  /** One request; status, headers and text. */
  ask(method, url, { body, headers = {} } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = text === undefined ? headers : { "content-type": "application/json", ...headers };
    return new Promise((done, fail) => {
      const asked = request(url, { method, headers: sent, agent: this.agent, timeout: 20_000 }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("error", fail);
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString();
          done({ status: answer.statusCode, headers: answer.headers, text });
        });
      });
      asked.on("timeout", () => asked.destroy(new Error(`${method} ${url} takes too long`)));
      asked.on("error", (error) => {
        // The service has just closed a connection that was idle: nothing was read of the request.
        const isLate = asked.reusedSocket && error.code === "ECONNRESET";
        if (isLate) this.ask(method, url, { body, headers }).then(done, fail);
        else fail(error);
      });
      asked.end(text);
    });
  }

  /** A question about a token; the decision. */
  async decide(component, token) {
    const answer = await this.ask("POST", `${this.data}/v1/decide/${component}`, { body: { token } });
    if (answer.status !== 200) throw new Error(`decide: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /** A request to the control listener with its token. */
  control(method, path, options = {}) {
    const headers = { authorization: `Bearer ${this.controlToken}`, ...options.headers };
    return this.ask(method, this.url + path, { ...options, headers });
  }

  /** The flag of a component. */
  async flag(component) {
    const answer = await this.control("GET", `/v1/flags/${component}`);
    if (answer.status !== 200) throw new Error(`flag: ${answer.status} ${answer.text}`);
    return { ...JSON.parse(answer.text), etag: answer.headers.etag };
  }

  /** Changes a flag behind everybody's back. */
  async move(component, change) {
    const { etag } = await this.flag(component);
    const options = { body: change, headers: { "if-match": etag } };
    const answer = await this.control("PUT", `/v1/flags/${component}`, options);
    if (answer.status !== 200) throw new Error(`move: ${answer.status} ${answer.text}`);
  }

  /** Gives a component at shadow a plan that stays there for so long, in the place of any other. */
  async plan(component, hours) {
    const path = `/v1/rollouts/${component}`;
    const steps = [{ stage: "shadow", hold_s: hours * 3600 }, { stage: "canary", share: 100 }];
    const { headers } = await this.control("GET", path);
    const seen = headers.etag ? { "if-match": headers.etag } : { "if-none-match": "*" };
    const answer = await this.control("PUT", path, { body: { steps, note: "somebody else" }, headers: seen });
    if (answer.status !== 200) throw new Error(`plan: ${answer.status} ${answer.text}`);
  }
}
