// Debian's Chromium, and one person in it.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { check, until } from "./registry.mjs";
import { PASSWORD, ROOT } from "./service.mjs";

const packages = process.env.BROWSER_PACKAGES ?? join(ROOT, "target/browser");
const require = createRequire(join(packages, "package.json"));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** Longest wait for anything in a page. */
export const PATIENCE_MS = 15_000;

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The browser; nothing in it leaves the machine. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
    timeout: 60_000,
  });
}

/** A person with a browser window of his own, who hears everything it complains about. */
export class Person {
  static async open(browser, service, { script = true, dark = false, width = 1280, cookies = [] } = {}) {
    const context = await browser.newContext({
      baseURL: service.url,
      javaScriptEnabled: script,
      colorScheme: dark ? "dark" : "light",
      reducedMotion: "reduce",
      viewport: { width, height: width < 600 ? 844 : 900 },
      acceptDownloads: true,
    });
    await context.addCookies(cookies);
    context.setDefaultTimeout(PATIENCE_MS);
    const person = new Person();
    Object.assign(person, { context, service, complaints: [], bytes: 0, refused: new Set() });
    person.page = await context.newPage();
    person.#listen();
    return person;
  }

  #listen() {
    const { page, complaints } = this;
    page.on("response", (response) => {
      if (response.status() >= 400 && response.request().isNavigationRequest()) this.refused.add(response.url());
    });
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      // A page that says no has a status that says no, and Chromium mentions that.
      const isRefusal = message.text().startsWith("Failed to load resource") && this.refused.has(message.location().url);
      if (!isRefusal) complaints.push(`${page.url()}: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
    page.on("dialog", (dialog) => {
      complaints.push(`${page.url()}: a dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    page.on("requestfinished", async (request) => {
      const sizes = await request.sizes().catch(() => undefined);
      if (sizes) this.bytes += sizes.responseBodySize + sizes.responseHeadersSize;
    });
  }

  /** Opens a page of the service, again while it is still being put together; its status. */
  async go(path) {
    return until(`all of ${path}`, async () => {
      const response = await this.page.goto(path, { waitUntil: "load" });
      const isBeingMade = (await this.page.locator("[data-again]").count()) > 0;
      return !isBeingMade && response.status();
    });
  }

  /** Signs in with the password that every operator of the tests has. */
  async signIn(name) {
    await this.go("/sign-in");
    await this.page.getByLabel("Name", { exact: true }).fill(name);
    await this.page.getByLabel("Password").fill(PASSWORD);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.waitForURL((url) => url.pathname !== "/sign-in");
  }

  /** Shows once more who it is: some things ask for that after a few minutes. */
  async prove() {
    await this.go("/prove?next=/account");
    await this.page.getByLabel("Password").fill(PASSWORD);
    await this.page.getByRole("button", { name: "Confirm" }).click();
    await this.page.waitForURL((url) => url.pathname === "/account");
  }

  cookies() {
    return this.context.cookies();
  }

  /** Fails when anything hostile has run, or the browser has complained. */
  async isCalm(about) {
    if (this.context.pages().length > 0 && this.page.url() !== "about:blank") {
      const pwned = await this.page.evaluate(() => window.__pwned ?? null).catch(() => null);
      check(pwned === null, `${about}: something hostile ran at ${this.page.url()}`);
    }
    check(this.complaints.length === 0, `${about}: the browser complains: ${this.complaints.join("\n")}`);
  }

  /** What axe-core finds wrong with the page, in words. */
  async faults() {
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate(
      (rules) => window.axe.run(document, { runOnly: rules, resultTypes: ["violations"] }),
      RULES,
    );
    return found.violations.map(({ id, help, nodes }) => {
      const places = nodes.slice(0, 4).map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`);
      return `${id}: ${help} (${nodes.length})\n    ${places.join("\n    ")}`;
    });
  }

  /** The text of a part of the page. */
  text(selector = "main") {
    return this.page.locator(selector).innerText();
  }

  /** Waits until the text of a part of the page fulfils a condition. */
  async sees(about, holds, selector = "main") {
    return until(about, async () => {
      const text = await this.text(selector);
      return holds(text) && text;
    });
  }

  async close() {
    await this.context.close();
  }
}
