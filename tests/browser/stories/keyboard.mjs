// The keyboard alone.

import { check, expect, test, until } from "../registry.mjs";
import { PASSWORD } from "../service.mjs";

const TABS_MAX = 400;

/** Goes on by Tab until the focus is where it is wanted, as somebody without a mouse does. */
async function tabTo(person, about, selector) {
  for (let at = 0; at < TABS_MAX; at += 1) {
    const there = await person.page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
    if (there) return;
    await person.page.keyboard.press("Tab");
  }
  throw new Error(`${about} is not reached by Tab at ${person.page.url()}`);
}

async function press(person, key, pathname) {
  await person.page.keyboard.press(key);
  await person.page.waitForURL((url) => url.pathname === pathname);
}

test("keyboard", "one signs in, raises a share, and rolls back by the keyboard alone", async (site) => {
  const component = "http-auth-keys";
  const ada = await site.somebody();
  await ada.go("/sign-in");
  await tabTo(ada, "the name", "#name");
  await ada.page.keyboard.type("ada");
  await tabTo(ada, "the password", "#password");
  await ada.page.keyboard.type(PASSWORD);
  await press(ada, "Enter", "/");
  await tabTo(ada, "the component", `main a[href="/components/${component}"]`);
  await press(ada, "Enter", `/components/${component}`);
  await tabTo(ada, "the canary", "#move-card a[href*='to=canary']");
  await press(ada, "Enter", `/components/${component}/move`);
  await tabTo(ada, "the reason", "#note");
  await ada.page.keyboard.type("by keyboard");
  await tabTo(ada, "the button", "button.main");
  await press(ada, "Enter", `/components/${component}`);
  await until("the canary", async () => (await site.service.flag(component)).stage === "canary");
  await tabTo(ada, "the rollback", ".danger-ask > summary");
  await ada.page.keyboard.press("Enter");
  await tabTo(ada, "its reason", "#roll-back-note");
  await ada.page.keyboard.type("back by keyboard");
  await tabTo(ada, "its button", ".danger-ask button.danger");
  await ada.page.keyboard.press("Enter");
  await until("shadow", async () => (await site.service.flag(component)).stage === "shadow");
  await ada.isCalm("the keyboard");
});

test("focus", "on each page the keyboard reaches every control, and one sees where one is", async (site) => {
  const ada = await site.person("ada");
  for (const path of ["/", "/components/http-auth", "/mismatches", "/reports", "/history", "/operators"]) {
    expect(await ada.go(path), 200, path);
    // Fragments that come meanwhile would count, too.
    const { wanted, missed, unseen } = await walk(ada);
    check(missed.length === 0, `${path}: not reached of ${wanted}: ${missed.join("\n")}`);
    check(unseen.length === 0, `${path}: no visible focus on ${unseen.join("\n")}`);
  }
  await ada.isCalm("going through by Tab");
});

/** Tabs through the page once; what should have been reached, what was not, what showed no focus. */
async function walk(person) {
  await person.page.evaluate(() => {
    const all = document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, textarea");
    const reachable = (element) =>
      element.checkVisibility({ visibilityProperty: true }) && element.tabIndex >= 0 && !element.disabled
      // A group of radio buttons is one stop.
      && element.type !== "radio";
    window.__wanted = [...all].filter(reachable);
    window.__reached = new Set();
    window.__unseen = [];
    window.__steps = 0;
    document.addEventListener("focusin", ({ target }) => {
      window.__steps += 1;
      window.__reached.add(target);
      const style = getComputedStyle(target);
      if (style.outlineStyle === "none" && style.boxShadow === "none") window.__unseen.push(target.outerHTML.slice(0, 160));
    });
  });
  for (let at = 0; at < TABS_MAX; at += 1) {
    await person.page.keyboard.press("Tab");
    if (await person.page.evaluate(() => document.activeElement === document.body && window.__steps > 0)) break;
  }
  return person.page.evaluate(() => ({
    wanted: window.__wanted.length,
    missed: window.__wanted
      .filter((element) => element.isConnected && !window.__reached.has(element))
      .map((element) => element.outerHTML.slice(0, 160)),
    unseen: window.__unseen,
  }));
}
