// What the tests share: one service, one browser, made-up callers, signed-in operators.

import { launch, Person } from "./chromium.mjs";
import { Service, PASSWORD } from "./service.mjs";
import { Traffic } from "./traffic.mjs";

/** One of each, started together and ended together. */
export class Site {
  static async open() {
    const site = new Site();
    site.people = [];
    site.signedIn = new Map();
    try {
      site.service = await Service.start();
      site.browser = await launch();
      for (const name of Object.keys(site.service.links)) await site.#setUp(name);
      site.traffic = new Traffic(site.service);
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  /** A person opens his setup link and chooses a password, as a new operator does. */
  async #setUp(name) {
    const person = await Person.open(this.browser, this.service);
    await person.page.goto(this.service.links[name]);
    await person.page.getByLabel("Password").fill(PASSWORD);
    await person.page.getByLabel("The same again").fill(PASSWORD);
    await person.page.getByRole("button", { name: "Save and sign in" }).click();
    await person.page.waitForURL((url) => url.pathname === "/");
    await person.isCalm("setting up");
    this.signedIn.set(name, await person.cookies());
    await person.close();
  }

  /** A person who is signed in already. */
  async person(name, options = {}) {
    return this.somebody({ cookies: this.signedIn.get(name), ...options });
  }

  /** A person who has just proved who it is: it has a new session, and the old one has ended. */
  async proven(name, options = {}) {
    const person = await this.person(name, options);
    await person.prove();
    this.signedIn.set(name, await person.cookies());
    return person;
  }

  /** A person whom nobody knows. */
  async somebody(options = {}) {
    const person = await Person.open(this.browser, this.service, options);
    this.people.push(person);
    return person;
  }

  /** Releases every component that is held and not latched. */
  async release() {
    const { text } = await this.service.control("GET", "/v1/flags");
    for (const flag of JSON.parse(text).flags.filter((each) => each.hold && !each.latch)) {
      await this.service.control("POST", `/v1/flags/${flag.component}/release`, { body: { note: "over" } });
    }
  }

  /** Closes what a test has left open. */
  async tidy() {
    for (const person of this.people.splice(0)) await person.close();
  }

  async close() {
    await this.traffic?.stop();
    await this.browser?.close();
    await this.service?.stop();
  }
}
