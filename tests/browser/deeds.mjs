// What operators do with a pointer, and what must be there before they can.

import { expect, until } from "./registry.mjs";

/** Looks at what a share would do, says why, and does it. */
export async function raise(person, component, share, note) {
  const path = `/components/${component}/move?to=canary&share=${share}`;
  expect(await person.go(path), 200, "what it would do");
  await person.page.getByLabel("Why").fill(note);
  await person.page.getByRole("button", { name: /^Raise/ }).click();
  await person.page.waitForURL((url) => url.pathname === `/components/${component}`);
}

/** The red button, with its confirmation. */
export async function rollBack(person, component, note) {
  await person.go(`/components/${component}`);
  await person.page.locator("summary", { hasText: "Roll back to legacy" }).click();
  if (note) await person.page.getByLabel("Why, if there is time").fill(note);
  await person.page.getByRole("button", { name: "Roll back, now" }).click();
}

/** Waits until a component is at a stage. */
export const stands = (site, component, stage) =>
  until(`${component} at ${stage}`, async () => (await site.service.flag(component)).stage === stage);

/** Where differences are listed in which SSOT refuses what legacy lets in. */
export const differencesOf = (component) => `/mismatches?component=${component}&class=stricter`;

/** Such a difference that nobody has accepted, as soon as there is one. */
export const difference = (site, component) =>
  until(`a difference of ${component}`, async () => {
    const { text } = await site.service.control("GET", `/v1${differencesOf(component)}`);
    return JSON.parse(text).mismatches.find((each) => !each.accepted);
  });

/** Accepts a difference for a week, under a name. */
export async function accept(person, component, name) {
  await person.go(differencesOf(component));
  await person.page.locator(".differences li:not(.accepted) h2 a").first().click();
  await person.page.getByLabel("Name", { exact: true }).fill(name);
  await person.page.getByLabel("Who answers for it").fill("team identity");
  await person.page.getByLabel("For how many days").fill("7");
  await person.page.getByLabel("Why it is acceptable").fill("legacy never looked at the audience");
  await person.page.locator("summary", { hasText: /^Accept/ }).click();
  await person.page.getByRole("button", { name: "Accept, now" }).click();
}

/** What was accepted under a name, as soon as it is. */
export const accepted = (site, component, name) =>
  until(`the accepted difference ${name}`, async () => {
    const flag = await site.service.flag(component);
    return flag.accepted.find((each) => each.name === name);
  });
