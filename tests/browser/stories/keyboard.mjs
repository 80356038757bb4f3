// The keyboard alone: Tab, Enter, Space, the arrows, and letters where something is typed.

import { readFileSync } from "node:fs";

import { accepted, difference, differencesOf, stands } from "../deeds.mjs";
import { choose, press, TABS_MAX, tabTo, typeInto, UNSEEN } from "../keys.mjs";
import { PAGES } from "../pages.mjs";
import { check, expect, test } from "../registry.mjs";
import { PASSWORD } from "../service.mjs";

const COMPONENT = "http-auth-keys";
// Nobody else accepts anything of this one.
const DIFFERING = "socket-auth";

async function signIn(person) {
  await person.go("/sign-in");
  await typeInto(person, "the name", "#name", "ada");
  await typeInto(person, "the password", "#password", PASSWORD);
  await press(person, "Enter", "/");
}

async function raise(person, share, note) {
  await tabTo(person, "the component", `main a[href="/components/${COMPONENT}"]`);
  await press(person, "Enter", `/components/${COMPONENT}`);
  await typeInto(person, "the share", "#share", share);
  await tabTo(person, "the way to what it would do", "#move-card form button");
  await press(person, "Space", `/components/${COMPONENT}/move`);
  await typeInto(person, "the reason", "#note", note);
  await tabTo(person, "the button", "form button.main");
  await press(person, "Enter", `/components/${COMPONENT}`);
}

async function rollBack(person, note) {
  await tabTo(person, "the rollback", ".danger-ask > summary");
  await person.page.keyboard.press("Space");
  await typeInto(person, "its reason", "#roll-back-note", note);
  await tabTo(person, "its button", ".danger-ask button.danger");
  await press(person, "Enter", (url) => url.search === "?done=rolled-back");
}

async function accept(person, name) {
  await tabTo(person, "the differences", '.side a[href="/mismatches"]');
  await press(person, "Enter", "/mismatches");
  await choose(person, "the component", "#component", DIFFERING);
  await choose(person, "the class", "#class", "stricter");
  await tabTo(person, "the filter's button", ".filter button");
  await press(person, "Enter", (url) => (url.pathname + url.search).startsWith(differencesOf(DIFFERING)));
  await tabTo(person, "a difference", ".differences li:not(.accepted) h2 a");
  await press(person, "Enter", (url) => url.pathname.startsWith(`/mismatches/${DIFFERING}/`));
  await typeInto(person, "its name", "#name", name);
  await typeInto(person, "its owner", "#owner", "team identity");
  await typeInto(person, "its days", "#days", "7");
  await typeInto(person, "its reason", "#reason", "legacy never looked at the audience");
  const form = 'form[action="/mismatches/accept"]';
  await tabTo(person, "the question", `${form} summary`);
  await person.page.keyboard.press("Space");
  await tabTo(person, "the button that accepts", `${form} button.danger`);
  await press(person, "Enter", (url) => url.search === "?done=accepted");
}

async function download(person) {
  await tabTo(person, "the reports", '.side a[href="/reports"]');
  await press(person, "Enter", "/reports");
  await choose(person, "the scope", "#scope", `component:${COMPONENT}`);
  await tabTo(person, "the button that makes one", "form.wish button.main");
  await press(person, "Space", (url) => /^\/reports\/[^/]+$/.test(url.pathname));
  await tabTo(person, "the file", 'a[href$="format=markdown"]');
  const [file] = await Promise.all([person.page.waitForEvent("download"), person.page.keyboard.press("Enter")]);
  return readFileSync(await file.path(), "utf8");
}

test("keyboard", "by the keyboard alone one signs in, raises, rolls back, accepts and downloads a report", async (site) => {
  await difference(site, DIFFERING);
  const ada = await site.somebody();
  await signIn(ada);
  await raise(ada, "5", "by keyboard");
  await stands(site, COMPONENT, "canary");
  expect((await site.service.flag(COMPONENT)).share, 500, "the share that was typed");
  await rollBack(ada, "back by keyboard");
  await stands(site, COMPONENT, "shadow");
  await accept(ada, "by-keyboard");
  expect((await accepted(site, DIFFERING, "by-keyboard")).owner, "team identity", "the owner");
  const report = await download(ada);
  check(report.startsWith("# ") && report.includes(COMPONENT), `the report is ${report.slice(0, 200)}`);
  check(report.includes("back by keyboard"), "it tells of the rollback");
  await ada.isCalm("the keyboard");
});

test("focus", "on each page the keyboard reaches every control, and one sees where one is", async (site) => {
  const ada = await site.person("ada");
  for (const path of PAGES) {
    expect(await ada.go(path), 200, path);
    const { wanted, missed, unseen } = await walk(ada);
    check(missed.length === 0, `${path}: not reached of ${wanted}: ${missed.join("\n")}`);
    check(unseen.length === 0, `${path}: focus that does not show: ${unseen.join("\n")}`);
  }
  await ada.isCalm("going through by Tab");
});

/** Tabs through the page once; what should have been reached, what was not, what showed no focus. */
async function walk(person) {
  await person.page.evaluate(`window.__unseenBecause = ${UNSEEN}`);
  await person.page.evaluate(() => {
    const all = document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, textarea");
    const reachable = (element) =>
      element.checkVisibility({ visibilityProperty: true }) && element.tabIndex >= 0 && !element.disabled
      // A group of radio buttons is one stop.
      && element.type !== "radio";
    window.__wanted = [...all].filter(reachable);
    window.__reached = new Set();
    window.__steps = 0;
    document.addEventListener("focusin", ({ target }) => {
      window.__steps += 1;
      window.__reached.add(target);
    });
  });
  const unseen = [];
  for (let at = 0; at < TABS_MAX; at += 1) {
    await person.page.keyboard.press("Tab");
    const [isOver, fault] = await person.page.evaluate(() => {
      const { activeElement, body } = document;
      const isOver = activeElement === body && window.__steps > 0;
      return [isOver, isOver || activeElement === body ? "" : window.__unseenBecause(activeElement)];
    });
    if (fault) unseen.push(fault);
    if (isOver) break;
  }
  const left = await person.page.evaluate(() => ({
    wanted: window.__wanted.length,
    missed: window.__wanted
      // Fragments that come meanwhile take the place of others.
      .filter((element) => element.isConnected && !window.__reached.has(element))
      .map((element) => element.outerHTML.slice(0, 160)),
  }));
  return { ...left, unseen };
}
